//! The default log: one directory of segment files with group commit.
