//! What every key store must do, in a file and on a server.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::{fs, thread};

use claim_domain::ids::CustomerId;
use claim_domain::time::Instant;
use claim_testkit::stores::{Place, Store, on_every_store};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Erased, Erasure, Erasures, Found, KeyStore, Keys, KeysError, PersonKey, PersonRef, Whom};

pub(super) fn contact(partner: &str, email: &str) -> PersonRef {
    PersonRef::Contact { partner: partner.parse().unwrap(), email: email.parse().unwrap() }
}

pub(super) fn mina() -> PersonRef {
    contact("p-contoso", "mina@fabrikam.example")
}

pub(super) fn many(count: u32) -> Vec<PersonRef> {
    (0..count).map(|n| contact("p-contoso", &format!("u{n}@fabrikam.example"))).collect()
}

pub(super) fn one(keys: &dyn Keys, person: PersonRef) -> PersonKey {
    keys.ensure(&[person]).unwrap().remove(0)
}

/// Where no list of erasures is.
const NOWHERE: &str = "/where/nothing/is";

fn store(place: &Place) -> KeyStore {
    listed(place, Path::new(NOWHERE))
}

fn listed(place: &Place, list: &Path) -> KeyStore {
    KeyStore::new(place.at().parse().unwrap(), Erasures::at(list.to_owned()))
}

pub(super) fn erasure(key: &PersonKey) -> Erasure {
    Erasure {
        person: key.person.clone(),
        keys: vec![key.key],
        reason: "GDPR-2211".parse().unwrap(),
        erased_at: at(),
    }
}

fn at() -> Instant {
    Instant::from_ms(1_767_225_600_000)
}

fn whom(person: &str) -> Whom {
    person.parse().unwrap()
}

fn open(place: &Place) -> Arc<dyn Keys> {
    store(place).open().unwrap()
}

#[test] // DESIGN §7
fn a_person_is_one_per_partner_and_address_and_keeps_its_key() {
    on_every_store(|kind| {
        let place = kind.place();
        let keys = open(&place);
        let others = [
            mina(),
            contact("p-contoso", "MINA@Fabrikam.example"),
            contact("p-contoso", "ken@fabrikam.example"),
            contact("p-other", "mina@fabrikam.example"),
            PersonRef::Customer(CustomerId(Uuid::from_u128(7))),
        ];
        let got = keys.ensure(&others).unwrap();
        assert_eq!(got.len(), 5);
        assert_eq!(got[0], got[1]);
        for (a, b) in [(0, 2), (0, 3), (0, 4), (2, 3)] {
            assert!(
                got[a].person != got[b].person && got[a].key != got[b].key && got[a].secret != got[b].secret
            );
        }
        assert_eq!(Uuid::parse_str(&got[0].person).unwrap().get_version_num(), 4);
        assert_eq!(&*got[4].person, "customer:00000000-0000-0000-0000-000000000007");
        assert_eq!(keys.ensure(&others).unwrap(), got, "asked again");

        let secret = keys.secret().clone();
        drop(keys);
        let again = open(&place);
        assert_eq!(again.ensure(&others).unwrap(), got, "opened again");
        assert_eq!(again.secret(), &secret);
        assert_eq!(again.find(got[3].key).unwrap(), Found::Key(got[3].clone()));
    });
}

#[test] // F-87
fn writers_that_meet_a_new_person_at_once_get_one_key() {
    on_every_store(|kind| {
        let place = kind.place();
        let stores: Vec<_> = (0..4).map(|_| open(&place)).collect();
        let start = Barrier::new(stores.len());
        let (one_by_one, together) = (many(50), many(100));
        let got: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = stores
                .iter()
                .enumerate()
                .map(|(number, keys)| {
                    let (start, one_by_one, mut together) = (&start, &one_by_one, together.clone());
                    scope.spawn(move || {
                        start.wait();
                        let first: Vec<_> = one_by_one.iter().map(|it| one(&**keys, it.clone())).collect();
                        // Batches that hold the same persons in other orders.
                        together.rotate_left(number * 25);
                        let mut rest = keys.ensure(&together).unwrap();
                        rest.rotate_right(number * 25);
                        (first, rest)
                    })
                })
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert!(got.iter().all(|keys| keys == &got[0]));
        assert_eq!((got[0].0.len(), got[0].1.len()), (50, 100));
    });
}

#[test] // F-86
fn erased_and_never_known_and_unavailable_are_three_things() {
    on_every_store(|kind| {
        let place = kind.place();
        let (keys, other) = (open(&place), open(&place));
        let before = one(&*keys, mina());
        assert_eq!(one(&*other, mina()), before);
        keys.destroy(&[erasure(&before)]).unwrap();
        for keys in [&keys, &other] {
            assert_eq!(keys.find(before.key).unwrap(), Found::Erased);
        }
        let stranger = Uuid::from_u128(1);
        assert!(matches!(keys.find(stranger), Err(KeysError::UnknownKey(id)) if id == stranger));

        place.sql("ALTER TABLE person_key RENAME TO elsewhere");
        assert!(matches!(keys.find(before.key), Err(KeysError::Unavailable(_))));
        assert!(matches!(keys.ensure(&[mina()]), Err(KeysError::Unavailable(_))));
    });
}

