//! What stands on the log: envelope, lead, decision, binding, and the rule that tells valid from void.
