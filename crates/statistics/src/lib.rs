//! Histograms, divergences, nulls and summaries: pure functions on slices, each with its formula.

pub mod distance;
pub mod distribution;
pub mod divergence;
pub mod edges;
pub mod estimators;
pub mod histogram;
pub mod interval;
pub mod neighbours;
pub mod null;
pub mod random;
pub mod rank;
pub mod summary;
pub mod trend;
