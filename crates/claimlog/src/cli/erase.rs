//! The command line of `erase`.

use claim_intake::keys::{Reason, Whom};
use clap::Args;

/// Arguments of `erase`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Erase {
    /// Whom: a person's id, customer:ID or contact:PARTNER/ADDRESS; `-` reads one a line from stdin, where no other user of
    /// the machine sees an address.
    #[arg(required = true, value_name = "PERSON|customer:ID", value_parser = named)]
    pub(crate) whom: Vec<Named>,
    /// Why, for the list of erasures and the receipt: one word, such as the number of a ticket.
    #[arg(long, value_name = "TICKET", env = "CLAIMLOG_REASON")]
    pub(crate) reason: Reason,
}

/// Who is meant.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    /// These.
    Here(Whom),
    /// Those on stdin.
    Stdin,
}

fn named(text: &str) -> Result<Named, String> {
    match text {
        "-" => Ok(Named::Stdin),
        text => text.parse().map(Named::Here).map_err(|error: claim_intake::keys::NotWhom| error.to_string()),
    }
}
