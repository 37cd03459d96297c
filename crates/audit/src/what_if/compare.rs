//! Both worlds at the end: which claims differ, and why.

use std::collections::{BTreeMap, BTreeSet};

use claim_domain::claim::Claim;
use claim_domain::ids::{ClaimId, CustomerId, EngagementId};
use claim_domain::payout::Payout;
use claim_domain::time::Instant;
use claim_domain::verdict::{Nomination, Verdict, verdict};

use super::program::Programs;
use super::report::{Both, Count, Differing, Place, Totals, What, WhatIf};
use super::worker::{Noted, Worker};
use super::worlds::{World, Worlds, place};

/// What was compared so far.
pub(super) struct Comparison<'p> {
    programs: &'p Programs,
    at: Instant,
    claims: u64,
    counts: BTreeMap<(What, String, String), u64>,
    known: BTreeMap<(What, String, String), u64>,
    payouts: BTreeMap<String, Totals>,
    differing: Vec<Differing>,
}

impl<'p> Comparison<'p> {
    /// A comparison of the worlds as they are at `at`.
    pub(super) fn new(programs: &'p Programs, at: Instant) -> Self {
        Self {
            programs,
            at,
            claims: 0,
            counts: BTreeMap::new(),
            known: BTreeMap::new(),
            payouts: BTreeMap::new(),
            differing: Vec::new(),
        }
    }

    /// Compares the customers of one worker. Deadlines due by now fire in both worlds, written or not.
    pub(super) fn add(&mut self, worker: Worker<'_>) {
        let mut noted = worker.noted;
        for (id, mut worlds) in worker.customers {
            if let Some(changed) = &mut worlds.changed {
                changed.fire(self.at, false);
                worlds.recorded.fire(self.at, false);
                for claim in worlds.claims() {
                    let noted = noted.remove(&claim);
                    self.claim(id, claim, worlds.recorded.claim(claim), worlds.now().claim(claim), noted);
                }
            }
            self.claims += worlds.claims().count() as u64;
            self.known(&worlds);
        }
        // What no world made a claim of.
        for (claim, noted) in noted {
            self.claim(noted.customer, claim, None, None, Some(noted));
        }
    }

    fn claim(
        &mut self,
        customer: CustomerId,
        id: ClaimId,
        then: Option<&Claim>,
        now: Option<&Claim>,
        noted: Option<Noted>,
    ) {
        let payout = differ(then.map(|it| &it.payout), now.map(|it| &it.payout));
        let view = differ(then.map(place).as_ref(), now.map(place).as_ref());
        let outcome = noted.as_ref().and_then(|it| it.outcome.clone());
        if payout.is_none() && view.is_none() && outcome.is_none() {
            return;
        }
        let one = then.or(now);
        let partner = one.map(|it| it.partner.clone());
        let engagement = one.map(|it| it.engagement.clone());
        let partner = partner.or_else(|| noted.as_ref().and_then(|it| it.partner.clone()));
        let engagement = engagement.or_else(|| noted.as_ref().and_then(|it| it.engagement.clone()));
        let first = noted.map(|it| it.first);
        let mut count =
            |what, then: String, now: String| *self.counts.entry((what, then, now)).or_default() += 1;
        if let Some(it) = &outcome {
            count(What::Outcome, it.then.clone(), it.now.clone());
        }
        if let Some(it) = &payout {
            let shown = |it: &Option<Payout>| it.as_ref().map_or_else(|| "no claim".to_owned(), amount);
            count(What::Payout, shown(&it.then), shown(&it.now));
        }
        if let Some(it) = &view {
            let (then, now) = placed(it);
            count(What::View, then, now);
        }
        for (side, claim) in [(0, then), (1, now)] {
            let Some(Payout { cents, currency }) = claim.map(|it| &it.payout) else { continue };
            let totals = self.payouts.entry(currency.to_string()).or_default();
            *(if side == 0 { &mut totals.then_cents } else { &mut totals.now_cents }) += cents;
        }
        self.differing.push(Differing {
            claim: id,
            customer,
            partner,
            engagement,
            first,
            outcome,
            payout,
            view,
        });
    }

    /// Where the views of the changed engagements show a known customer without an open claim.
    fn known(&mut self, worlds: &Worlds) {
        let programs = self.programs;
        let recorded = programs.recorded(programs.sequence());
        let changed = programs.changed(programs.sequence(), self.at);
        for engagement in programs.engagements() {
            let (Some(then), Some(now)) = (recorded.newest(engagement), changed.newest(engagement)) else {
                continue;
            };
            let (before, after) = (&worlds.recorded, worlds.now());
            let partners = before.customer.known.keys().chain(after.customer.known.keys());
            for partner in partners.collect::<BTreeSet<_>>() {
                let row = |catalog, published, world: &World| {
                    row(&verdict(catalog, published, partner, &world.customer, Nomination::Known, self.at))
                };
                let listed = |world: &World, engagement: &EngagementId| {
                    let open = (partner.clone(), engagement.clone());
                    world.customer.is_known_to(partner) && !world.customer.open.contains_key(&open)
                };
                if listed(before, engagement) && listed(after, engagement) {
                    let (then, now) = (row(&recorded, &then, before), row(&changed, &now, after));
                    if then != now {
                        *self.known.entry((What::View, then, now)).or_default() += 1;
                    }
                }
            }
        }
    }

    /// All of it, with at most so many of the claims that differ.
    pub(super) fn report(mut self, most: usize) -> WhatIf {
        // By the time at which each first differs; those that differ in the end only come last.
        self.differing.sort_by_key(|it| (it.first.is_none(), it.first, it.claim));
        WhatIf {
            at: self.at,
            claims: self.claims,
            differing: self.differing.len() as u64,
            counts: counts(self.counts),
            known_customers: counts(self.known),
            payouts: self.payouts,
            first: self.differing.into_iter().take(most).collect(),
            ..WhatIf::default()
        }
    }
}

/// The most frequent first.
fn counts(counts: BTreeMap<(What, String, String), u64>) -> Vec<Count> {
    let counts = counts.into_iter().map(|((what, then, now), count)| Count { what, then, now, count });
    let mut counts: Vec<_> = counts.collect();
    counts.sort_by_key(|it| std::cmp::Reverse(it.count));
    counts
}

fn differ<T: Clone + PartialEq>(then: Option<&T>, now: Option<&T>) -> Option<Both<T>> {
    (then != now).then(|| Both { then: then.cloned(), now: now.cloned() })
}

fn amount(payout: &Payout) -> String {
    format!("{}.{:02} {}", payout.cents / 100, payout.cents % 100, payout.currency)
}

/// What of two places differs: the status, which tells the view, or only the time until which it stands so.
fn placed(view: &Both<Place>) -> (String, String) {
    let shown = |it: &Option<Place>| match it {
        None => "no claim".to_owned(),
        Some(place) => match place.tab {
            None => format!("{}, hidden", place.status),
            Some(_) => place.status.to_string(),
        },
    };
    let (then, now) = (shown(&view.then), shown(&view.now));
    let due = |it: &Option<Place>| it.as_ref().and_then(|it| it.next_due_at);
    match due(&view.then).cmp(&due(&view.now)) {
        _ if then != now => (then, now),
        std::cmp::Ordering::Less => (then, format!("{now}, due later")),
        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => (then, format!("{now}, due earlier")),
    }
}

fn row(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Eligible { .. } => "eligible".to_owned(),
        Verdict::Ineligible(reasons) => {
            let codes: Vec<_> = reasons.iter().map(|it| it.code()).collect();
            format!("ineligible: {}", codes.join(", "))
        }
    }
}