#[test] // F-85
fn what_comes_of_an_erased_person_later_has_a_new_person_and_a_new_key() {
    on_every_store(|kind| {
        let place = kind.place();
        let (keys, other) = (open(&place), open(&place));
        let before = one(&*keys, mina());
        assert_eq!(one(&*other, mina()), before);
        for _again_is_safe in 0..2 {
            keys.destroy(&[erasure(&before)]).unwrap();
        }
        let after = one(&*other, mina());
        assert!(after.person != before.person && after.key != before.key && after.secret != before.secret);
        assert_eq!(one(&*keys, mina()), after);
        assert_eq!(keys.find(before.key).unwrap(), Found::Erased);
    });
}

#[test] // DESIGN §7
fn a_failed_batch_gives_out_no_key_and_keeps_none() {
    on_every_store(|kind| {
        let place = kind.place();
        let keys = open(&place);
        let (full, empty) = match kind {
            Store::Sqlite => (
                "CREATE TRIGGER full BEFORE INSERT ON person_key
                 WHEN (SELECT count(*) FROM person_key) = 1 BEGIN SELECT RAISE(ABORT, 'disk full'); END",
                "DROP TRIGGER full",
            ),
            Store::Postgres => (
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF (SELECT count(*) FROM person_key) = 1 THEN RAISE EXCEPTION 'disk full'; END IF;
                 RETURN NEW; END $$;
                 CREATE TRIGGER full_disk BEFORE INSERT ON person_key FOR EACH ROW EXECUTE FUNCTION refuse()",
                "DROP TRIGGER full_disk ON person_key",
            ),
        };
        place.sql(full);
        let two = [mina(), contact("p-contoso", "ken@fabrikam.example")];
        assert!(matches!(keys.ensure(&two), Err(KeysError::Unavailable(_))));
        let rows = || place.number("SELECT count(*) FROM person_key");
        assert_eq!(rows(), 0);
        place.sql(empty);
        assert_eq!(keys.ensure(&two).unwrap().len(), 2);
        assert_eq!(rows(), 2);
    });
}

#[test] // F-87
fn stores_opened_at_once_where_there_is_none_have_one_secret() {
    on_every_store(|kind| {
        for _ in 0..10 {
            let place = kind.place();
            let start = Barrier::new(4);
            let secrets: Vec<_> = thread::scope(|scope| {
                let open = || {
                    start.wait();
                    open(&place).secret().clone()
                };
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
                threads.into_iter().map(|it| it.join().unwrap()).collect()
            });
            assert!(secrets.iter().all(|secret| secret == &secrets[0]));
        }
    });
}

#[test]
fn what_is_not_a_key_store_is_refused_and_left_as_it_is() {
    on_every_store(|kind| {
        let place = kind.place();
        place.make();
        place.sql("CREATE TABLE others (a INTEGER)");
        for refused in [store(&place).open(), store(&place).open_read_only()] {
            assert!(matches!(refused.err(), Some(KeysError::Foreign(_))));
        }
        assert_eq!(place.columns().len(), 1);
    });
}

#[test]
fn a_read_only_store_opens_beside_its_writer_and_makes_nothing() {
    on_every_store(|kind| {
        let place = kind.place();
        assert!(matches!(store(&place).open_read_only().err(), Some(KeysError::Unavailable(_))));
        let keys = open(&place);
        let key = one(&*keys, mina());
        let reader = store(&place).open_read_only().unwrap();
        assert_eq!(reader.find(key.key).unwrap(), Found::Key(key));
        let ken = contact("p-contoso", "ken@fabrikam.example");
        assert!(matches!(reader.ensure(&[ken]), Err(KeysError::Unavailable(_))));
    });
}

