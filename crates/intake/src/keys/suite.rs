//! What every key store must do, in a file and on a server.

use std::sync::{Arc, Barrier};
use std::thread;

use claim_domain::ids::CustomerId;
use claim_testkit::stores::{Place, Store, on_every_store};
use uuid::Uuid;

use super::{Found, KeyStore, Keys, KeysError, PersonKey, PersonRef};

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

fn store(place: &Place) -> KeyStore {
    place.at().parse().unwrap()
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
        keys.erase(&before.person).unwrap();
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
        assert_eq!(keys.erase(&before.person).unwrap(), 1);
        assert_eq!(keys.erase(&before.person).unwrap(), 0, "repeating is safe");
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
