//! Rebuilding and verifying beside the live views.

use claim_journal::{Offsets, PartitionId};
use claim_projector::fixtures::{Desk, boxed, day};
use claim_projector::{
    Definition, DifferenceKind, Fact, Projector, StoreError, Tables, Views, params, rebuild, verify,
};
use serde_json::json;

use super::{Counts, Place, busy_desk, events_of_claims};
use claim_testkit::stores::on_every_store;

#[test] // I-21, F-37
fn a_rebuilt_view_is_the_live_one() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        let mut runner = place.runner(&desk);
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        for name in [None, Some("inputs"), Some("counts")] {
            rebuild(&mut runner, &desk.log, name, &mut |_| ()).unwrap();
            assert_eq!(place.verify(&desk).difference, None, "{name:?}");
        }
        desk.add("p-1", "e-1", "8", "After the rebuild", day(70));
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        assert_eq!(place.verify(&desk).difference, None);
    });
}

#[test] // I-21
fn a_rebuild_repairs_what_was_changed_by_hand() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        place.sql("UPDATE counts SET count = 99; DELETE FROM claims; DELETE FROM known;");
        let mut runner = place.runner(&desk);
        rebuild(&mut runner, &desk.log, Some("counts"), &mut |_| ()).unwrap();
        assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
        assert!(place.verify(&desk).difference.is_some(), "only the named view is rebuilt");
        rebuild(&mut runner, &desk.log, None, &mut |_| ()).unwrap();
        assert_eq!(place.verify(&desk).difference, None);
    });
}

#[test] // I-21: what was read from damaged tables does not outlive them
fn after_a_rebuild_folding_goes_on_from_the_fresh_tables() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Positions);
        let claim = desk.add("p-1", "e-1", "8", "Damaged", day(70));
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        place.sql("UPDATE claims SET state = replace(state, '\"hours\":null', '\"hours\":7')");
        let mut runner = place.runner(&desk);
        let comment = |desk: &mut Desk| {
            let body = json!({"claim": claim, "text": boxed("words")});
            desk.as_partner(claim, "AddComment", body, day(71));
        };
        comment(&mut desk);
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        rebuild(&mut runner, &desk.log, None, &mut |_| ()).unwrap();
        comment(&mut desk);
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        assert_eq!(place.verify(&desk).difference, None);
    });
}

#[test] // I-20: on a log whose partitions are read one after another, as brokers may give them
fn a_fresh_fold_stops_exactly_where_the_live_views_stand() {
    on_every_store(|store| {
        let in_order = busy_desk(Offsets::Count);
        let by_partition = busy_desk(Offsets::Count);
        by_partition.log.damage(|stored| {
            let program = |it: &claim_log::Stored| it.partition != PartitionId::Program;
            stored.sort_by_key(|it| (program(it), it.partition, it.offset));
        });
        for count in 1..in_order.log.len() {
            let place = Place::new(store);
            let mut runner = place.runner(&in_order);
            runner.catch_up(&in_order.log.first(count), &mut |_| ()).unwrap();
            rebuild(&mut runner, &by_partition.log, None, &mut |_| ()).unwrap();
            assert_eq!(place.verify(&in_order).difference, None);
            runner.catch_up(&by_partition.log, &mut |_| ()).unwrap();
            assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&in_order));
        }
    });
}

#[test] // I-20
fn verify_finds_a_change_of_any_column_of_any_table() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        let whole = place.verify(&desk);
        assert!(whole.difference.is_none() && whole.rows > 30, "{whole:?}");
        assert_eq!(whole.views, ["inputs", "counts"]);
        let columns: Vec<_> = place.0.columns();
        let of_views =
            |table: &str| !["views", "checkpoints", "voids", "runner", "program", "folds"].contains(&table);
        let columns: Vec<_> = columns.into_iter().filter(|it| of_views(&it.0)).collect();
        assert!(columns.len() > 30, "{columns:?}");
        for (table, column, is_text) in columns {
            let more =
                if is_text { format!("coalesce({column}, '') || '~'") } else { format!("{column} + 1000") };
            place.sql(&format!("CREATE TABLE good AS SELECT * FROM {table}"));
            place.sql(&format!(
                "UPDATE {table} SET {column} = {more} \
             WHERE {column} IS NOT DISTINCT FROM (SELECT max({column}) FROM {table})"
            ));
            let found = place.verify(&desk).difference;
            let found = found.unwrap_or_else(|| panic!("{table}.{column} was changed and nothing was found"));
            assert_eq!(found.table, table, "{found}");
            if let DifferenceKind::Changed { column: named, .. } = &found.kind {
                assert_eq!(*named, column, "{found}");
            }
            place.sql(&format!(
                "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM good; DROP TABLE good"
            ));
        }
        assert_eq!(place.verify(&desk).difference, None);
    });
}

