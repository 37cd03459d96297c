//! What tests share: given, when, then; sample data; fixed time and ids.
