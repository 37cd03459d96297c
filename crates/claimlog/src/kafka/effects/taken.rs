//! What was taken up in a reign, so that it is not taken up again before the ledger holds what came of it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use claim_domain::ids::EffectId;
use claim_effects::Due;
use claim_projector_referral::DueEffect;

/// How long what could not be done is left alone: closing is best effort.
const PUT_OFF: Duration = Duration::from_secs(60);

/// The effects taken up in a reign, as far as the ledger may still have them as due.
#[derive(Debug)]
pub(crate) struct Taken {
    /// Up to where the ledger must hold the partition: everything before the lead, and all it has held since.
    at_least: u64,
    /// The number of the try that each was taken up with.
    tries: HashMap<EffectId, u32>,
    /// What could not be done, and since when it waits.
    put_off: HashMap<EffectId, Instant>,
}

impl Taken {
    /// Nothing yet, in a reign that began behind this sequence.
    pub(crate) fn since(sequence: u64) -> Self {
        Self { at_least: sequence, tries: HashMap::new(), put_off: HashMap::new() }
    }

    /// Up to where the ledger must hold the partition.
    pub(crate) fn at_least(&self) -> u64 {
        self.at_least
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.tries.len()
    }

    /// Takes up what is due by a ledger that holds the partition up to `sequence`; is that `all` that is due, what it does not
    /// list is answered and forgotten here. What was taken up before is not taken up again: its
    /// result is on its way. It counts again once a later try than that one is asked for (`RetryEffect`).
    pub(crate) fn take_up(&mut self, sequence: u64, due: &[DueEffect], all: bool, now: Instant) -> Vec<Due> {
        // A ledger that was begun anew does not hold every answer yet.
        if sequence < self.at_least {
            return Vec::new();
        }
        self.at_least = sequence;
        self.put_off.retain(|effect, since| {
            let waits = now.duration_since(*since) < PUT_OFF;
            if !waits {
                self.tries.remove(effect);
            }
            waits
        });
        if all {
            let listed: HashSet<EffectId> = due.iter().map(|it| it.entry.effect).collect();
            self.tries.retain(|effect, _| listed.contains(effect));
        }
        let mut fresh = Vec::new();
        for it in due {
            if self.tries.insert(it.entry.effect, it.attempt) < Some(it.attempt) {
                fresh.push(it.clone().into());
            }
        }
        fresh
    }

    /// An effect could not be done now.
    pub(crate) fn put_off(&mut self, effect: EffectId, now: Instant) {
        self.put_off.insert(effect, now);
    }

    /// How many could not be done, and wait.
    pub(crate) fn are_put_off(&self) -> usize {
        self.put_off.len()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A closing that is due with this try.
    fn due(number: u32, attempt: u32) -> DueEffect {
        let claim = "c00a-00000000000000000001";
        let position = json!({"partition": 0, "sequence": 1});
        let effect = EffectId::derive(claim.parse().unwrap(), "ReferralClosingIntended", number);
        let entry = json!({
            "effect": effect, "claim": claim, "kind": "ReferralClosingIntended", "number": number, "family": "closing",
            "customer": "00000000-0000-4000-8000-000000000001", "partner": "p-1", "engagement": "e-1", "state": "due",
            "attempts": attempt - 1, "last_error": null, "intended_at": "2024-01-01T00:00:00.000Z",
            "intended": position, "updated_at": "2024-01-01T00:00:00.000Z", "position": position,
        });
        let request = json!({"request": "close_referral", "referral": "r-1"});
        serde_json::from_value(json!({"entry": entry, "attempt": attempt, "request": request})).unwrap()
    }

    fn numbers(all: Vec<Due>) -> Vec<u32> {
        all.into_iter().map(|it| it.number).collect()
    }

    #[test] // DESIGN rule 8
    fn nothing_is_taken_up_before_the_ledger_holds_what_was_known_at_the_lead_nor_when_it_went_back() {
        let (mut taken, now) = (Taken::since(7), Instant::now());
        assert!(taken.take_up(6, &[due(0, 1)], true, now).is_empty());
        assert_eq!(numbers(taken.take_up(9, &[due(0, 1)], true, now)), [0]);
        // It is answered, and the ledger is folded anew: at 8 it still had it as due.
        assert!(taken.take_up(12, &[], true, now).is_empty());
        assert!(taken.take_up(8, &[due(0, 1)], true, now).is_empty());
    }

    #[test] // DESIGN rule 8
    fn an_effect_is_taken_up_once_and_again_only_for_a_later_try() {
        let (mut taken, now) = (Taken::since(0), Instant::now());
        assert_eq!(numbers(taken.take_up(1, &[due(0, 1)], true, now)), [0]);
        assert_eq!(numbers(taken.take_up(1, &[due(0, 1), due(1, 1)], false, now)), [1]);
        // A list that was cut short says nothing about what it leaves out.
        assert_eq!(numbers(taken.take_up(2, &[due(2, 1)], false, now)), [2]);
        assert!(taken.take_up(3, &[due(0, 1), due(1, 1), due(2, 1)], true, now).is_empty());
        // Its tries ended, and an operator asked for another.
        assert_eq!(numbers(taken.take_up(9, &[due(0, 6)], true, now)), [0]);
        assert_eq!(taken.len(), 1);
    }

    #[test]
    fn what_could_not_be_done_is_taken_up_again_after_a_while() {
        let (mut taken, now) = (Taken::since(0), Instant::now());
        taken.take_up(1, &[due(0, 1)], true, now);
        taken.put_off(due(0, 1).entry.effect, now);
        assert!(taken.take_up(1, &[due(0, 1)], true, now + PUT_OFF / 2).is_empty());
        assert_eq!(taken.are_put_off(), 1);
        assert_eq!(numbers(taken.take_up(1, &[due(0, 1)], true, now + PUT_OFF)), [0]);
        assert_eq!(taken.are_put_off(), 0);
    }
}
