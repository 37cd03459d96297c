//! Several faults at once: the one that stands earlier in the order of precedence wins.

use super::{Ask, Given};
use crate::refusal::Refusal;

/// One thing that is wrong with a command, or with the history before it.
pub(crate) struct Fault {
    code: &'static str,
    history: fn() -> Vec<Ask>,
    ask: fn(Ask) -> Ask,
}

/// A command spoilt so is refused with this code.
pub(crate) fn fault(code: &'static str, ask: fn(Ask) -> Ask) -> Fault {
    Fault { code, history: Vec::new, ask }
}

/// A command after these further steps is refused with this code.
pub(crate) fn past_fault(code: &'static str, history: fn() -> Vec<Ask>) -> Fault {
    Fault { code, history, ask: |ask| ask }
}

/// Without fault the command is accepted; each fault alone is refused with its code; of two, the earlier wins, and
/// the codes stand in the order of [`Refusal::TABLE`] but for those in `not_in_table_order`.
#[track_caller]
pub(crate) fn in_order(given: &Given, ask: &Ask, faults: &[Fault], not_in_table_order: &[&str]) {
    let sound = given.clone().when(ask.clone());
    assert!(!sound.in_short().is_empty() && sound.in_short().contains(char::is_uppercase), "{sound:#?}");
    for (i, first) in faults.iter().enumerate() {
        let alone = told(given, ask, &[first]);
        assert_eq!(alone, first.code, "{} alone", first.code);
        for later in &faults[i + 1..] {
            // What spoils the same field differently is spoilt last by the earlier one.
            let both = told(given, ask, &[later, first]);
            assert_eq!(both, first.code, "{} and {}", first.code, later.code);
        }
    }
    let place = |code: &str| Refusal::TABLE.iter().position(|it| it.code == code).expect("a known code");
    let places: Vec<_> =
        faults.iter().filter(|it| !not_in_table_order.contains(&it.code)).map(|it| place(it.code)).collect();
    assert!(places.is_sorted(), "the table of refusals has another order: {places:?}");
}

fn told(given: &Given, ask: &Ask, faults: &[&Fault]) -> String {
    let mut given = given.clone();
    let mut ask = ask.clone();
    for fault in faults {
        given = given.and_all((fault.history)());
        ask = (fault.ask)(ask);
    }
    given.when(ask).in_short()
}
