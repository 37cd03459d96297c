//! `audit export`: the journal as Parquet.

use anyhow::Result;
use claim_audit::export::{Content, Opened, Sealed, export};
use claim_intake::keys::Keys;
use claim_intake::seal::{Inside, Place, open};
use claim_journal::Offsets;
use claim_log_embedded::EmbeddedReader;

use crate::cli::Global;
use crate::cli::audit::Export;
use crate::exit::Status;
use crate::output;
use crate::reading;

/// Runs `audit export`.
///
/// # Errors
/// When the journal is not sound, personal data cannot be opened, or the files cannot be written.
pub(super) fn run(global: &Global, args: &Export) -> Result<Status> {
    let log = EmbeddedReader::open(global.data())?;
    let keys = if args.no_personal { None } else { Some(reading::keys(global)?) };
    let mut opener = |sealed: Sealed<'_>| match &keys {
        Some(keys) => opened(&**keys, sealed),
        None => Ok(Content::LeftOut),
    };
    let bar = output::progress("exporting decisions", None);
    let exported =
        export(&log, Offsets::Positions, &args.parquet, &mut opener, &mut |done| bar.set_position(done));
    bar.finish_and_clear();
    let exported = exported?;
    if global.json {
        output::json(&exported)?;
    } else {
        let rows = exported
            .files
            .iter()
            .map(|it| [it.path.display().to_string(), it.rows.to_string(), it.bytes.to_string()]);
        output::text(&output::table(["FILE", "ROWS", "BYTES"], rows))?;
        eprintln!("the journal up to {}", exported.cursor);
    }
    Ok(Status::Done)
}

fn opened(keys: &dyn Keys, it: Sealed<'_>) -> Opened {
    let source = it.source.to_string();
    let place = Place { source: &source, command: it.command, field: it.field };
    Ok(match open(keys, place, it.sealed)? {
        Inside::Plain(value) => Content::Plain(value),
        Inside::Erased => Content::Erased,
    })
}
