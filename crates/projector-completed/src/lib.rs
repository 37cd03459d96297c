//! The Completed view: claims in a terminal state.
