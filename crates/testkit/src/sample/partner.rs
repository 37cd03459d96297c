//! Partners, their locations and the people who act for them.

use crate::sample::asker::{self, Asker};
use crate::sample::at::At;
use crate::sample::engagement::START;
use crate::sample::people::Person;

/// A location and the time it is enrolled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Location {
    pub(crate) id: &'static str,
    pub(crate) enrolled_at: At,
    /// Enrolled only until then, said when it was enrolled.
    pub(crate) until: Option<At>,
    pub(crate) suspended_at: Option<At>,
    /// Whether it is recorded as eligible for engagements that ask for such a record, and until when.
    pub(crate) recorded: Option<(bool, Option<At>)>,
}

/// A partner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partner {
    pub(crate) id: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) locations: &'static [Location],
    /// How many of a hundred claims are this partner's.
    pub(crate) share: i64,
}

const fn location(id: &'static str) -> Location {
    Location { id, enrolled_at: START, until: None, suspended_at: None, recorded: None }
}

const fn recorded(id: &'static str, eligible: bool, until: Option<At>) -> Location {
    Location { recorded: Some((eligible, until)), ..location(id) }
}

/// Every partner; the first has the most claims.
pub(crate) const PARTNERS: [Partner; 6] = [
    Partner {
        id: "p-contoso",
        domain: "contoso.example",
        locations: &[recorded("loc-1001", true, None), location("loc-1002"), location("loc-1003")],
        share: 36,
    },
    Partner {
        id: "p-adatum",
        domain: "adatum.example",
        locations: &[recorded("loc-2001", true, None), location("loc-2002")],
        share: 20,
    },
    Partner {
        id: "p-litware",
        domain: "litware.example",
        locations: &[
            recorded("loc-3001", true, Some(At::on(9, 1, 6, 0))),
            location("loc-3002"),
            Location { suspended_at: Some(At::on(8, 14, 12, 0)), ..location("loc-3003") },
        ],
        share: 18,
    },
    Partner {
        id: "p-northwind",
        domain: "northwind.example",
        locations: &[recorded("loc-4001", false, None), location("loc-4002")],
        share: 12,
    },
    Partner {
        id: "p-tailspin",
        domain: "tailspin.example",
        locations: &[Location { enrolled_at: At::on(2, 2, 9, 0), ..location("loc-5001") }],
        share: 8,
    },
    Partner {
        id: "p-woodgrove",
        domain: "woodgrove.example",
        locations: &[Location { until: Some(At::on(7, 1, 0, 0)), ..location("loc-6001") }],
        share: 6,
    },
];

impl Location {
    /// Whether claims can be made from here at this time.
    pub(crate) fn is_enrolled(&self, at: At) -> bool {
        self.enrolled_at < at
            && self.until.is_none_or(|it| at < it)
            && self.suspended_at.is_none_or(|it| at < it)
    }

    /// Whether it is recorded as eligible at this time.
    pub(crate) fn is_recorded(&self, at: At) -> bool {
        matches!(self.recorded, Some((true, until)) if until.is_none_or(|it| at < it))
    }
}

impl Partner {
    /// The partner of this number, from 0.
    pub(crate) fn numbered(number: usize) -> Self {
        PARTNERS[number % PARTNERS.len()]
    }

    fn user(&self, name: &str, roles: &[&str], locations: Option<&[&str]>) -> Asker {
        asker::partner_user(
            self.id,
            &format!("u-{}-{name}", self.id.trim_start_matches("p-")),
            roles,
            locations,
        )
    }

    /// May do everything, everywhere.
    pub(crate) fn admin(&self) -> Asker {
        self.user("admin", &["incentives_admin"], None)
    }

    /// Works on claims of every location.
    pub(crate) fn claims_user(&self) -> Asker {
        self.user("claims", &["incentives_user"], None)
    }

    /// Works on claims of the first location only.
    pub(crate) fn local_user(&self) -> Asker {
        let first: Vec<&str> = self.locations.iter().take(1).map(|it| it.id).collect();
        self.user("local", &["incentives_user"], Some(&first))
    }

    /// Works on claims and sees referrals.
    pub(crate) fn sales_user(&self) -> Asker {
        self.user("sales", &["incentives_user", "referral_admin"], None)
    }

    /// Sees referrals, may not work on claims.
    pub(crate) fn referral_user(&self) -> Asker {
        self.user("referrals", &["referral_admin"], None)
    }

    /// The partner's contact person number `n` for customers.
    pub(crate) fn person(&self, n: i64) -> Person {
        Person::drawn(&format!("{} contact {n}", self.id), self.domain)
    }
}
