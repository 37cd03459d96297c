//! Which rules decided: by number, as `RULES.md` has them.

use claim_domain::command::CommandType;
use claim_domain::event::Event;
use claim_domain::refusal::Refusal;
use claim_domain::terms::{LocationsMode, Pay, Terms};

/// Who may give any command, and for which locations.
const WHO: [&str; 2] = ["A-75", "R-020"];

/// The rules of an accepted command or a deadline, of those of its events that are about the claim.
pub(super) fn of_event(event: &Event, terms: Option<&Terms>) -> Vec<&'static str> {
    let mut rules = by_type(event).to_vec();
    if let (Event::CustomerAdded(_) | Event::CustomerClaimed(_), Some(terms)) = (event, terms) {
        rules.extend(WHO);
        rules.extend(of_terms(terms));
    }
    if let Event::CustomerAdded(it) = event {
        rules.extend(it.mismatch_reason.as_ref().map(|_| "R-033"));
        rules.extend(it.tenant.as_ref().map(|_| "R-027"));
    }
    rules
}

/// What terms of this kind ask of a new claim.
fn of_terms(terms: &Terms) -> Vec<&'static str> {
    let pay: &[_] = match terms.pay {
        Pay::Fixed => &["R-022", "A-54"],
        Pay::Variable => &["R-025", "R-036", "R-039", "R-044", "A-29", "A-54"],
    };
    let criteria: &[_] = if terms.criteria.is_some() { &["R-007", "A-61"] } else { &[] };
    let locations: &[_] = match terms.locations {
        LocationsMode::AllEnrolled => &[],
        LocationsMode::Recorded => &["A-51"],
    };
    [pay, criteria, locations].concat()
}

fn by_type(event: &Event) -> &'static [&'static str] {
    match event {
        Event::CustomerAdded(_) => {
            &["R-016", "R-018", "R-023", "A-03", "R-008", "A-04", "A-53", "R-060", "A-15"]
        }
        Event::CustomerClaimed(_) => {
            &["R-051", "R-052", "R-058", "A-45", "A-03", "R-008", "A-04", "A-53", "R-060", "A-15"]
        }
        Event::ConsentRequested(_) => &["R-063", "R-065", "R-068", "R-069", "A-49"],
        Event::ConsentReminderRequested(_) => &["R-070", "R-071", "A-48"],
        Event::CustomerConsentReceived(_) => &["R-076", "A-47", "R-075", "A-30"],
        Event::CustomerConsentDeclined(_) => &["R-076", "A-47", "A-16"],
        Event::CustomerConsentExpired(_) => &["R-060", "R-073", "A-16", "A-30", "A-58"],
        Event::ClaimCanceled(_) => &["D-08"],
        Event::ProofUploaded(_) => &["D-01", "A-50"],
        Event::CustomerSurveyRequested(_) | Event::CustomerSurveyCompleted(_) => &["D-02", "A-78"],
        Event::PartnerSurveyCompleted(_) => &["D-03", "A-78"],
        Event::ContactsUpdated(_) => &["A-34", "A-46", "A-68"],
        Event::CommentAdded(_) => &["D-04", "A-42"],
        Event::ClaimSubmitted(_) => &["D-01", "D-04", "R-075", "A-78"],
        Event::ClaimNotSubmittedExpired(_) => &["R-075", "D-05", "A-30", "A-58"],
        Event::ReviewStarted(_) => &["A-31"],
        Event::PartnerActionRequested(_) | Event::ClaimResubmitted(_) => &["D-06", "A-30"],
        Event::ClaimPostSubmissionExpired(_) => &["A-30", "A-31", "A-32", "A-58"],
        Event::ClaimApproved(_) => &["D-07", "A-18"],
        Event::ClaimRejected(_) | Event::ClaimDisputed(_) => &["D-09", "A-30"],
        Event::DisputeSubmitted(_) => &["D-10", "A-30"],
        Event::ClaimDisputeExpired(_) => &["D-09", "A-30", "A-32", "A-58"],
        Event::ClaimRejectedFinal(_) => &["D-10"],
        Event::PaymentRecorded(_) => &["D-07", "A-56"],
        Event::ReferralConditionsMet(_) | Event::ReferralConditionsNotMet(_) => &["R-078", "A-24"],
        Event::PartnerLedReferralIntended(_) => &["R-079", "A-23"],
        Event::PartnerLedReferralCreated(_) => &["R-080", "A-71"],
        Event::PartnerLedReferralFailed(_) => &["R-086", "A-71"],
        Event::CoSellConditionsNotMet(_) | Event::CoSellUpgradeIntended(_) => &["R-083", "A-24", "A-55"],
        Event::CoSellUpgraded(_) => &["R-084", "A-71"],
        Event::CoSellUpgradeDeclined(_) | Event::CoSellUpgradeFailed(_) => &["R-086", "A-71"],
        Event::ReferralClosingIntended(_) => &["A-27", "A-70"],
        Event::ReferralClosed(_) => &["A-27", "A-71"],
        Event::MailDispatched(_) | Event::MailFailed(_) | Event::MailBounced(_) => &["A-71"],
        Event::EffectRetryRequested(_) => &["A-71"],
        Event::CustomerFactsRecorded(_) => &["A-61", "A-73"],
        Event::IdentityConflictSeen(_) => &["A-43"],
        Event::EngagementPublished(_)
        | Event::EngagementRetired(_)
        | Event::LocationEnrolled(_)
        | Event::LocationSuspended(_)
        | Event::PartnerEligibilityRecorded(_) => &["A-77"],
    }
}

/// The rule by which an accepted command has nothing to add.
pub(super) fn of_nothing_new(command: CommandType) -> &'static str {
    match command {
        CommandType::CustomerAccepted | CommandType::CustomerDeclined => "A-39",
        CommandType::RecordPayment => "A-56",
        CommandType::CompleteCustomerSurvey | CommandType::CompletePartnerSurvey => "A-78",
        CommandType::RecordCustomerFacts => "A-61",
        CommandType::PublishEngagement
        | CommandType::RetireEngagement
        | CommandType::EnrollLocation
        | CommandType::SuspendLocation
        | CommandType::RecordPartnerEligibility => "A-77",
        _ => "A-71",
    }
}

/// The rules of a refusal, and the one by which it wins over others.
pub(super) fn of_refusal(refusal: &Refusal) -> Vec<&'static str> {
    let entry = Refusal::TABLE.iter().find(|it| it.code == refusal.code());
    entry.into_iter().flat_map(|it| it.rules.split(", ")).chain(["A-57"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_has_a_text() {
        let named = CommandType::ALL.iter().map(|it| of_nothing_new(*it));
        for number in named.chain(WHO) {
            assert!(claim_domain::rule::text(number).is_some(), "{number}");
        }
    }
}
