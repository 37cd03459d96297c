//! The state machine as a table: every row of DOMAIN §4, and every status against every command of a claim.

use super::given::*;
use crate::claim::{Group, Origin, Status, Status::*};
use crate::command::CommandType;
use crate::refusal::Refusal;

/// A row: its number, where it starts, what comes, the event, where it leads.
type Row = (u8, &'static [Status], fn() -> Ask, &'static str, Option<Status>);

/// Rows 3 to 21 without the deadlines; `None` leads back to where it started.
const ROWS: &[Row] = &[
    (3, &[CustomerClaimed], send_consent, "ConsentRequested", Some(AwaitingConsent)),
    (4, &[AwaitingConsent], remind_next_day, "ConsentReminderRequested", None),
    (5, &[AwaitingConsent], customer_accepted, "CustomerConsentReceived", Some(ConsentReceived)),
    (6, &[AwaitingConsent], customer_declined, "CustomerConsentDeclined", Some(ConsentDeclined)),
    (8, &[CustomerClaimed, AwaitingConsent, ConsentReceived], cancel_claim, "ClaimCanceled", Some(Canceled)),
    (9, WORK, upload_proof, "ProofUploaded", None),
    (9, WORK, send_customer_survey, "CustomerSurveyRequested", None),
    (9, WORK, complete_customer_survey, "CustomerSurveyCompleted", None),
    (9, WORK, complete_partner_survey, "PartnerSurveyCompleted", None),
    (9, CONTACTS, update_contacts, "ContactsUpdated", None),
    (9, OPEN, add_comment, "CommentAdded", None),
    (10, &[ConsentReceived], submit_claim, "ClaimSubmitted", Some(Submitted)),
    (12, &[Submitted], start_review, "ReviewStarted", Some(UnderReview)),
    (13, &[UnderReview], request_partner_action, "PartnerActionRequested", Some(PartnerActionRequired)),
    (14, &[PartnerActionRequired], resubmit_claim, "ClaimResubmitted", Some(Submitted)),
    (16, &[UnderReview], approve_claim, "ClaimApproved", Some(Approved)),
    (17, &[UnderReview], reject_claim, "ClaimRejected", Some(Rejected)),
    (18, &[Rejected], dispute_claim, "ClaimDisputed", Some(Disputed)),
    (19, &[Disputed], submit_dispute, "DisputeSubmitted", Some(Submitted)),
];

const WORK: &[Status] = &[ConsentReceived, PartnerActionRequired, Disputed];
const CONTACTS: &[Status] =
    &[CustomerClaimed, AwaitingConsent, ConsentReceived, PartnerActionRequired, Disputed];
const OPEN: &[Status] = &[
    CustomerClaimed,
    AwaitingConsent,
    ConsentReceived,
    Submitted,
    UnderReview,
    PartnerActionRequired,
    Rejected,
    Disputed,
];

fn remind_next_day() -> Ask {
    resend_consent().days_later(1)
}

/// Statuses of a claim that consent was given for, in the histories of the kit.
const AGREED: &[Status] = &[
    ConsentReceived,
    NotSubmittedExpired,
    Submitted,
    UnderReview,
    PartnerActionRequired,
    PostSubmissionExpired,
    Approved,
    Rejected,
    Disputed,
    DisputedExpired,
    RejectedFinal,
];

#[test] // rows 1 and 2 of DOMAIN §4
fn a_claim_begins_by_add_or_by_claim() {
    for shape in Shape::ALL {
        let event = if shape.origin == Origin::Added { "CustomerAdded" } else { "CustomerClaimed" };
        let created = given(shape.before()).when(shape.creation()).yields([event]).to(CustomerClaimed).then();
        let claim = created.claim();
        assert_eq!(claim.origin, shape.origin, "{shape:?}");
        assert_eq!(claim.consent_due_at, start().plus_days(CONSENT_DAYS), "{shape:?}");
    }
}

#[test] // rows 3 to 19 of DOMAIN §4
fn every_row_leads_where_the_table_says() {
    for shape in Shape::ALL {
        for (row, from, ask, event, to) in ROWS {
            for status in *from {
                let outcome = given(shape.until(*status)).when(ask());
                assert_eq!(outcome.in_short(), *event, "row {row} from {status}, {shape:?}");
                outcome.yields([event]).to(to.unwrap_or(*status));
            }
        }
    }
}

#[test] // row 21 of DOMAIN §4, D-10
fn a_rejection_after_a_dispute_is_final() {
    for shape in Shape::ALL {
        given(shape.until(Disputed))
            .and_all([submit_dispute(), start_review()])
            .when(reject_claim())
            .yields(["ClaimRejectedFinal"])
            .to(RejectedFinal);
    }
}

