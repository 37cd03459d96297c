//! The catalog: all terms, enrolments and partner eligibility, the fold of the program.
//!
//! It keeps every version, so that a decision can be made, or made again, with the catalog exactly as it stood at
//! a position of the program (DESIGN §4).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::Event;
use crate::ids::{EngagementId, LocationId, PartnerId};
use crate::terms::{LocationsMode, Terms};
use crate::time::Instant;

/// The fold of the program, with its past.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    engagements: BTreeMap<EngagementId, Engagement>,
    locations: BTreeMap<PartnerId, BTreeMap<LocationId, Location>>,
}

#[derive(Clone, Debug, Default)]
struct Engagement {
    versions: History<Arc<Terms>>,
    retired: History<bool>,
}

#[derive(Clone, Debug, Default)]
struct Location {
    enrolment: History<Enrolment>,
    eligible: BTreeMap<EngagementId, History<(bool, String)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Enrolment {
    Enrolled { until: Option<Instant> },
    Suspended,
}

/// Values by the program sequence from which each holds, oldest first.
#[derive(Clone, Debug)]
struct History<T>(Vec<(u64, T)>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> History<T> {
    fn push(&mut self, sequence: u64, value: T) {
        self.0.push((sequence, value));
    }

    /// How many values held by `sequence`.
    fn count(&self, sequence: u64) -> usize {
        self.0.partition_point(|(from, _)| *from <= sequence)
    }

    fn at(&self, sequence: u64) -> Option<&T> {
        self.count(sequence).checked_sub(1).map(|last| &self.0[last].1)
    }
}

impl Catalog {
    /// Applies an event of the program that was decided at `sequence`; events of customers do not concern it.
    pub fn evolve(&mut self, sequence: u64, event: &Event) {
        match event {
            Event::EngagementPublished(it) => {
                let engagement = self.engagements.entry(it.engagement.clone()).or_default();
                engagement.versions.push(sequence, Arc::new(Terms::clone(&it.terms)));
                engagement.retired.push(sequence, false);
            }
            Event::EngagementRetired(it) => {
                self.engagements.entry(it.engagement.clone()).or_default().retired.push(sequence, true);
            }
            Event::LocationEnrolled(it) => {
                let enrolled = Enrolment::Enrolled { until: it.until };
                self.location(&it.partner, &it.location).enrolment.push(sequence, enrolled);
            }
            Event::LocationSuspended(it) => {
                self.location(&it.partner, &it.location).enrolment.push(sequence, Enrolment::Suspended);
            }
            Event::PartnerEligibilityRecorded(it) => {
                let reason = it.reason.as_ref().map(ToString::to_string).unwrap_or_default();
                let histories = &mut self.location(&it.partner, &it.location).eligible;
                histories.entry(it.engagement.clone()).or_default().push(sequence, (it.eligible, reason));
            }
            _ => {}
        }
    }

    fn location(&mut self, partner: &PartnerId, location: &LocationId) -> &mut Location {
        self.locations.entry(partner.clone()).or_default().entry(location.clone()).or_default()
    }

    /// The catalog as it stood after the program's decision `sequence`; 0 is before the first.
    #[must_use]
    pub fn at(&self, sequence: u64) -> CatalogAt<'_> {
        CatalogAt { catalog: self, sequence }
    }
}

/// The catalog as it stood at one position of the program.
#[derive(Clone, Copy, Debug)]
pub struct CatalogAt<'a> {
    catalog: &'a Catalog,
    sequence: u64,
}

/// An engagement as it stood.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// Its id.
    pub engagement: &'a EngagementId,
    /// Its newest terms.
    pub terms: &'a Arc<Terms>,
    /// The number of that version, from 1.
    pub version: u32,
    /// Whether it takes no new claims.
    pub retired: bool,
}

