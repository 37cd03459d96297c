//! What DOMAIN says of every standing and every command, as data: §4 for the rows, A-67 for the codes, A-39 for the
//! same answer again, A-71 for results, A-31 and A-67 for row 13.
//!
//! A standing is a status, in small letters once a dispute was submitted; `CE` and `CA` are claims that consent was
//! asked for or never asked for, `Ce` expired without being asked for, `Ca` was canceled after consent. A cell holds the standing that the command
//! leads to, with the event at the end of its line, or one of [`CODES`]; `*` stands for the whole line.

use crate::claim::DeadlineKind::{self, *};

/// What a cell says other than a standing.
pub(super) const CODES: &[(&str, &str)] = &[
    (".", "wrong_status"),
    ("x", "deadline_reached"),
    ("=", ""),
    ("ar", "consent_already_requested"),
    ("aa", "consent_already_answered"),
    ("oc", "open_claim_exists"),
    ("nf", "customer_not_found"),
    ("ef", "effect_not_found"),
    ("nd", "effect_not_dispatched"),
];

/// Row of DOMAIN §4, command (and of which origin, where it matters), cells, event.
#[rustfmt::skip]
pub(super) const CELLS: &str = "
row command                CC AC CR CD CE Ce CA Ca NS SU UR PA PE AP RJ DI DE RF su ur pa pe ap event
1   AddCustomer            oc oc oc CC CC CC CC CC CC oc oc oc CC CC oc oc CC CC oc oc oc CC CC CustomerAdded
2   ClaimCustomer:added    nf nf oc nf nf nf nf CC CC oc oc oc CC CC oc oc CC CC oc oc oc CC CC CustomerClaimed
2   ClaimCustomer:claimed  oc oc oc CC CC CC CC CC CC oc oc oc CC CC oc oc CC CC oc oc oc CC CC CustomerClaimed
3   SendConsent            AC ar .  .  x  x  .  .  x  .  .  .  x  .  .  .  x  .  .  .  .  x  .  ConsentRequested
4   ResendConsent          .  AC .  .  x  x  .  .  x  .  .  .  x  .  .  .  x  .  .  .  .  x  .  ConsentReminderRequested
5   CustomerAccepted       .  CR =  aa x  x  .  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  CustomerConsentReceived
6   CustomerDeclined       .  CD aa =  x  x  .  aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa CustomerConsentDeclined
8   CancelClaim            CA CA Ca .  x  x  .  .  x  .  .  .  x  .  .  .  x  .  .  .  .  x  .  ClaimCanceled
9   UploadProof            .  .  CR .  x  x  .  .  x  .  .  PA x  .  .  DI x  .  .  .  pa x  .  ProofUploaded
9   SendCustomerSurvey     .  .  CR .  x  x  .  .  x  .  .  PA x  .  .  DI x  .  .  .  pa x  .  CustomerSurveyRequested
9   CompleteCustomerSurvey .  .  CR .  x  x  .  .  x  .  .  PA x  .  .  DI x  .  .  .  pa x  .  CustomerSurveyCompleted
9   CompletePartnerSurvey  .  .  CR .  x  x  .  .  x  .  .  PA x  .  .  DI x  .  .  .  pa x  .  PartnerSurveyCompleted
9   UpdateContacts         CC AC CR .  x  x  .  .  x  .  .  PA x  .  .  DI x  .  .  .  pa x  .  ContactsUpdated
9   AddComment             CC AC CR .  x  x  .  .  x  SU UR PA x  .  RJ DI x  .  su ur pa x  .  CommentAdded
10  SubmitClaim            .  .  SU .  x  x  .  .  x  .  .  .  x  .  .  .  x  .  .  .  .  x  .  ClaimSubmitted
12  StartReview            .  .  .  .  x  x  .  .  x  UR .  .  x  .  .  .  x  .  ur .  .  x  .  ReviewStarted
13  RequestPartnerAction   .  .  .  .  x  x  .  .  x  .  PA .  x  .  .  .  x  .  .  pa .  x  .  PartnerActionRequested
14  ResubmitClaim          .  .  .  .  x  x  .  .  x  .  .  SU x  .  .  .  x  .  .  .  su x  .  ClaimResubmitted
16  ApproveClaim           .  .  .  .  x  x  .  .  x  .  AP .  x  .  .  .  x  .  .  ap .  x  .  ClaimApproved
17  RejectClaim            .  .  .  .  x  x  .  .  x  .  RJ .  x  .  .  .  x  .  .  -  .  x  .  ClaimRejected
21  RejectClaim            -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  -  RF -  -  -  ClaimRejectedFinal
18  DisputeClaim           .  .  .  .  x  x  .  .  x  .  .  .  x  .  DI .  x  .  .  .  .  x  .  ClaimDisputed
19  SubmitDispute          .  .  .  .  x  x  .  .  x  .  .  .  x  .  .  su x  .  .  .  .  x  .  DisputeSubmitted
-   RecordPayment          .  .  .  .  x  x  .  .  x  .  .  .  x  AP .  .  x  .  .  .  .  x  ap PaymentRecorded
-   RecordMailDispatched   ef AC CR CD CE ef ef Ca NS SU UR PA PE AP RJ DI DE RF su ur pa pe ap MailDispatched
-   RecordMailFailed       ef AC CR CD CE ef ef Ca NS SU UR PA PE AP RJ DI DE RF su ur pa pe ap MailFailed
-   RecordMailBounced      ef nd nd nd nd ef ef nd nd nd nd nd nd nd nd nd nd nd nd nd nd nd nd MailBounced
-   RecordReferralCreated  *  ef
-   RecordReferralFailed   *  ef
-   RecordCoSellUpgraded   *  ef
-   RecordCoSellDeclined   *  ef
-   RecordCoSellFailed     *  ef
-   RecordReferralClosed   *  ef
-   RetryEffect            *  ef
-   RecordCustomerFacts    CC AC CR CD CE Ce CA Ca NS SU UR PA PE AP RJ DI DE RF su ur pa pe ap CustomerFactsRecorded
";

