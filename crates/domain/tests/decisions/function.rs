//! `decide` is a function: the same inputs give the same bytes, whatever was put in first, on any machine, for ever.

use proptest::prelude::*;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::chance::cases;
use crate::story::Story;
use crate::story::chance::{fixed, moves};
use crate::world::{Decided, World, command};

proptest! {
    #![proptest_config(cases(24))]

    #[test] // DESIGN rule 6
    fn the_same_inputs_give_the_same_bytes_in_whatever_order_they_were_put_in(moves in moves(100)) {
        let mut world = World::default();
        for (asked, _) in &Story::of(&moves, 0).told {
            world.touch(asked);
            let once = world.decide(asked, &command(asked));
            let again = world.decide(asked, &command(asked));
            prop_assert_eq!(bytes(&once), bytes(&again));

            let mut other_way_round = world.clone();
            other_way_round.customers = other_way_round.customers.map(|it| put_in_backwards(&it));
            prop_assert_eq!(&other_way_round.customers, &world.customers);
            let decided = other_way_round.decide(asked, &put_in_backwards(&command(asked)));
            prop_assert_eq!(bytes(&once), bytes(&decided));
            world.apply(asked, &once);
        }
    }
}

/// What stands on the log of a decision, but for what the engine adds.
fn bytes(decided: &Decided) -> String {
    match decided {
        Ok(events) => serde_json::to_string(events),
        Err(reason) => serde_json::to_string(reason),
    }
    .unwrap()
}

/// The same value, read from a text in which every object and every list without an order stands backwards.
fn put_in_backwards<T: Serialize + serde::de::DeserializeOwned>(it: &T) -> T {
    let text = backwards(&serde_json::to_value(it).unwrap(), "");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Lists whose order says something; a list of lists holds the pairs of a map.
const IN_ORDER: [&str; 5] = ["engagements", "known", "effects", "all", "any"];

fn backwards(json: &Value, name: &str) -> String {
    match json {
        Value::Object(fields) if fields.contains_key("body") => {
            // type, version and body of a command stand in this order
            let it = |name: &str| format!("\"{name}\":{}", backwards(&fields[name], name));
            format!("{{{},{},{}}}", it("type"), it("version"), it("body"))
        }
        Value::Object(fields) => {
            let each = fields.iter().rev().map(|(key, value)| {
                let inside = if name == "known" { name } else { key };
                format!("{}:{}", Value::from(key.as_str()), backwards(value, inside))
            });
            format!("{{{}}}", each.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => {
            let is_pair = name == "a pair";
            let inside = if is_pair || list.iter().all(Value::is_array) { "a pair" } else { "" };
            let mut each: Vec<_> = list.iter().map(|it| backwards(it, inside)).collect();
            if !is_pair && !IN_ORDER.contains(&name) {
                each.reverse();
            }
            format!("[{}]", each.join(","))
        }
        other => other.to_string(),
    }
}

#[test] // DESIGN rule 6: byte for byte, but for the sentences
fn a_long_history_comes_to_what_it_always_came_to() {
    let mut world = World::default();
    let mut hash = Sha256::new();
    let mut found = String::new();
    for (number, (asked, _)) in Story::of(&fixed(20_261_126, 1_000), 100).told.iter().enumerate() {
        let told = world.tell(asked);
        let fired: Vec<_> = told.fired.iter().flat_map(|it| &it.events).collect();
        let answer =
            told.answer.as_ref().map_or_else(|reason| vec![reason], |events| events.iter().collect());
        hash.update(serde_json::to_string(&(fired, answer)).unwrap());
        if (number + 1) % 100 == 0 {
            found += &format!("{} {:x}\n", number + 1, Hex(&hash.clone().finalize()));
        }
    }
    let fold = serde_json::to_string(&world.customers).unwrap();
    found += &format!("fold {:x}\n", Hex(&Sha256::digest(fold)));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/decisions/golden.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    assert_eq!(
        found, golden,
        "decisions differ from those of earlier programs: raise `RULES`, or UPDATE_GOLDEN=1"
    );
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
