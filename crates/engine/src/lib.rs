//! One writer per partition: recall, decide, append, fire deadlines, tell.