#[test] // I-20: both ways
fn verify_finds_a_row_too_many_and_a_row_too_few() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        place.sql("INSERT INTO counts VALUES ('c000-x', 1)");
        assert_eq!(place.verify(&desk).difference.unwrap().kind, DifferenceKind::Unexpected);
        place.sql("DELETE FROM counts WHERE claim = 'c000-x'; DELETE FROM counts WHERE claim = (SELECT max(claim) FROM counts)");
        let found = place.verify(&desk).difference.unwrap();
        assert_eq!(found.kind, DifferenceKind::Missing);
        assert!(found.to_string().starts_with("table counts, row claim=c"), "{found}");
    });
}

#[test]
fn an_unknown_name_is_told_with_the_known_ones() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        let mut runner = place.runner(&desk);
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        let refused = rebuild(&mut runner, &desk.log, Some("elegible"), &mut |_| ()).unwrap_err();
        assert_eq!(refused.to_string(), "there is no view elegible: name one of inputs, counts");
    });
}

/// The next version of [`Counts`], which counts double and has another table.
struct Doubles;

impl Projector for Doubles {
    const NAME: &'static str = "counts";
    const VERSION: u32 = 2;
    const DDL: &'static str =
        "CREATE TABLE counts (claim TEXT PRIMARY KEY, count INTEGER NOT NULL, more TEXT) STRICT;";
    const TABLES: &'static [&'static str] = &["counts"];

    fn apply(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
        let Some(claim) = fact.event.claim() else { return Ok(()) };
        let sql = "INSERT INTO counts VALUES (?1, 2, NULL) \
                   ON CONFLICT (claim) DO UPDATE SET count = counts.count + 2";
        tables.write(sql, params![claim.to_string()]).map(drop)
    }
}

#[test]
fn a_view_that_was_left_behind_is_folded_afresh_when_it_comes_back() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        desk.add("p-1", "e-1", "8", "Meanwhile", day(70));
        place.runner_with(&desk, vec![]).catch_up(&desk.log, &mut |_| ()).unwrap();
        assert!(place.number("SELECT sum(count) FROM counts") < events_of_claims(&desk));
        place.fold(&desk).unwrap();
        assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
    });
}

#[test] // STYLE "A projector", F-84
fn a_view_of_another_version_or_a_new_one_is_folded_afresh() {
    on_every_store(|store| {
        let mut desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        place.runner_with(&desk, vec![]).catch_up(&desk.log, &mut |_| ()).unwrap();
        place.fold(&desk).unwrap();
        assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk), "a new view");
        desk.add("p-1", "e-1", "8", "Meanwhile", day(70));
        let definitions = vec![Definition::of::<Doubles>()];
        place.runner_with(&desk, definitions.clone()).catch_up(&desk.log, &mut |_| ()).unwrap();
        assert_eq!(place.number("SELECT sum(count) FROM counts"), 2 * events_of_claims(&desk));
        let views = Views::open_read_only(place.at()).unwrap();
        let verified =
            verify(&views, Offsets::Positions, &definitions, &desk.log, None, &mut |_| ()).unwrap();
        assert_eq!(verified.difference, None);
        let older = [Definition::of::<Counts>()];
        let refused = verify(&views, Offsets::Positions, &older, &desk.log, None, &mut |_| ()).unwrap_err();
        assert!(refused.to_string().contains("view counts has version 2"), "{refused}");
    });
}
