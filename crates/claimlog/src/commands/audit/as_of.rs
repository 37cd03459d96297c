//! `audit as-of`: a claim, or a view, as it was.

use anyhow::{Result, anyhow, bail};
use claim_audit::{AsOfError, Moment, Past};
use claim_domain::ids::ClaimId;
use claim_journal::Offsets;
use claim_log_embedded::EmbeddedReader;
use claim_server::{Opener, shape};
use serde_json::{Value, json};

use crate::cli::audit::PastOf;
use crate::cli::{Global, View};
use crate::commands::{claim, view};
use crate::exit::Status;
use crate::output;
use crate::reading::{self, Clock};
use crate::views::definitions;

/// Runs `audit as-of`.
///
/// # Errors
/// When the moment is none of this journal, or there was no such claim or engagement.
pub(super) fn run(global: &Global, moment: &Moment, what: &PastOf) -> Result<Status> {
    let log = EmbeddedReader::open(global.data())?;
    let clock = Clock::of(&log)?;
    if let Moment::Time(at) = moment {
        let now = clock.now(&log)?;
        if *at > now {
            bail!("{at} is still to come: here it is {now}");
        }
    }
    let id = match what {
        PastOf::Claim { id } => Some(*id),
        PastOf::View(_) => None,
    };
    let bar = output::progress("folding the past", None);
    let past = claim_audit::as_of(&log, Offsets::Positions, definitions(), moment, id, &mut |records| {
        bar.set_position(records);
    });
    bar.finish_and_clear();
    let past = past.map_err(|error| match error {
        AsOfError::Project(it) => it.into(),
        AsOfError::Log(it) => it.into(),
        none @ (AsOfError::BeyondEnd { .. } | AsOfError::NeverStood { .. }) => anyhow::Error::from(none),
    })?;
    let opener = Opener::new(reading::keys(global)?);
    if !global.json {
        clock.announce();
        eprintln!("as of {moment}; it was {}", past.at);
    }
    match what {
        PastOf::Claim { id } => of_claim(global, moment, &past, &opener, *id)?,
        PastOf::View(args) => of_view(global, moment, &past, &opener, args)?,
    }
    Ok(Status::Done)
}

fn of_claim(global: &Global, moment: &Moment, past: &Past, opener: &Opener, id: ClaimId) -> Result<()> {
    let snapshot = past.views.snapshot()?;
    let claim = shape::claim(&snapshot, opener, id)?
        .ok_or_else(|| anyhow!("claim_not_found: there was no claim {id} as of {moment}"))?;
    if global.json { output::json(&dated(claim, moment, past)) } else { claim::print(id, &claim) }
}

fn of_view(global: &Global, moment: &Moment, past: &Past, opener: &Opener, args: &View) -> Result<()> {
    let snapshot = past.views.snapshot()?;
    let (page, names) = view::page(&snapshot, opener, args, past.at)?;
    if global.json {
        output::json(&dated(shape::page_with_names(&page, &names)?, moment, past))
    } else {
        view::print(&page, &names, args)
    }
}

/// The answer with the moment that was asked for, and what time it was then.
fn dated(mut answer: Value, moment: &Moment, past: &Past) -> Value {
    answer["as_of"] = json!(moment);
    answer["at"] = json!(past.at);
    answer
}
