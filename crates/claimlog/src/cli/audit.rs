//! The command line of `audit`.

use std::path::PathBuf;

use claim_audit::Moment;
use claim_domain::ids::ClaimId;
use claim_domain::time::Instant;
use claim_journal::{NotAPartition, Position};
use clap::{Args, Subcommand};

use super::View;

/// What to audit.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Audit {
    /// The chain, the order, every decision decided again, every view refolded; exits with 3 and the position.
    ///
    /// Where checkpoints were signed (`audit checkpoint`, `audit prove`), the journal is compared with all of them too: a record
    /// that was changed since is found, also when everything behind it was chained again.
    Verify {
        /// Leaves the views out.
        #[arg(long, env = "CLAIMLOG_NO_VIEWS")]
        no_views: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// The past as it was: a claim, or a view, at a time or at a cursor.
    ///
    /// `claimlog audit as-of 2026-04-30T12:00:00Z claim ID` tells what was decided at or before that time. A decision is of
    /// the time it was judged at, the one that every rule used: when its command was received, but not before its customer's
    /// last decision. A deadline is of the time it was due, also when its record was written later. So two audits of one
    /// time agree, whatever was down meanwhile; only what was received by then and not decided yet is not told.
    ///
    /// `claimlog audit as-of c_3-17_program-2 view eligible --partner P --engagement E` tells what the log said when it stood
    /// at that cursor, as any answer about state carries one, and nothing that came later. What time it was is then the newest
    /// time that the log had told.
    ///
    /// The journal is folded up to there into a temporary file; log and views are left alone. Personal data is shown as far as
    /// its keys are still there. Exits with 1 when the time is still to come, or the log does not reach the cursor.
    AsOf {
        /// A time in UTC, such as 2026-04-30T12:00:00Z, or a cursor.
        #[arg(value_name = "TIME|CURSOR")]
        moment: Moment,
        #[command(subcommand)]
        what: PastOf,
    },
    /// One page on why a claim is what it is: every decision about it, and what decided it.
    ///
    /// Of each decision: the command and who asked, what came of it, the terms that held and the facts that were looked at as
    /// they were known then, the numbers of the rules that decided, the deadline that runs from there on, and what would have
    /// happened otherwise: had the command come after the deadline, or before the one that beat it. That is decided again by
    /// the same rules, not guessed. At the end stands what each rule says.
    Explain {
        /// The claim's id.
        claim: ClaimId,
    },
    /// What would have been under other terms: decides the journal's commands again and lists the claims that differ.
    ///
    /// Nothing is written. The commands are taken as they were received; what people would have asked for instead, nobody
    /// knows. Once a claim comes to something else, its deadlines fire by the changed due times, and commands about a claim
    /// that is not there are refused. Listed is where outcome, payout or place in the views differ, the first difference
    /// first, with counts by reason; and how many known customers without an open claim change their place.
    ///
    /// Try what a stricter rule would have cost: take the command that published the engagement, change its terms, and run
    /// `claimlog audit what-if --terms changed.json`. Exits with 0 whether anything differs or not, with 2 when the
    /// terms contradict the rules.
    WhatIf(WhatIf),
    /// Signs what the journal is now, if it still is what was signed before.
    ///
    /// A checkpoint is one root over all records: a Merkle tree for each partition (RFC 6962), and one over their heads. Each
    /// extends those before it; where the journal is not what was signed, nothing is signed, the record is named, and the exit
    /// status is 3. Run it now and then, and whenever what was paid must be shown later.
    Checkpoint(Checkpoint),
    /// Proves to others that a decision about a claim stands in the journal: prints a proof of at most 4 KB.
    ///
    /// Signs a checkpoint first, if there are new records. The proof holds the decision that gave the claim its status, or the
    /// one that --position names, with who asked and what came of it, and the hashes from it to the signed root; who has the public key can check it without the journal
    /// (`audit check-proof`). Personal data in it stays closed. It proves what was decided, not that nothing came later: that
    /// the next proof tells.
    ///
    /// `claimlog audit prove ID > claim.proof; claimlog audit check-proof claim.proof --public-key checkpoint.pub`
    Prove(Prove),
    /// Checks a proof with a public key and nothing else; exits with 3 when it does not hold.
    ///
    /// Takes what `audit prove` prints, and what `audit checkpoint --since` prints. Needs no data directory and no network.
    CheckProof(CheckProof),
    /// Writes decisions, events and claims as Parquet, for pandas, DuckDB, Spark and the like.
    ///
    /// decisions.parquet has a row for each decision of the journal, events.parquet for each event, claims.parquet for each claim
    /// as it is at the end. `claimlog schema parquet` tells what each column means; the files say it too, and how far the
    /// journal went (`claimlog.cursor`). The journal is checked while it is read; one that is not sound is not exported, and the
    /// exit status is 3.
    ///
    /// Personal data is opened: guard the files. What was erased is null (`erased` says so of the row). Erasing does not reach
    /// files that were exported before. --no-personal leaves personal data out and needs no keys.
    ///
    /// `claimlog audit export --parquet out; duckdb -c "select status, count(*) from 'out/claims.parquet' group by 1"`
    Export(Export),
}

