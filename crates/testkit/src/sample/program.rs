//! The program: engagements, locations and eligibility, and how they change over the year.

use crate::sample::asker;
use crate::sample::asker::Asker;
use crate::sample::at::At;
use crate::sample::command::{self, Command};
use crate::sample::draft::Sample;
use crate::sample::engagement::START;
use crate::sample::line::{Content, Expect, Line};
use crate::sample::partner::PARTNERS;

/// Tells all of it.
pub(crate) fn tell(sample: &mut Sample) {
    let mut lines = engagements(sample);
    lines.extend(locations());
    lines.extend(eligibility());
    lines.extend(unchanged(sample));
    sample.take(lines);
}

fn line(at: At, name: &str, asker: Asker, command: Command) -> Line {
    Line::new(at, &format!("program/{name}"), asker, command, Expect::Accepted)
}

/// The whole list was published in one go: only its first line says when.
fn by_default(line: Line) -> Line {
    match line.content {
        Content::Command { id, asker, command, .. } => {
            Line { content: Content::Command { id, asker, command, by_default: true }, ..line }
        }
        Content::Text(_) => line,
    }
}

fn engagements(sample: &Sample) -> Vec<Line> {
    let mut lines = Vec::new();
    for engagement in &sample.engagements {
        let id = engagement.id;
        for (version, terms) in engagement.versions.iter().enumerate() {
            let command = command::publish_engagement(id, terms.json());
            let name = format!("publish {id} {version}");
            lines.push(by_default(line(terms.published_at, &name, asker::operator(), command)));
        }
        if let Some(at) = engagement.retired_at {
            lines.push(line(at, &format!("retire {id}"), asker::operator(), command::retire_engagement(id)));
        }
    }
    lines
}

fn locations() -> Vec<Line> {
    let mut lines = Vec::new();
    for partner in PARTNERS {
        for location in partner.locations {
            let command = command::enroll_location(partner.id, location.id, location.until);
            // Who comes later enrolls itself, the first ones were enrolled by the operator.
            let asker = if location.enrolled_at == START { asker::operator() } else { partner.admin() };
            lines.push(by_default(line(
                location.enrolled_at,
                &format!("enroll {}", location.id),
                asker,
                command,
            )));
            if let Some(at) = location.suspended_at {
                let command = command::suspend_location(partner.id, location.id);
                lines.push(line(at, &format!("suspend {}", location.id), partner.admin(), command));
            }
        }
    }
    lines
}

/// Which locations may work on engagements that ask for a record.
fn eligibility() -> Vec<Line> {
    let mut lines = Vec::new();
    for partner in PARTNERS {
        for location in partner.locations {
            let Some((eligible, until)) = location.recorded else { continue };
            let record = |eligible: bool, reason: Option<&str>| {
                command::record_partner_eligibility(
                    partner.id,
                    location.id,
                    "data-small-2026",
                    eligible,
                    reason,
                )
            };
            let reason = (!eligible).then_some("No certified data engineer works here.");
            let name = format!("eligibility {}", location.id);
            lines.push(line(START.days(1), &name, asker::operator(), record(eligible, reason)));
            if let Some(at) = until {
                let ended = record(false, Some("The certificate has lapsed."));
                lines.push(line(at, &format!("{name} ends"), asker::operator(), ended));
            }
        }
    }
    lines
}

/// Commands that change nothing are accepted without events.
fn unchanged(sample: &Sample) -> Vec<Line> {
    let mut lines = Vec::new();
    let at = At::on(3, 2, 9, 30);
    let terms =
        sample.engagements.iter().find(|it| it.id == "data-small-2026").and_then(|it| it.versions.first());
    if let Some(terms) = terms {
        let command = command::publish_engagement("data-small-2026", terms.json());
        lines.push(line(at, "publish the same terms", asker::operator(), command));
    }
    let again = command::retire_engagement("copilot-workshop-2025");
    lines.push(line(At::on(4, 2, 9, 0), "retire once more", asker::operator(), again));
    if let Some(partner) = PARTNERS.first() {
        let command = command::enroll_location(partner.id, "loc-1001", None);
        lines.push(line(at.minutes(5), "enroll once more", partner.admin(), command));
    }
    lines
}
