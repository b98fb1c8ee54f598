//! The tables that pass between stages: what columns they have, and how they are read and written.
//!
//! A table is declared once, as a [`Table`] of [`Column`]s in [`catalogue`]. From that declaration come its Arrow
//! schema, the checks that a file passes when it is opened, and the descriptions that travel inside every file.
//!
//! ```
//! use tables::catalogue;
//! let column = catalogue::DATASET.columns.iter().find(|c| c.name == "pixels").unwrap();
//! assert_eq!(column.kind.to_string(), "fixed_shape_tensor<float32>[32, 32]");
//! ```

pub mod catalogue;
pub mod dataset;
mod error;
mod groups;
mod keep;
mod kind;
mod nearest;
pub mod picture;
mod read;
mod sink;
mod write;

pub use error::Error;
pub use groups::{Group, GroupEncoder, GroupWriter};
pub use keep::Keeper;
pub use kind::{Column, Element, Kind, Table, Tensor};
pub use nearest::nearest;
pub use read::{Batch, EncodedImages, Lists, Numbers, Only, Reader, metadata};
pub use write::{Cells, Provenance, Writer};

/// Pixels along one side of an image: 32.
pub const SIDE: usize = 32;

/// Pixels of an image: 1,024.
pub const PIXELS: usize = SIDE * SIDE;

/// The networks of Table 1 as tables name them, in the order of f1's channels.
pub const NETWORKS: [&str; 3] = ["cnn1", "cnn2", "cnn3"];

/// Classes of digits: 10.
pub const CLASSES: usize = 10;
