//! The params of `report`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What can be set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Image of Figures 2, 4 and 8, by its image_id; -1 is the first image in the activations.
    #[schemars(range(min = -1, max = 2_147_483_647))]
    pub image: i32,
    /// Seed of the training in Figures 2 and 4; -1 is the lowest seed there is.
    #[schemars(range(min = -1))]
    pub seed: i64,
    /// Title of the page.
    pub title: String,
    /// What a reader of the verdicts should know, told below the claims; nothing where it is empty.
    pub remark: String,
    /// The command that makes the page again, as the page tells it.
    pub command: String,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            image: -1,
            seed: -1,
            title: "Does a first layer learn the distribution of its input?".to_owned(),
            remark: String::new(),
            command: "runner pipeline.yaml".to_owned(),
        }
    }
}