#[test]
fn every_other_status_has_its_code_for_every_command_of_a_claim() {
    let mut told = 0;
    for shape in [Shape::ALL[0], Shape::ALL[3]] {
        for status in Status::ALL {
            let given = given(shape.until(status));
            for ask in every_ask_of_a_claim() {
                let expected = expected(status, &ask);
                let outcome = given.clone().when(ask.clone());
                assert_eq!(outcome.in_short(), expected, "{:?} in {status}, {shape:?}", ask.command_type());
                told += 1;
            }
        }
    }
    assert_eq!(told, 2 * 16 * every_ask_of_a_claim().len());
}

/// One command of each type that is about a claim.
fn every_ask_of_a_claim() -> Vec<Ask> {
    let rows = ROWS.iter().map(|(_, _, ask, _, _)| ask());
    let retry = || retry_effect("PartnerLedReferralIntended");
    let beside: [fn() -> Ask; 10] = [
        record_payment,
        referral_created,
        referral_failed,
        cosell_upgraded,
        cosell_declined,
        cosell_failed,
        referral_closed,
        mail_dispatched,
        mail_failed,
        mail_bounced,
    ];
    rows.chain(beside.map(|ask| ask())).chain([retry()]).collect()
}

#[test]
fn the_table_names_every_command_of_a_claim() {
    let of_a_claim = |it: &&CommandType| {
        let ask = every_ask_of_a_claim().into_iter().find(|ask| ask.command_type() == Some(**it));
        !PROGRAM_AND_CUSTOMER.contains(it) && ask.is_none()
    };
    let missing: Vec<_> = CommandType::ALL.iter().filter(of_a_claim).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The commands that are about no claim.
const PROGRAM_AND_CUSTOMER: [CommandType; 8] = [
    CommandType::PublishEngagement,
    CommandType::RetireEngagement,
    CommandType::EnrollLocation,
    CommandType::SuspendLocation,
    CommandType::RecordPartnerEligibility,
    CommandType::RecordCustomerFacts,
    CommandType::AddCustomer,
    CommandType::ClaimCustomer,
];

/// What the table and A-67 say of this command in this status: the event, nothing, or a code.
fn expected(status: Status, ask: &Ask) -> &'static str {
    let command = ask.command_type().expect("a command");
    let row = ROWS
        .iter()
        .find(|(_, from, row, _, _)| row().command_type() == Some(command) && from.contains(&status));
    if let Some((_, _, _, event, _)) = row {
        return event;
    }
    let asked = !matches!(status, CustomerClaimed | Canceled);
    match command {
        CommandType::SendConsent if status == AwaitingConsent => "consent_already_requested",
        CommandType::CustomerAccepted if AGREED.contains(&status) => "",
        CommandType::CustomerDeclined if status == ConsentDeclined => "",
        CommandType::CustomerAccepted if status == ConsentDeclined => "consent_already_answered",
        CommandType::CustomerDeclined if AGREED.contains(&status) => "consent_already_answered",
        CommandType::RecordPayment if status == Approved => "PaymentRecorded",
        CommandType::RecordMailDispatched if asked => "MailDispatched",
        CommandType::RecordMailFailed if asked => "MailFailed",
        CommandType::RecordMailBounced if asked => "effect_not_dispatched",
        CommandType::RecordMailDispatched
        | CommandType::RecordMailFailed
        | CommandType::RecordMailBounced => "effect_not_found",
        CommandType::RecordReferralCreated
        | CommandType::RecordReferralFailed
        | CommandType::RecordCoSellUpgraded
        | CommandType::RecordCoSellDeclined
        | CommandType::RecordCoSellFailed
        | CommandType::RecordReferralClosed
        | CommandType::RetryEffect => "effect_not_found",
        _ if status.group() == Group::Expired => "deadline_reached",
        _ => "wrong_status",
    }
}

#[test]
fn a_refusal_by_status_says_which() {
    let Refusal::WrongStatus { status } = given(until(Approved)).when(cancel_claim()).reason().refusal else {
        panic!("another refusal");
    };
    assert_eq!(status, Approved);
    for (status, due_at) in [
        (ConsentExpired, start().plus_days(CONSENT_DAYS)),
        (NotSubmittedExpired, start().plus_days(SUBMIT_DAYS)),
        (PostSubmissionExpired, start().plus_days(REVIEW_DAYS)),
        (DisputedExpired, start().plus_days(DISPUTE_DAYS)),
    ] {
        given(until(status)).when(add_comment()).refused(Refusal::DeadlineReached { due_at, status });
    }
}
