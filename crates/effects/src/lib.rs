//! Performs the effects of the ledger and reports their results as commands.
