//! The ledger of effects, read.

use claim_domain::effect::{EffectFamily, EffectKind, EffectState};
use claim_domain::ids::{ClaimId, CustomerId, EffectId, EngagementId, PartnerId};
use claim_domain::time::Instant;
use claim_journal::{PartitionId, Position};
use claim_projector::{
    Columns, Projector, QueryError, Snapshot, StoreError, Value, column, instant, params, position,
    read_json, read_text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fold::Referral;

/// One effect, intended by one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerEntry {
    /// Its id, the key outside.
    pub effect: EffectId,
    /// The claim.
    pub claim: ClaimId,
    /// The type of the intending event.
    pub kind: EffectKind,
    /// How many events of that type the claim had before.
    pub number: u32,
    /// Who performs it.
    pub family: EffectFamily,
    /// The claim's customer.
    pub customer: CustomerId,
    /// The claim's partner.
    pub partner: PartnerId,
    /// The claim's engagement.
    pub engagement: EngagementId,
    /// What became of it.
    #[serde(flatten)]
    pub state: EffectState,
    /// The greatest number of a try that was reported; 0: none was.
    pub attempts: u32,
    /// The newest failure, also after a retry was asked for.
    pub last_error: Option<String>,
    /// When it was intended.
    pub intended_at: Instant,
    /// The decision that intended it.
    pub intended: Position,
    /// When it last changed.
    pub updated_at: Instant,
    /// The decision that changed it.
    pub position: Position,
}

impl LedgerEntry {
    /// The number of the next try, from 1. A result is reported under the command id `effect.result(attempt)`.
    #[must_use]
    pub fn next_attempt(&self) -> u32 {
        self.attempts.saturating_add(1)
    }
}

/// The states an effect can be in, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// To be done.
    Due,
    /// Of imported history: not to be done until an operator says so.
    Held,
    /// The tries ended.
    Failed,
    /// Answered for good.
    Done,
}

impl StateName {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }

    /// The name of the state.
    #[must_use]
    pub fn of(state: &EffectState) -> Self {
        match state {
            EffectState::Due => Self::Due,
            EffectState::Held => Self::Held,
            EffectState::Failed { .. } => Self::Failed,
            EffectState::Done { .. } => Self::Done,
        }
    }
}

/// The name of a family in JSON.
pub(crate) fn family_name(family: EffectFamily) -> &'static str {
    match family {
        EffectFamily::Referral => "referral",
        EffectFamily::CoSell => "co_sell",
        EffectFamily::Closing => "closing",
        EffectFamily::Mail => "mail",
    }
}

/// Which effects to list, oldest intent first; everything given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EffectsQuery {
    /// In this state.
    pub state: Option<StateName>,
    /// Performed by these.
    pub family: Option<EffectFamily>,
    /// Of this kind.
    pub kind: Option<EffectKind>,
    /// Of this claim.
    pub claim: Option<ClaimId>,
    /// Of claims of this partner.
    pub partner: Option<PartnerId>,
    /// Intended by decisions of this partition: all that its leader performs.
    pub partition: Option<PartitionId>,
    /// The most to list; none: all.
    pub limit: Option<u32>,
    /// The last effect of the page before.
    pub after: Option<EffectId>,
}

/// Lists effects.
///
/// # Errors
/// [`QueryError::NotAPageCursor`] when `after` is no effect, [`QueryError::Outdated`], or [`QueryError::Store`] when the
/// file cannot be read.
pub fn effects(snapshot: &Snapshot<'_>, query: &EffectsQuery) -> Result<Vec<LedgerEntry>, QueryError> {
    snapshot.require(Referral::NAME, Referral::VERSION)?;
    let mut wanted: Vec<(&str, String)> = Vec::new();
    wanted.extend(query.state.map(|it| ("state = {}", it.as_str().to_owned())));
    wanted.extend(query.family.map(|it| ("family = {}", family_name(it).to_owned())));
    wanted.extend(query.kind.map(|it| ("kind = {}", it.as_str().to_owned())));
    wanted.extend(query.claim.map(|it| ("claim = {}", it.to_string())));
    wanted.extend(query.partner.as_ref().map(|it| ("partner = {}", it.to_string())));
    wanted.extend(query.partition.map(|it| ("intended_partition = {}", it.to_string())));
    if let Some(after) = query.after {
        if effect(snapshot, after)?.is_none() {
            return Err(QueryError::NotAPageCursor);
        }
        let beyond =
            "(intended_at_ms, effect) > (SELECT intended_at_ms, effect FROM effects WHERE effect = {})";
        wanted.push((beyond, after.to_string()));
    }
    let mut sql = "SELECT * FROM effects".to_owned();
    let mut params: Vec<Value<'_>> = Vec::new();
    for (condition, value) in wanted {
        let and = if params.is_empty() { "WHERE" } else { "AND" };
        params.push(value.into());
        let condition = condition.replace("{}", &format!("?{}", params.len()));
        sql.push_str(&format!(" {and} {condition}"));
    }
    sql.push_str(" ORDER BY intended_at_ms, effect");
    if let Some(most) = query.limit {
        params.push(most.into());
        sql.push_str(&format!(" LIMIT ?{}", params.len()));
    }
    Ok(select(snapshot, &sql, params)?)
}

/// One effect.
///
/// # Errors
/// [`QueryError::Outdated`], or [`QueryError::Store`] when the file cannot be read.
pub fn effect(snapshot: &Snapshot<'_>, id: EffectId) -> Result<Option<LedgerEntry>, QueryError> {
    snapshot.require(Referral::NAME, Referral::VERSION)?;
    let found = select(snapshot, "SELECT * FROM effects WHERE effect = ?1", params![id.to_string()])?;
    Ok(found.into_iter().next())
}

fn select<'a>(
    snapshot: &Snapshot<'_>,
    sql: &str,
    params: impl AsRef<[Value<'a>]>,
) -> Result<Vec<LedgerEntry>, StoreError> {
    snapshot.query("reading the ledger of effects", sql, params, read)
}

fn read(row: &Columns<'_>) -> Result<LedgerEntry, StoreError> {
    let text = |name: &str| column::<String>(row, name);
    let kind: EffectKind = read_json("a kind of effect", &format!("\"{}\"", text("kind")?))?;
    let sequence: i64 = column(row, "intended_sequence")?;
    Ok(LedgerEntry {
        effect: EffectId(read_text("an effect id", &text("effect")?)?),
        claim: read_text("a claim id", &text("claim")?)?,
        kind,
        number: column(row, "number")?,
        family: kind.family(),
        customer: CustomerId(read_text("a customer id", &text("customer")?)?),
        partner: read_text("a partner id", &text("partner")?)?,
        engagement: read_text("an engagement id", &text("engagement")?)?,
        state: read_json("the state of an effect", &text("outcome")?)?,
        attempts: column(row, "attempts")?,
        last_error: column(row, "last_error")?,
        intended_at: instant(row, "intended_at_ms")?,
        intended: Position {
            partition: read_text("a partition", &text("intended_partition")?)?,
            sequence: u64::try_from(sequence).unwrap_or(0),
        },
        updated_at: instant(row, "updated_at_ms")?,
        position: position(row)?,
    })
}