/// Arguments of `audit export`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Export {
    /// The folder to write into; nothing in it is overwritten.
    #[arg(long, value_name = "DIR", env = "CLAIMLOG_PARQUET")]
    pub(crate) parquet: PathBuf,
    /// Leaves personal data out.
    #[arg(long, env = "CLAIMLOG_NO_PERSONAL")]
    pub(crate) no_personal: bool,
}

/// Where checkpoints and their key are.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Folder {
    /// The auditor's folder: the key, which is made on first use, its public half (checkpoint.pub), and what was signed.
    ///
    /// Keep it away from who can write the data directory: with the log and the key a forged journal can be signed.
    ///
    /// [default: beside the data directory, its name with -audit]
    #[arg(long, value_name = "DIR", env = "CLAIMLOG_AUDIT_DIR")]
    pub(crate) audit_dir: Option<PathBuf>,
}

/// Arguments of `audit checkpoint`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Checkpoint {
    /// Prints the proof that the new checkpoint extends this one, as `audit checkpoint --json` printed it then.
    #[arg(long, value_name = "FILE", env = "CLAIMLOG_SINCE")]
    pub(crate) since: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

/// Arguments of `audit prove`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Prove {
    /// The claim's id.
    pub(crate) claim: ClaimId,
    /// Another decision about it than the one that gave it its status, as `claimlog history` shows it, such as 3/218.
    #[arg(long, value_name = "PARTITION/SEQUENCE", value_parser = position, env = "CLAIMLOG_POSITION")]
    pub(crate) position: Option<Position>,
    /// Writes the record too, for a proof that is too short to hold it.
    #[arg(long, value_name = "FILE", env = "CLAIMLOG_RECORD")]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

fn position(text: &str) -> Result<Position, String> {
    let (partition, sequence) =
        text.split_once('/').ok_or("write it as PARTITION/SEQUENCE, such as 3/218")?;
    Ok(Position {
        partition: partition.parse().map_err(|error: NotAPartition| error.to_string())?,
        sequence: sequence.parse().map_err(|_| "the sequence is a whole number")?,
    })
}

/// Arguments of `audit check-proof`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CheckProof {
    /// The proof.
    #[arg(value_name = "FILE")]
    pub(crate) proof: PathBuf,
    /// The public key of whoever signed, as it stands in checkpoint.pub.
    #[arg(long, value_name = "FILE", env = "CLAIMLOG_PUBLIC_KEY")]
    pub(crate) public_key: PathBuf,
    /// The record, for a proof that leaves it out.
    #[arg(long, value_name = "FILE", env = "CLAIMLOG_RECORD")]
    pub(crate) record: Option<PathBuf>,
}

/// Arguments of `audit what-if`.
#[derive(Clone, Debug, Args)]
pub(crate) struct WhatIf {
    /// The changed terms: one or more PublishEngagement commands, or their bodies {"engagement": …, "terms": {…}}.
    #[arg(long, value_name = "FILE", env = "CLAIMLOG_TERMS")]
    pub(crate) terms: PathBuf,
    /// As if they had been published then, and instead of what was published later; claims made before keep their terms.
    ///
    /// [default: they replace every version ever published]
    #[arg(long, value_name = "TIME", env = "CLAIMLOG_WHAT_IF_FROM")]
    pub(crate) from: Option<Instant>,
    /// The most claims to list.
    #[arg(long, env = "CLAIMLOG_LIMIT", default_value_t = 50)]
    pub(crate) limit: usize,
}

/// Whose past.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum PastOf {
    /// One claim as it was.
    Claim {
        /// The claim's id.
        id: ClaimId,
    },
    /// The rows of one of the three views as they were.
    View(View),
}