impl<'a> CatalogAt<'a> {
    /// The newest version of an engagement.
    #[must_use]
    pub fn newest(&self, engagement: &EngagementId) -> Option<Published<'a>> {
        let (id, engagement) = self.catalog.engagements.get_key_value(engagement)?;
        self.published(id, engagement)
    }

    /// Every engagement, in the order of their ids.
    pub fn engagements(&self) -> impl Iterator<Item = Published<'a>> + use<'a> {
        let at = *self;
        self.catalog.engagements.iter().filter_map(move |(id, it)| at.published(id, it))
    }

    fn published(&self, id: &'a EngagementId, it: &'a Engagement) -> Option<Published<'a>> {
        Some(Published {
            engagement: id,
            terms: it.versions.at(self.sequence)?,
            version: u32::try_from(it.versions.count(self.sequence)).unwrap_or(u32::MAX),
            retired: it.retired.at(self.sequence).copied().unwrap_or(false),
        })
    }

    /// The terms of one version of an engagement, from 1.
    #[must_use]
    pub fn version(&self, engagement: &EngagementId, version: u32) -> Option<&'a Arc<Terms>> {
        let index = usize::try_from(version).ok()?.checked_sub(1)?;
        self.catalog.engagements.get(engagement)?.versions.0.get(index).map(|(_, terms)| terms)
    }

    /// Whether the location is enrolled at `at` (R-018, A-77: `until` is exclusive).
    #[must_use]
    pub fn is_enrolled(&self, partner: &PartnerId, location: &LocationId, at: Instant) -> bool {
        self.location(partner, location).is_some_and(|it| self.enrolled(it, at))
    }

    /// Whether an enrolled location is eligible for the engagement under its newest terms.
    #[must_use]
    pub fn is_eligible(&self, partner: &PartnerId, location: &LocationId, published: &Published<'_>) -> bool {
        self.location(partner, location).is_some_and(|it| self.eligible(it, published))
    }

    /// Whether the partner has an enrolled location that is eligible for the engagement (A-51, D-12).
    #[must_use]
    pub fn is_partner_eligible(&self, partner: &PartnerId, published: &Published<'_>, at: Instant) -> bool {
        let locations = self.catalog.locations.get(partner).into_iter().flat_map(BTreeMap::values);
        locations.into_iter().any(|it| self.enrolled(it, at) && self.eligible(it, published))
    }

    /// Until when the location is enrolled, if its newest record enrolls it.
    #[must_use]
    pub fn enrolment(&self, partner: &PartnerId, location: &LocationId) -> Option<Option<Instant>> {
        match self.location(partner, location)?.enrolment.at(self.sequence)? {
            Enrolment::Enrolled { until } => Some(*until),
            Enrolment::Suspended => None,
        }
    }

    /// Whether the location was ever enrolled.
    #[must_use]
    pub fn was_enrolled(&self, partner: &PartnerId, location: &LocationId) -> bool {
        self.location(partner, location).is_some_and(|it| it.enrolment.at(self.sequence).is_some())
    }

    /// What is recorded of the location's eligibility for the engagement: whether, and why.
    #[must_use]
    pub fn recorded(
        &self,
        partner: &PartnerId,
        location: &LocationId,
        engagement: &EngagementId,
    ) -> Option<(bool, &'a str)> {
        let (eligible, reason) =
            self.location(partner, location)?.eligible.get(engagement)?.at(self.sequence)?;
        Some((*eligible, reason))
    }

    fn location(&self, partner: &PartnerId, location: &LocationId) -> Option<&'a Location> {
        self.catalog.locations.get(partner)?.get(location)
    }

    fn enrolled(&self, location: &Location, at: Instant) -> bool {
        match location.enrolment.at(self.sequence) {
            Some(Enrolment::Enrolled { until }) => until.is_none_or(|until| at < until),
            Some(Enrolment::Suspended) | None => false,
        }
    }

    fn eligible(&self, location: &Location, published: &Published<'_>) -> bool {
        match published.terms.locations {
            LocationsMode::AllEnrolled => true,
            LocationsMode::Recorded => {
                let recorded =
                    location.eligible.get(published.engagement).and_then(|it| it.at(self.sequence));
                recorded.is_some_and(|(eligible, _)| *eligible)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::decide::given::*;

    #[test] // DESIGN §4
    fn the_catalog_is_read_exactly_as_it_stood() {
        let before = given([]);
        let after = before.clone().and_all([
            publish("fixed", fixed_terms()).with("terms/limit", 9),
            retire("fixed"),
            suspend("p-contoso", "loc-1"),
            record_eligibility("fixed", false),
        ]);
        let (fixed, partner, location) =
            ("fixed".parse().unwrap(), "p-contoso".parse().unwrap(), "loc-1".parse().unwrap());
        let then = after.catalog.at(before.sequence);
        let published = then.newest(&fixed).unwrap();
        assert_eq!((published.version, published.terms.limit, published.retired), (1, 3, false));
        assert!(then.is_enrolled(&partner, &location, start()));
        assert_eq!(then.recorded(&partner, &location, &fixed), None);
        let now = after.catalog.at(after.sequence);
        let published = now.newest(&fixed).unwrap();
        assert_eq!((published.version, published.terms.limit, published.retired), (2, 9, true));
        assert!(!now.is_enrolled(&partner, &location, start()));
        assert_eq!(now.recorded(&partner, &location, &fixed), Some((false, "")));
        assert!(after.catalog.at(0).engagements().next().is_none());
    }

    #[test]
    fn every_version_is_kept() {
        let told = given([publish("fixed", fixed_terms()).with("terms/limit", 9)]);
        let (catalog, fixed) = (told.catalog.at(told.sequence), "fixed".parse().unwrap());
        assert_eq!(catalog.version(&fixed, 1).unwrap().limit, 3);
        assert_eq!(catalog.version(&fixed, 2).unwrap().limit, 9);
        assert!(catalog.version(&fixed, 0).is_none() && catalog.version(&fixed, 3).is_none());
    }
}
