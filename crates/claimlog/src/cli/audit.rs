//! The command line of `audit`.

use claim_audit::Moment;
use claim_domain::ids::ClaimId;
use clap::Subcommand;

use super::View;

/// What to audit.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Audit {
    /// The chain, the order, every decision decided again, every view refolded; exits with 3 and the position.
    Verify {
        /// Leaves the views out.
        #[arg(long, env = "CLAIMLOG_NO_VIEWS")]
        no_views: bool,
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
