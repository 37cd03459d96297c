//! Ordinary traffic from January to October: most claims end approved, some do not, some are still open.
//!
//! A customer meets an engagement once here, so no limit and no second claim can get in the way; stories that are
//! about those are told elsewhere.

use std::collections::BTreeSet;

use crate::sample::at::At;
use crate::sample::customer::{Customer, Source};
use crate::sample::draft::{Missing, ORDINARY, Sample};
use crate::sample::engagement::{Engagement, Terms};
use crate::sample::engagements::QUICK_SCAN;
use crate::sample::flow::{self, Ending};
use crate::sample::opening::{How, Opening};
use crate::sample::partner::{Location, PARTNERS, Partner};
use crate::sample::rng::Rng;

const OPENINGS: i64 = 290;
const FIRST: At = At::on(1, 7, 8, 0);
/// Minutes from [`FIRST`] to the last opening, in the middle of October.
const SPAN_MINUTES: i64 = 281 * 24 * 60;

/// A customer who agreed to a claim of a partner.
struct Known {
    partner: &'static str,
    customer: usize,
    since: At,
    add: String,
    id_type: &'static str,
}

/// What earlier openings leave for later ones.
#[derive(Default)]
struct Past {
    /// Customer and engagement that already met.
    met: BTreeSet<(usize, &'static str)>,
    known: Vec<Known>,
    next_customer: usize,
}

/// Tells all of it.
pub(crate) fn tell(sample: &mut Sample) -> Result<(), Missing> {
    let mut past = Past::default();
    for n in 0..OPENINGS {
        let mut rng = Rng::named(&format!("opening {n}"));
        let minutes = SPAN_MINUTES * n / OPENINGS + rng.between(0, 900);
        let at = FIRST.minutes(minutes).ms(rng.between(0, 59_999)).working();
        let Some(opening) = choose(sample, &mut past, &mut rng, &format!("traffic {n}"), at) else {
            continue;
        };
        let id_type = match opening.how {
            How::By(id_type) => Some(id_type),
            How::ByOpportunity { .. } => Some("msx_opportunity_id"),
            How::Known { .. } | How::KnownWithOpportunity { .. } => None,
        };
        for mut story in opening.begin(sample)? {
            past.met.insert((opening.customer.number, story.engagement.id));
            flow::run(&mut story, ending(&mut rng));
            if let (Some(since), Some(id_type)) = (story.consented_at, id_type) {
                let (partner, customer) = (opening.partner.id, opening.customer.number);
                past.known.push(Known { partner, customer, since, add: opening.id(), id_type });
            }
            sample.take(story.lines);
        }
    }
    Ok(())
}

fn ending(rng: &mut Rng) -> Ending {
    match rng.between(1, 100) {
        1..=58 => Ending::Approved,
        59..=66 => Ending::ApprovedAfterAction,
        67..=69 => Ending::ApprovedAfterDispute,
        70..=75 => Ending::Declined,
        76..=78 => Ending::NeverAsked,
        79..=82 => Ending::NoAnswer,
        83..=84 => Ending::CanceledEarly,
        85 => Ending::CanceledAwaiting,
        86..=87 => Ending::CanceledLate,
        88..=91 => Ending::NotSubmitted,
        92..=93 => Ending::ActionUnanswered,
        94..=95 => Ending::RejectedUndisputed,
        96 => Ending::DisputeAbandoned,
        97..=98 => Ending::RejectedFinal,
        _ => Ending::ActionUnansweredAfterDispute,
    }
}

/// What is opened, if anything fits.
fn choose(sample: &Sample, past: &mut Past, rng: &mut Rng, name: &str, at: At) -> Option<Opening> {
    let partner = partner(rng, at)?;
    let engagements: Vec<&Engagement> =
        sample.engagements.iter().filter(|it| it.id != QUICK_SCAN && it.takes_claims(at)).collect();
    let scene = Scene { sample, past, partner, engagements, name, at };
    let opening = if rng.chance(24) { scene.claim(rng) } else { None };
    let opening = opening.or_else(|| if rng.chance(20) { scene.variable(rng) } else { scene.fixed(rng) })?;
    if !past.met.iter().any(|(customer, _)| *customer == opening.customer.number) {
        past.next_customer += 1;
    }
    Some(opening)
}

fn partner(rng: &mut Rng, at: At) -> Option<Partner> {
    let mut drawn = rng.between(1, 100);
    let by_share = PARTNERS.iter().find(|it| {
        drawn -= it.share;
        drawn <= 0
    })?;
    let usable = |it: &&Partner| it.locations.iter().any(|location| location.is_enrolled(at));
    Some(by_share).filter(usable).or(PARTNERS.first()).copied()
}

/// All that a choice depends on.
struct Scene<'a> {
    sample: &'a Sample,
    past: &'a Past,
    partner: Partner,
    engagements: Vec<&'a Engagement>,
    name: &'a str,
    at: At,
}

