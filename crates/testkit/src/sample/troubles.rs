//! Eight days of troubles after the ordinary traffic, a day for each kind.

use crate::sample::asker;
use crate::sample::at::At;
use crate::sample::command;
use crate::sample::customer::Source;
use crate::sample::desk::{Desk, contoso};
use crate::sample::draft::{Missing, Sample};
use crate::sample::line::{Content, Expect, Line, envelope, id};
use crate::sample::story::TRAFFIC_ENDS;
use crate::sample::{problems, refused_effects, refused_openings, refused_records, refused_steps};

/// Tells all of it.
pub(crate) fn tell(sample: &mut Sample) -> Result<(), Missing> {
    without_a_time(sample)?;
    after_months(sample);
    let morning = |day| At::on(10, day, 8, 0);
    refused_openings::tell(&mut Desk { sample, at: morning(21) })?;
    refused_steps::tell(&mut Desk { sample, at: morning(23) })?;
    refused_effects::tell(&mut Desk { sample, at: morning(26) })?;
    refused_records::tell(&mut Desk { sample, at: morning(27) })?;
    problems::tell(&mut Desk { sample, at: morning(28) })
}

/// The first line of a file may leave its time out: then the newest time given counts (CONTRACT §1).
fn without_a_time(sample: &mut Sample) -> Result<(), Missing> {
    let at = TRAFFIC_ENDS.ms(1);
    let customer = sample.fresh(|it| it.source == Source::Upstream && it.tpid.is_some())?;
    let mut desk = Desk { sample, at };
    let nomination = desk.opening("without a time", contoso(), &customer).nomination("tpid")?;
    let facts = customer.facts.json();
    let command = command::record_customer_facts(&nomination, facts, At::on(10, 1, 0, 0), "account system");
    let text =
        envelope(&id("desk/without a time"), &asker::service("account-facts"), &command, None).to_string();
    sample.take(vec![Line::text(at, text, Expect::Accepted)]);
    Ok(())
}

/// A retry is answered as before, however long ago that was (F-25).
fn after_months(sample: &mut Sample) {
    let is_add =
        |it: &&Line| matches!(&it.content, Content::Command { command, .. } if command.kind == "AddCustomer");
    let first = sample.lines.iter().filter(is_add).min_by_key(|it| it.at);
    if let Some(again) = first.map(|it| it.again(At::on(10, 20, 19, 0))) {
        sample.take(vec![again]);
    }
}
