//! The program: every type of engagement, fixed and variable pay.

use crate::sample::at::At;
use crate::sample::engagement::{Criteria, Engagement, PARTNER_ACTIVITY, Pay, START, Terms, fact};
use crate::sample::json::{Json, object};

fn exists(name: &str) -> Json {
    object! { "fact": name, "op": "exists" }
}

fn all(parts: Vec<Json>) -> Json {
    object! { "all": parts }
}

const BIG_ENOUGH: Criteria = Criteria {
    json: || all(vec![fact("seats", "ge", 50), fact("region", "in", vec!["apac", "emea", "na"])]),
    meets: |it| it.seats >= 50 && it.region != "latam",
};
const DATA_READY: Criteria = Criteria {
    json: || object! { "any": vec![fact("workloads", "contains", "sql"), fact("customer_since", "le", "2019-12-31")] },
    meets: |it| it.workloads.contains(&"sql") || it.since.as_str() <= "2019-12-31",
};
const OUTSIDE_NA: Criteria = Criteria {
    json: || {
        all(vec![object! { "not": fact("region", "eq", "na") }, exists("seats"), fact("seats", "le", 2_000)])
    },
    meets: |it| it.region != "na" && it.seats <= 2_000,
};
const ENTERPRISE: Criteria = Criteria {
    json: || all(vec![fact("seats", "ge", 100), fact("region", "ne", "latam")]),
    meets: |it| it.seats >= 100 && it.region != "latam",
};

/// A fixed-pay assessment without conditions; the other terms say how they differ.
fn plain(name: &'static str) -> Terms {
    Terms {
        published_at: START,
        name,
        size: "assessment",
        activity: PARTNER_ACTIVITY,
        area: "infrastructure",
        id_kinds: &["domain_name", "tenant_id"],
        pay: Pay::Fixed { cents: 500_000 },
        currency: "USD",
        limit: 1,
        scope: None,
        days: [30, 60, 90, 30, 30],
        reminders: (24, 5),
        disclaimer: "2026-01",
        proof: &["poe_document"],
        referral_from_cents: None,
        cosell: false,
        criteria: None,
        locations: None,
    }
}

fn one(id: &'static str, terms: Terms) -> Engagement {
    Engagement { id, versions: vec![terms], retired_at: None, reopened_at: None }
}

/// The days of workshops, of small, of medium and of large projects (DOMAIN §3.2).
const WORKSHOP_DAYS: [i64; 5] = [30, 90, 120, 30, 30];
const SMALL_DAYS: [i64; 5] = [30, 120, 150, 30, 30];
const MEDIUM_DAYS: [i64; 5] = [30, 200, 230, 30, 30];
const LARGE_DAYS: [i64; 5] = [30, 260, 290, 30, 30];

const MSX: &[&str] = &["msx_opportunity_id"];

/// The engagement whose clocks run for days instead of months; the troubles use it.
pub(crate) const QUICK_SCAN: &str = "quick-scan-2026";

/// Every engagement of the program.
pub(crate) fn all_engagements() -> Vec<Engagement> {
    let mut engagements = fixed();
    engagements.extend(variable());
    engagements
}

