//! Verifies a log without trusting the engine: chain, order, decisions, views.
