//! Folds the journal into SQL views: order, gaps, checkpoints, rebuild, the standing inputs.
