//! The places of outputs in results/: links to the store, where a user's own files are never lost.

use crate::digests;
use crate::error::{Error, io_error};
use crate::objects::{Object, Store};
use blake3::Hash;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How an output came to its place in results/.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It was there.
    There,
    /// It was put there.
    Linked,
    /// It was put there, and what a user had written there is kept beside it, as the line says.
    BesideEdit(String),
}

/// What lies at an output's place in results/.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The output.
    Right,
    /// Nothing.
    Nothing,
    /// What the runner put there earlier, as after a run with other params, or another output of the cache.
    Other,
    /// What a user made of an output.
    Edited,
    /// What this cache has never seen.
    Foreign,
}

impl Store<'_> {
    /// Looks at an output's place in results/ without changing anything.
    pub fn look(&self, digest: Hash, relative: &str) -> Found {
        let path = self.project.path(relative);
        let Ok(metadata) = fs::symlink_metadata(&path) else { return Found::Nothing };
        let placed = self.digests.placed(&path);
        // A link or a folder is none of ours, whatever it leads to.
        let found = if metadata.is_file() { self.digests.digest(&path).ok() } else { None };
        match found {
            Some(found) if found == digest => Found::Right,
            Some(found) if placed == Some(found) || self.object(found) == Object::Intact => Found::Other,
            _ if placed.is_some() => Found::Edited,
            _ => Found::Foreign,
        }
    }

    /// Puts an output to its place in results/. What a user has put there instead is kept beside it.
    pub fn place(&self, digest: Hash, relative: &str) -> Result<Placed, Error> {
        let path = self.project.path(relative);
        let mut placed = Placed::Linked;
        match self.look(digest, relative) {
            Found::Right => {
                self.digests.note_placed(&path, digest);
                return Ok(Placed::There);
            }
            Found::Nothing | Found::Other => {}
            found @ (Found::Edited | Found::Foreign) => {
                let kept = free_name(&path);
                fs::rename(&path, &kept).map_err(io_error("rename", &path))?;
                let name = kept.file_name().unwrap_or_default().to_string_lossy();
                let path = path.display();
                let note = if found == Found::Edited {
                    format!("{path} was edited: kept your version as {name}, restored")
                } else {
                    format!("{path} was not made by this cache: kept it as {name}")
                };
                placed = Placed::BesideEdit(note);
            }
        }
        self.project.make_parent(&path)?;
        let object = self.object_path(digest);
        if self.link(&object, &path)? {
            self.digests.remember_link(&object, &path);
            self.digests.note_placed(&path, digest);
            return Ok(placed);
        }
        // Another file system, or one without hard links.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = path.with_file_name(format!(".{name}.priorscope-unfinished"));
        let _ = fs::remove_file(&beside);
        let copy = || -> io::Result<(Hash, fs::Metadata)> {
            fs::copy(&object, &beside)?;
            let copied = (digests::hash(&beside)?, fs::metadata(&beside)?);
            fs::rename(&beside, &path)?;
            Ok(copied)
        };
        let (copied, metadata) = copy().map_err(|source| {
            let _ = fs::remove_file(&beside);
            io_error("write", &path)(source)
        })?;
        self.digests.remember(&path, &metadata, copied);
        self.digests.note_placed(&path, digest);
        Ok(placed)
    }

    /// Puts a link to an object at a path, where the file system can. What is there already is replaced in one step.
    fn link(&self, object: &Path, path: &Path) -> Result<bool, Error> {
        match fs::hard_link(object, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            linked => return Ok(linked.is_ok()),
        }
        let aside = self.project.aside_results()?;
        let linked = fs::hard_link(object, &aside).and_then(|()| fs::rename(&aside, path));
        // Its name is still there where it and the path were links to the same file.
        let _ = fs::remove_file(&aside);
        Ok(linked.is_ok())
    }

    /// Whether the content of an object that is not in the store lies in results/ still.
    pub fn is_in_results(&self, digest: Hash, relative: &str) -> bool {
        let path = self.project.path(relative);
        fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file())
            && self.digests.digest(&path).is_ok_and(|found| found == digest)
    }

    /// Removes an output from the store and from results/, unless a user has changed it there.
    pub fn drop_output(&self, digest: Hash, relative: &str) -> Result<(), Error> {
        let path = self.project.path(relative);
        if self.digests.digest(&path).is_ok_and(|found| found == digest) {
            fs::remove_file(&path).map_err(io_error("remove", &path))?;
            self.digests.note_removed(&path);
        }
        self.drop_object(digest)
    }
}

/// The first of NAME.edited, NAME.edited2, ... that is free.
fn free_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut number = 1_u64;
    loop {
        let suffix = if number == 1 { String::new() } else { number.to_string() };
        let free = path.with_file_name(format!("{name}.edited{suffix}"));
        if free.symlink_metadata().is_err() {
            return free;
        }
        number += 1;
    }
}