impl Scene<'_> {
    /// A known customer is claimed.
    fn claim(&self, rng: &mut Rng) -> Option<Opening> {
        let known: Vec<&Known> =
            self.past.known.iter().filter(|it| it.partner == self.partner.id && it.since < self.at).collect();
        let known = rng.one(&known)?;
        let customer = self.sample.customers.get(known.customer)?;
        let fixed: Vec<&'static str> = self
            .open_to(customer)
            .filter(|(_, terms)| terms.id_kinds.contains(&known.id_type))
            .filter(|(_, terms)| !terms.is_variable())
            .map(|(id, _)| id)
            .collect();
        let add = known.add.clone();
        if let Some(&engagement) = rng.one(&fixed) {
            return self.open(rng, customer, vec![engagement], How::Known { add });
        }
        let variable = self.one_variable(rng, customer)?;
        let (value_cents, hours) = amounts(rng, &variable);
        self.open(rng, customer, vec![variable.0], How::KnownWithOpportunity { add, value_cents, hours })
    }

    /// A customer is added by an opportunity.
    fn variable(&self, rng: &mut Rng) -> Option<Opening> {
        let customer = self.someone(rng)?;
        let variable = self.one_variable(rng, customer)?;
        let (value_cents, hours) = amounts(rng, &variable);
        self.open(rng, customer, vec![variable.0], How::ByOpportunity { value_cents, hours })
    }

    /// A customer is added for one to three fixed-pay engagements.
    fn fixed(&self, rng: &mut Rng) -> Option<Opening> {
        let customer = self.someone(rng)?;
        let fitting: Vec<(&'static str, &Terms)> =
            self.open_to(customer).filter(|(_, terms)| !terms.is_variable()).collect();
        let (first, terms) = *rng.one(&fitting)?;
        let usable: Vec<&'static str> = terms
            .id_kinds
            .iter()
            .copied()
            .filter(|&kind| kind != "tpid" || customer.tpid.is_some())
            .collect();
        let id_type = rng.text(&usable);
        let mut engagements = vec![first];
        if rng.chance(14) {
            let alike =
                |(id, terms): &&(&'static str, &Terms)| *id != first && terms.id_kinds.contains(&id_type);
            engagements.extend(
                fitting
                    .iter()
                    .filter(alike)
                    .map(|(id, _)| *id)
                    .take(rng.between(1, 2).unsigned_abs() as usize),
            );
        }
        self.open(rng, customer, engagements, How::By(id_type))
    }

    /// Mostly a customer nobody has met, sometimes one whom anybody may have met.
    fn someone(&self, rng: &mut Rng) -> Option<&Customer> {
        let met = rng.chance(15) && self.past.next_customer > 20;
        let most = i64::try_from(self.past.next_customer).ok()?;
        let number =
            if met { usize::try_from(rng.between(0, most - 1)).ok()? } else { self.past.next_customer };
        self.sample.customers.get(number % ORDINARY)
    }

    /// The engagements that this customer has not met and that its facts allow, with their terms.
    fn open_to<'a>(&'a self, customer: &'a Customer) -> impl Iterator<Item = (&'static str, &'a Terms)> {
        let fits = |terms: &Terms| {
            terms.criteria.is_none() || (customer.source != Source::Nobody && terms.fits(&customer.facts))
        };
        self.engagements
            .iter()
            .filter_map(|it| Some((it.id, it.terms(self.at)?)))
            .filter(|(id, _)| !self.past.met.contains(&(customer.number, *id)))
            .filter(move |(_, terms)| fits(terms))
    }

    fn one_variable<'a>(
        &'a self,
        rng: &mut Rng,
        customer: &'a Customer,
    ) -> Option<(&'static str, &'a Terms)> {
        customer.tpid.as_ref()?;
        let variable: Vec<_> = self.open_to(customer).filter(|(_, terms)| terms.is_variable()).collect();
        rng.one(&variable).copied()
    }

    fn open(
        &self,
        rng: &mut Rng,
        customer: &Customer,
        engagements: Vec<&'static str>,
        how: How,
    ) -> Option<Opening> {
        let by_record = engagements.iter().any(|id| {
            let found = self.engagements.iter().find(|it| it.id == *id);
            found.and_then(|it| it.terms(self.at)).is_some_and(|it| it.locations == Some("recorded"))
        });
        let usable = |it: &&Location| it.is_enrolled(self.at) && (!by_record || it.is_recorded(self.at));
        let locations: Vec<&Location> = self.partner.locations.iter().filter(usable).collect();
        let location = rng.one(&locations)?.id;
        let is_first = self.partner.locations.first().is_some_and(|it| it.id == location);
        let user = match rng.between(1, 10) {
            1..=2 => self.partner.admin(),
            3..=5 if is_first => self.partner.local_user(),
            6..=7 => self.partner.sales_user(),
            _ => self.partner.claims_user(),
        };
        Some(Opening {
            name: self.name.to_owned(),
            at: self.at,
            partner: self.partner,
            user,
            location,
            customer: customer.clone(),
            engagements,
            how,
        })
    }
}

/// The value of an opportunity in cents, and hours that the terms allow.
fn amounts(rng: &mut Rng, (_, terms): &(&'static str, &Terms)) -> (i64, i64) {
    let value_cents = rng.between(40_000, 900_000) * 100 + rng.between(0, 99);
    let hours = match terms.pay {
        crate::sample::engagement::Pay::Variable { hours: (least, most), .. } => rng.between(least, most),
        crate::sample::engagement::Pay::Fixed { .. } => 0,
    };
    (value_cents, hours)
}
