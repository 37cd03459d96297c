//! From bytes to routed commands: strict decoding, identity, facts, sealing.