/// Commands about the program: they look at no claim, and no deadline fires for them (DESIGN rule 7).
pub(super) const OF_THE_PROGRAM: &[(&str, &str)] = &[
    ("PublishEngagement", "EngagementPublished"),
    ("RetireEngagement", "EngagementRetired"),
    ("EnrollLocation", "LocationEnrolled"),
    ("SuspendLocation", "LocationSuspended"),
    ("RecordPartnerEligibility", "PartnerEligibilityRecorded"),
];

/// Rows 7, 11, 15, 20: in which standings a deadline fires, and where that leads.
pub(super) const FIRES: &[(u8, DeadlineKind, &[&str], &str)] = &[
    (7, Consent, &["CC"], "Ce"),
    (7, Consent, &["AC"], "CE"),
    (11, Submit, &["CR"], "NS"),
    (15, Review, &["PA"], "PE"),
    (15, DisputeReview, &["pa"], "pe"),
    (20, Dispute, &["RJ", "DI"], "DE"),
];

/// The current deadline of row 13, at and after which the reviewer may only approve or reject.
pub(super) const ROW_13: &[(&str, DeadlineKind)] = &[("UR", Review), ("ur", DisputeReview)];

/// The deadlines that an event tells, and how many days after its judged time each is.
pub(super) const SETS: &[(&str, &str, DeadlineKind)] = &[
    ("CustomerAdded", "consent_due_at", Consent),
    ("CustomerClaimed", "consent_due_at", Consent),
    ("CustomerConsentReceived", "submit_due_at", Submit),
    ("CustomerConsentReceived", "review_due_at", Review),
    ("ClaimRejected", "dispute_due_at", Dispute),
    ("DisputeSubmitted", "dispute_review_due_at", DisputeReview),
];
