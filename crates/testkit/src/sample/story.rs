//! One claim, step by step: each step is a line, and the story keeps what later steps need to know.

use std::collections::BTreeMap;

use crate::sample::asker::{self, Asker};
use crate::sample::at::At;
use crate::sample::command::{self, Command, Effect, Result as Answer};
use crate::sample::customer::{Customer, uuid};
use crate::sample::draft::Missing;
use crate::sample::engagement::{Engagement, Terms};
use crate::sample::line::{Expect, Line};
use crate::sample::opening::Opening;
use crate::sample::partner::Partner;
use crate::sample::rng::Rng;

/// Nothing of ordinary traffic is received later; what is still open then stays open.
pub(crate) const TRAFFIC_ENDS: At = At::on(10, 20, 18, 0);

/// How far the referral of a claim has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Referral {
    None,
    Intended,
    Created,
    UpgradeIntended,
    Upgraded,
    NotUpgraded,
}

/// One claim and what happens to it.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) name: String,
    /// When the next step happens.
    pub(crate) at: At,
    /// When the claim was created.
    pub(crate) created_at: At,
    /// When the customer agreed.
    pub(crate) consented_at: Option<At>,
    pub(crate) partner: Partner,
    pub(crate) user: Asker,
    pub(crate) customer: Customer,
    pub(crate) engagement: Engagement,
    /// The terms under which the claim was made.
    pub(crate) terms: Terms,
    /// The claim, as commands name it.
    pub(crate) claim: String,
    /// The id of the command that created it.
    pub(crate) opened_by: String,
    pub(crate) referral: Referral,
    /// The revision of the contacts.
    pub(crate) revision: i64,
    /// How many mails of each kind were intended.
    pub(crate) mails: BTreeMap<&'static str, i64>,
    /// How many steps there were.
    pub(crate) steps: i64,
    /// Nothing is said later.
    pub(crate) ends_at: At,
    pub(crate) rng: Rng,
    pub(crate) lines: Vec<Line>,
}

impl Story {
    /// The story of one engagement of an opening.
    pub(crate) fn after(
        opening: &Opening,
        engagement: &Engagement,
        lines: Vec<Line>,
    ) -> Result<Self, Missing> {
        let terms =
            engagement.terms(opening.at).ok_or_else(|| format!("{} has no terms yet", engagement.id))?;
        let name = format!("{}/{}", opening.name, engagement.id);
        Ok(Self {
            at: opening.at.minutes(10),
            created_at: opening.at,
            consented_at: None,
            partner: opening.partner,
            user: opening.user.clone(),
            customer: opening.customer.clone(),
            terms: terms.clone(),
            engagement: engagement.clone(),
            claim: format!("@{}/{}", opening.id(), engagement.id),
            opened_by: opening.id(),
            referral: Referral::None,
            revision: 1,
            mails: BTreeMap::new(),
            steps: 0,
            ends_at: TRAFFIC_ENDS,
            rng: Rng::named(&name),
            name,
            lines,
        })
    }

    /// The same story, told after the end of ordinary traffic.
    pub(crate) fn late(self) -> Self {
        Self { ends_at: At::on(12, 31, 0, 0), ..self }
    }

    /// Someone asks for something, and some minutes pass.
    pub(crate) fn say(&mut self, asker: Asker, command: Command, expect: Expect) {
        if self.at > self.ends_at {
            return;
        }
        self.steps += 1;
        let name = format!("{}/{}", self.name, self.steps);
        self.lines.push(Line::new(self.at, &name, asker, command, expect));
        self.at = self.at.ms(self.rng.between(45_123, 600_000));
    }

    /// The partner asks.
    pub(crate) fn partner_says(&mut self, command: Command) {
        self.say(self.user.clone(), command, Expect::Accepted);
    }

    /// The partner asks and is refused.
    pub(crate) fn partner_is_refused(&mut self, command: Command, code: &'static str) {
        self.say(self.user.clone(), command, Expect::Refused(code));
    }

    /// The customer asks.
    pub(crate) fn customer_says(&mut self, command: Command, expect: Expect) {
        let reference = uuid(&format!("{} link {}", self.name, self.revision)).simple().to_string();
        self.say(asker::customer(&reference), command, expect);
    }

    /// A reviewer asks; a claim always meets the same one.
    pub(crate) fn reviewer_says(&mut self, command: Command, expect: Expect) {
        let reviewer = format!("rv-{}", self.customer.number % 4 + 1);
        self.say(asker::reviewer(&reviewer), command, expect);
    }

    /// The operator asks.
    pub(crate) fn operator_says(&mut self, command: Command, expect: Expect) {
        self.say(asker::operator(), command, expect);
    }

    /// The importer reports what became of an effect.
    pub(crate) fn importer_says(&mut self, effect: Effect, attempt: i64, answer: Answer<'_>, expect: Expect) {
        let command = command::result(&self.claim, effect, attempt, answer);
        self.say(asker::service("importer"), command, expect);
    }

    /// The last line once more, word for word, some minutes later: a retry, answered as before.
    pub(crate) fn repeat_last(&mut self) {
        if self.at > self.ends_at {
            return;
        }
        if let Some(line) = self.lines.last().map(|it| it.again(self.at)) {
            self.lines.push(line);
            self.at = self.at.minutes(3);
        }
    }

    /// So many days pass, then it is working time.
    pub(crate) fn wait_days(&mut self, least: i64, most: i64) {
        self.wait_hours(least * 24, most * 24);
    }

    /// So many hours pass, then it is working time.
    pub(crate) fn wait_hours(&mut self, least: i64, most: i64) {
        self.at = self.at.ms(self.rng.between(least * 3_600_000, most * 3_600_000)).working();
    }
}