fn fixed() -> Vec<Engagement> {
    let assessment = plain("Azure migration assessment");
    let assessment_from_july = Terms {
        published_at: At::on(7, 1, 6, 0),
        pay: Pay::Fixed { cents: 450_000 },
        days: [20, 60, 90, 30, 30],
        disclaimer: "2026-07",
        ..assessment
    };
    let workshop = Terms {
        size: "workshop",
        area: "security",
        id_kinds: &["domain_name", "tenant_id", "tpid"],
        pay: Pay::Fixed { cents: 750_000 },
        limit: 2,
        scope: Some("partner_customer"),
        days: WORKSHOP_DAYS,
        proof: &["invoice", "poe_document", "customer_survey", "partner_survey"],
        referral_from_cents: Some(1_000_000),
        cosell: true,
        criteria: Some(BIG_ENOUGH),
        ..plain("Threat protection workshop")
    };
    let workshop_from_may = Terms { published_at: At::on(5, 4, 6, 0), disclaimer: "2026-05", ..workshop };
    let fabric = Terms {
        size: "workshop",
        area: "data_ai",
        id_kinds: &["domain_name", "tenant_id", "tpid"],
        pay: Pay::Fixed { cents: 600_000 },
        days: WORKSHOP_DAYS,
        proof: &["poe_document", "partner_survey"],
        ..plain("Analytics in a day")
    };
    let fabric_reopened = Terms { published_at: At::on(6, 10, 6, 0), limit: 3, ..fabric };
    vec![
        Engagement {
            versions: vec![assessment, assessment_from_july],
            ..one("azure-assessment-2026", fabric.clone())
        },
        Engagement {
            versions: vec![workshop, workshop_from_may],
            ..one("security-workshop-2026", fabric.clone())
        },
        Engagement {
            retired_at: Some(At::on(4, 1, 6, 0)),
            ..one(
                "copilot-workshop-2025",
                Terms {
                    size: "workshop",
                    area: "modern_work",
                    days: WORKSHOP_DAYS,
                    proof: &["poe_document", "customer_survey"],
                    ..plain("Copilot vision and value workshop")
                },
            )
        },
        Engagement {
            versions: vec![fabric.clone(), fabric_reopened],
            retired_at: Some(At::on(5, 15, 6, 0)),
            reopened_at: Some(At::on(6, 10, 6, 0)),
            ..one("fabric-workshop-2026", fabric)
        },
        one(
            "migrate-xs-2026",
            Terms {
                size: "xs",
                id_kinds: &["azure_subscription_id"],
                pay: Pay::Fixed { cents: 300_000 },
                limit: 2,
                days: SMALL_DAYS,
                proof: &["invoice"],
                ..plain("Migrate one workload")
            },
        ),
        one(
            "identity-xs-2026",
            Terms {
                size: "xs",
                area: "security",
                id_kinds: &["domain_name", "tpid"],
                pay: Pay::Fixed { cents: 200_000 },
                limit: 3,
                days: SMALL_DAYS,
                proof: &[],
                ..plain("Sign-in without passwords")
            },
        ),
        one(
            "data-small-2026",
            Terms {
                size: "small",
                area: "data_ai",
                id_kinds: &["tenant_id", "tpid", "azure_subscription_id"],
                pay: Pay::Fixed { cents: 1_500_000 },
                days: SMALL_DAYS,
                proof: &["invoice", "poe_document"],
                referral_from_cents: Some(2_500_000),
                criteria: Some(DATA_READY),
                locations: Some("recorded"),
                ..plain("Modernise a database")
            },
        ),
        one(
            "devops-small-eu-2026",
            Terms {
                size: "small",
                area: "apps",
                pay: Pay::Fixed { cents: 1_200_000 },
                currency: "EUR",
                days: SMALL_DAYS,
                proof: &["poe_document", "partner_survey"],
                criteria: Some(OUTSIDE_NA),
                locations: Some("all_enrolled"),
                ..plain("Developer platform, outside North America")
            },
        ),
        one(
            QUICK_SCAN,
            Terms {
                id_kinds: &["domain_name", "tenant_id", "tpid", "azure_subscription_id"],
                pay: Pay::Fixed { cents: 100_000 },
                limit: 3,
                scope: Some("customer"),
                days: [3, 4, 6, 2, 2],
                reminders: (4, 2),
                referral_from_cents: Some(500_000),
                cosell: true,
                ..plain("Quick scan")
            },
        ),
        one(
            "licence-resale-2026",
            Terms {
                size: "small",
                activity: "licence_transaction",
                area: "modern_work",
                ..plain("Licence resale")
            },
        ),
    ]
}

fn variable() -> Vec<Engagement> {
    let by_hours = Terms {
        size: "medium",
        id_kinds: MSX,
        pay: Pay::Variable {
            rate_cents: 15_000,
            cap_cents: Some(2_000_000),
            share_percent: None,
            hours: (10, 200),
        },
        days: MEDIUM_DAYS,
        proof: &["invoice", "poe_document"],
        ..plain("Infrastructure project")
    };
    vec![
        one("infra-medium-2026", by_hours.clone()),
        one(
            "ai-large-2026",
            Terms {
                size: "large",
                area: "data_ai",
                pay: Pay::Variable {
                    rate_cents: 20_000,
                    cap_cents: None,
                    share_percent: Some(10),
                    hours: (20, 400),
                },
                limit: 3,
                scope: Some("customer"),
                days: LARGE_DAYS,
                referral_from_cents: Some(5_000_000),
                cosell: true,
                criteria: Some(ENTERPRISE),
                ..by_hours.clone()
            }
            .called("AI platform project"),
        ),
        one(
            "sap-xl-2026",
            Terms {
                size: "xl",
                pay: Pay::Variable {
                    rate_cents: 22_500,
                    cap_cents: Some(9_000_000),
                    share_percent: Some(15),
                    hours: (100, 800),
                },
                days: LARGE_DAYS,
                referral_from_cents: Some(20_000_000),
                ..by_hours.clone()
            }
            .called("SAP landing zone"),
        ),
        one(
            "mainframe-xxl-2026",
            Terms {
                size: "xxl",
                pay: Pay::Variable {
                    rate_cents: 25_000,
                    cap_cents: Some(25_000_000),
                    share_percent: None,
                    hours: (200, 2_000),
                },
                days: LARGE_DAYS,
                ..by_hours
            }
            .called("Mainframe exit"),
        ),
    ]
}

impl Terms {
    fn called(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}
