//! What earlier runs made, and where it is kept.
//!
//! `files` knows the pipeline's folder and writes files whole, `digests` remembers what each file holds, `key` names a job by what it
//! depends on. [`Store`] (`objects`) keeps outputs once under their digest, with the records of jobs; `place` links them to results/.
//! More than half of a run with nothing to do is spent here, so it is compiled for speed, unlike the runner.

pub mod digests;
pub mod error;
pub mod files;
pub mod key;
mod objects;
mod place;

pub use error::Error;
pub use objects::{Kept, Object, Record, Store, StoredObject, StoredRecord};
pub use place::{Found, Placed};
