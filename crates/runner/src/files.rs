//! The pipeline's folder: where things lie in it, what is outside of it, and files that appear whole.

use crate::errors::{Error, io_error};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of the runner's own files.
pub const STATE: &str = ".priorscope";

/// The folder that a pipeline.yaml stands in.
#[derive(Clone, Debug)]
pub struct Project {
    /// As the user wrote it, so that printed paths can be pasted; empty for the current folder.
    root: PathBuf,
    /// Without links, to tell inside from outside.
    canonical: PathBuf,
    /// Links may lead outside.
    allow_outside: bool,
}

impl Project {
    /// The folder of a pipeline file that exists.
    pub fn of(pipeline: &Path, allow_outside: bool) -> Result<Project, Error> {
        let root = pipeline.parent().unwrap_or(Path::new("")).to_path_buf();
        let shown = if root.as_os_str().is_empty() { Path::new(".") } else { &root };
        let canonical = shown.canonicalize().map_err(io_error("find", shown))?;
        Ok(Project { root, canonical, allow_outside })
    }

    /// The path of something in the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The path of something among the runner's own files.
    pub fn state(&self, relative: &str) -> PathBuf {
        self.root.join(STATE).join(relative)
    }

    /// A short name of a path, the same from wherever the runner is called.
    pub fn name_of(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        inside.to_string_lossy().into_owned()
    }

    /// Whether a path lies inside, all links followed. What does not exist yet lies where its nearest
    /// existing folder does.
    pub fn holds(&self, path: &Path) -> bool {
        if self.allow_outside {
            return true;
        }
        for ancestor in path.ancestors() {
            let ancestor = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
            match ancestor.canonicalize() {
                Ok(real) => return real.starts_with(&self.canonical),
                // A link that leads nowhere would be written through.
                Err(_) if ancestor.is_symlink() => return false,
                Err(_) => {}
            }
        }
        false
    }

    /// Makes the folder of a file, if it lies inside.
    pub fn make_parent(&self, path: &Path) -> Result<(), Error> {
        let parent = path.parent().unwrap_or(Path::new(""));
        if !self.holds(parent) {
            let message = format!(
                "{} leads out of the pipeline's folder; --allow-outside permits it",
                parent.display()
            );
            return Err(Error::Usage(message));
        }
        fs::create_dir_all(parent).map_err(io_error("make the folder", parent))
    }

    /// Writes a file aside and renames it, so that it is there whole or not at all.
    pub fn write_whole(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        self.make_parent(path)?;
        let aside = self.aside()?;
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&aside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&aside, path)
        };
        write().map_err(|source| {
            let _ = fs::remove_file(&aside);
            io_error("write", path)(source)
        })
    }

    /// A new name in the folder for unfinished files, which is emptied when a runner starts.
    pub fn aside(&self) -> Result<PathBuf, Error> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let path = self.state("tmp").join(NUMBER.fetch_add(1, Ordering::Relaxed).to_string());
        self.make_parent(&path)?;
        Ok(path)
    }

    /// Removes what a killed runner left unfinished. Only for the holder of the lock.
    pub fn clear_aside(&self) {
        let _ = fs::remove_dir_all(self.state("tmp"));
    }
}

/// Makes a rename or a new link in the folder of `path` survive a power cut.
pub fn sync_parent(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_out_are_outside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
        std::os::unix::fs::symlink("/nowhere", root.join("dangling")).unwrap();
        let project = Project::of(&root.join("p.yaml"), false).unwrap();
        assert!(project.holds(&root.join("results/not/yet")));
        assert!(!project.holds(&root.join("link/passwd")));
        assert!(!project.holds(&root.join("dangling/x")));
        assert!(!project.holds(Path::new("/etc/passwd")));
        assert!(Project::of(&root.join("p.yaml"), true).unwrap().holds(&root.join("link/passwd")));
    }
}
