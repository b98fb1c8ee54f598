//! Histograms, divergences, nulls and summaries: pure functions on slices, each with its formula.

pub mod divergence;
pub mod histogram;
pub mod null;
pub mod random;
pub mod rank;
pub mod summary;
