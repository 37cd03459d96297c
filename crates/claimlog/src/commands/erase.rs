//! `erase`: persons are erased for good.

use std::io;

use anyhow::{Context, Result};
use claim_intake::keys::{Erased, Receipt, Whom};
use serde_json::json;

use crate::cli::Global;
use crate::cli::erase::{Erase, Named};
use crate::exit::{Status, UsageError};
use crate::node::wall;
use crate::output;

/// Runs `erase`.
///
/// # Errors
/// When stdin names nobody, or the list of erasures or the keys cannot be written: then nobody can be said to be erased.
pub(crate) fn run(global: &Global, args: &Erase) -> Result<Status> {
    let whom = whom(&args.whom)?;
    let (store, at) = (global.keys()?, wall());
    let receipts = store
        .erase(&whom, &args.reason, at)
        .context("not everyone is erased, repeat it until it succeeds")?;
    let list = store.erasures().path();
    let count = |state| receipts.iter().filter(|it| it.state == state).count();
    let unknown = count(Erased::Unknown);
    if global.json {
        output::json(&json!({
            "erased_at": at, "reason": args.reason, "list": list, "persons": receipts
        }))?;
    } else {
        output::text(&output::table(["WHOM", "PERSON", "KEYS DESTROYED", "STATE"], rows(&whom, &receipts)))?;
        let (erased, already) = (count(Erased::Erased), count(Erased::AlreadyErased));
        eprintln!(
            "{erased} erased, {already} already erased, {unknown} unknown, at {at} for {}; listed in {}",
            args.reason,
            list.display()
        );
    }
    Ok(if unknown == 0 { Status::Done } else { Status::CouldNot })
}

/// Whom the command line and stdin name.
fn whom(named: &[Named]) -> Result<Vec<Whom>> {
    let mut whom = Vec::new();
    for named in named {
        match named {
            Named::Here(it) => whom.push(it.clone()),
            Named::Stdin => {
                for (line, number) in io::stdin().lines().zip(1..) {
                    let line = line.context("reading stdin")?;
                    if line.trim().is_empty() {
                        continue;
                    }
                    let it = line.trim().parse();
                    whom.push(it.map_err(|error| UsageError(format!("stdin, line {number}: {error}")))?);
                }
            }
        }
    }
    if whom.is_empty() {
        return Err(UsageError("stdin names nobody".to_owned()).into());
    }
    Ok(whom)
}

/// One row a receipt; an address is not repeated.
fn rows<'a>(whom: &'a [Whom], receipts: &'a [Receipt]) -> impl Iterator<Item = [String; 4]> + 'a {
    whom.iter().zip(receipts).map(|(whom, receipt)| {
        let named = match whom {
            Whom::Person(person) if person.starts_with("customer:") => "customer",
            Whom::Person(_) => "person",
            Whom::Contact(_) => "contact",
        };
        let person = receipt.person.as_deref().unwrap_or("(none found)").to_owned();
        [named.to_owned(), person, receipt.keys.len().to_string(), receipt.state.to_string()]
    })
}
