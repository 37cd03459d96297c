//! What a log is: the traits, their errors, and the suite every log must pass.
