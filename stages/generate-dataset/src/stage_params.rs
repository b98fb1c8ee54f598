//! The params of `generate-dataset`.

use algorithm1::Placement;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use statistics::distribution::Family;

/// What can be set; the defaults are the paper's.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Training images a class.
    #[schemars(range(min = 1, max = 100_000))]
    pub train_per_class: u32,
    /// Test images a class.
    #[schemars(range(min = 1, max = 100_000))]
    pub test_per_class: u32,
    /// Shape of the pixels' distribution P(X), which has mean 0.
    pub distribution: Family,
    /// Variance of P(X); the standard deviation is its root, so 1024 means 32.
    #[schemars(range(max = 1e12), extend("exclusiveMinimum" = 0))]
    pub variance: f64,
    /// Where the sorted values go.
    pub placement: Placement,
    /// Seed of the choice of digits, the pixels and the random labels.
    pub seed: u32,
}

impl Default for Params {
    fn default() -> Self {
        let placement = Placement::Raster;
        let distribution = Family::Normal;
        Params {
            train_per_class: 1000,
            test_per_class: 1000,
            distribution,
            variance: 1024.0,
            placement,
            seed: 1,
        }
    }
}