#[test] // issue 5, point 17
fn erasing_lists_and_destroys_and_says_what_came_of_each() {
    on_every_store(|kind| {
        let (place, dir) = (kind.place(), TempDir::new().unwrap());
        let store = listed(&place, &dir.path().join("erasures.ndjson"));
        let customer = PersonRef::Customer(CustomerId(Uuid::from_u128(7)));
        let ken = contact("p-contoso", "ken@fabrikam.example");
        let keys = store.open().unwrap();
        let made = keys.ensure(&[mina(), customer.clone(), ken]).unwrap();
        let wish = [
            whom(&made[0].person),
            whom("customer:00000000-0000-0000-0000-000000000007"),
            whom("contact:p-other/ken@fabrikam.example"),
            whom(&made[0].person),
            whom(&Uuid::from_u128(5).to_string()),
        ];
        let receipts = store.erase(&wish, &"GDPR-2211".parse().unwrap(), at()).unwrap();
        let states: Vec<_> = receipts.iter().map(|it| it.state).collect();
        assert_eq!(
            states,
            [Erased::Erased, Erased::Erased, Erased::Unknown, Erased::Erased, Erased::Unknown]
        );
        assert_eq!((&receipts[0].keys, &receipts[2].person), (&vec![made[0].key], &None));
        let mut expected = [erasure(&made[0]), erasure(&made[1])];
        expected.sort_by(|a, b| a.person.cmp(&b.person));
        assert_eq!(store.erasures().read().unwrap(), expected);
        assert_eq!(keys.find(made[0].key).unwrap(), Found::Erased);
        assert_eq!(keys.find(made[1].key).unwrap(), Found::Erased);
        assert_eq!(keys.find(made[2].key).unwrap(), Found::Key(made[2].clone()), "nobody asked for Ken");

        // Asked again nothing is left to do; what came of the customer since is somebody new to erase (F-85).
        let after = one(&*keys, customer);
        let again = store.erase(&wish[..2], &"GDPR-2212".parse().unwrap(), at()).unwrap();
        assert_eq!((again[0].state, again[1].state), (Erased::AlreadyErased, Erased::Erased));
        assert_eq!(again[1].keys, [after.key]);

        let ken = [whom("contact:p-contoso/KEN@fabrikam.example")];
        assert_eq!(store.erase(&ken, &"a".parse().unwrap(), at()).unwrap()[0].keys, [made[2].key]);
        assert_eq!(store.erase(&ken, &"a".parse().unwrap(), at()).unwrap()[0].state, Erased::Unknown);
    });
}

#[test] // F-88
fn an_older_backup_brings_nobody_back() {
    on_every_store(|kind| {
        let (place, dir) = (kind.place(), TempDir::new().unwrap());
        let list = dir.path().join("erasures.ndjson");
        let ken = contact("p-contoso", "ken@fabrikam.example");
        let made = open(&place).ensure(&[mina(), ken]).unwrap();
        // The store as it was before Mina was erased, and before another was known who is erased too.
        let stranger = PersonKey { key: Uuid::from_u128(1), ..made[0].clone() };
        Erasures::at(list.clone()).add(&[erasure(&made[0]), erasure(&stranger), erasure(&made[0])]).unwrap();
        let there = || place.number("SELECT count(*) FROM person_key WHERE secret IS NOT NULL");

        let reader = listed(&place, &list).open_read_only().unwrap();
        assert_eq!(reader.find(made[0].key).unwrap(), Found::Erased);
        assert_eq!(there(), 2, "a reader changes nothing");
        let writer = listed(&place, &list).open().unwrap();
        assert_eq!(there(), 1, "a writer destroys what is listed");
        for keys in [reader, writer, open(&place)] {
            let (mina, ken) = (keys.find(made[0].key).unwrap(), keys.find(made[1].key).unwrap());
            assert_eq!((mina, ken), (Found::Erased, Found::Key(made[1].clone())));
        }
        assert_eq!(
            open(&place).find(stranger.key).unwrap(),
            Found::Erased,
            "not unavailable: it is gone for good"
        );
    });
}

#[test] // F-86, F-88
fn without_its_list_no_store_is_opened() {
    on_every_store(|kind| {
        let (place, dir) = (kind.place(), TempDir::new().unwrap());
        let list = dir.path().join("erasures.ndjson");
        one(&*open(&place), mina());
        fs::write(&list, "{}\n").unwrap();
        let store = listed(&place, &list);
        for refused in [store.open(), store.open_read_only()] {
            assert!(matches!(refused.err(), Some(KeysError::Erasures(_))));
        }
    });
}

#[test] // issue 5, point 17: a crash, or a full disk, between the two steps
fn nobody_is_erased_who_is_not_on_the_list_and_whoever_is_on_it_is_erased_next_time() {
    on_every_store(|kind| {
        let (place, dir) = (kind.place(), TempDir::new().unwrap());
        let made = one(&*open(&place), mina());
        let wish = [whom(&made.person)];
        let no_list = listed(&place, &dir.path().join("no/such/folder"));
        assert!(matches!(no_list.erase(&wish, &"a".parse().unwrap(), at()), Err(KeysError::Erasures(_))));
        assert_eq!(open(&place).find(made.key).unwrap(), Found::Key(made.clone()));

        let store = listed(&place, &dir.path().join("erasures.ndjson"));
        let keys = store.open().unwrap();
        place.sql("ALTER TABLE person_key RENAME TO elsewhere");
        assert!(store.erase(&wish, &"a".parse().unwrap(), at()).is_err());
        place.sql("ALTER TABLE elsewhere RENAME TO person_key");
        assert_eq!(store.erasures().read().unwrap(), [], "the person could not be looked up");
        store.erasures().add(&[erasure(&made)]).unwrap();
        assert_eq!(
            keys.find(made.key).unwrap(),
            Found::Key(made.clone()),
            "cut short before the key was destroyed"
        );
        drop(store.open().unwrap());
        assert_eq!(keys.find(made.key).unwrap(), Found::Erased);
    });
}
