//! The pipeline's folder and its cache: where things lie, what is outside, and files that appear whole.

use crate::error::{Error, io_error};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// The folder of the runner's own files.
pub const STATE: &str = ".priorscope";

/// The folder in a shared cache that is the runner's: whatever else lies beside it is not touched.
const CACHE: &str = "priorscope-cache";

/// The side on which a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Cache,
    Project,
}

/// The folder that a pipeline.yaml stands in.
#[derive(Debug)]
pub struct Project {
    /// As the user wrote it, so that printed paths can be pasted; empty for the current folder.
    root: PathBuf,
    /// Without links, to tell inside from outside.
    canonical: PathBuf,
    /// Links may lead outside.
    allow_outside: bool,
    /// Where outputs are kept, if not among the runner's own files here.
    cache: Option<PathBuf>,
    /// For the cache, and for everything else; they may be on two file systems.
    aside: [OnceLock<Aside>; 2],
    /// Folders that were seen to lie inside.
    inside: Mutex<HashSet<PathBuf>>,
}

/// When a file must survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// At once, which takes the disk some time.
    Now,
    /// When the system gets to it. Right for what is checked when it is read, or can be lost.
    Later,
}

/// This runner's own folder for unfinished files. The lock on it says that the runner is alive.
#[derive(Debug)]
struct Aside {
    folder: PathBuf,
    _lock: File,
    next: AtomicU64,
}

/// A folder of unfinished files that is younger may belong to a runner that has not locked it yet.
const NEW: Duration = Duration::from_secs(60);

impl Project {
    /// The folder of a pipeline file that exists. `cache` is a folder in which outputs are kept, in a folder of
    /// their own; several projects may share it.
    pub fn of(pipeline: &Path, allow_outside: bool, cache: Option<PathBuf>) -> Result<Project, Error> {
        let root = pipeline.parent().unwrap_or(Path::new("")).to_path_buf();
        let shown = if root.as_os_str().is_empty() { Path::new(".") } else { &root };
        let canonical = shown.canonicalize().map_err(io_error("find", shown))?;
        let cache = cache.map(|cache| cache.join(CACHE));
        Ok(Project {
            root,
            canonical,
            allow_outside,
            cache,
            aside: Default::default(),
            inside: Mutex::default(),
        })
    }

    /// The path of something in the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The path of something among the runner's own files.
    pub fn state(&self, relative: &str) -> PathBuf {
        self.root.join(STATE).join(relative)
    }

    /// The path of something in the cache, which other pipelines and projects may share.
    pub fn cache(&self, relative: &str) -> PathBuf {
        match &self.cache {
            Some(cache) => cache.join(relative),
            None => self.state(relative),
        }
    }

    /// Tells a shared cache that this folder uses it, so that `gc` there keeps what is needed here.
    pub fn register(&self) -> Result<(), Error> {
        if self.cache.is_none() {
            return Ok(());
        }
        let name = self.canonical.to_string_lossy().into_owned();
        let path = self.cache(&format!("projects/{}", blake3::hash(name.as_bytes())));
        if path.exists() { Ok(()) } else { self.write_whole(&path, name.as_bytes(), Durable::Later) }
    }

    /// The other folders that use the cache, whether they are there or not.
    pub fn sharers(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.cache("projects")).into_iter().flatten().flatten();
        let folders = entries.filter_map(|entry| fs::read_to_string(entry.path()).ok()).map(PathBuf::from);
        let mut folders: Vec<PathBuf> = folders.filter(|folder| *folder != self.canonical).collect();
        folders.sort();
        folders
    }

    /// Waits until all that was written to the cache survives a power cut.
    pub fn sync_cache(&self) -> Result<(), Error> {
        let folder = self.cache("");
        if !folder.exists() {
            return Ok(());
        }
        let sync = || Ok(rustix::fs::syncfs(File::open(&folder)?)?);
        sync().map_err(io_error("sync", &folder))
    }

    /// The folder without links, which tells projects apart.
    pub fn canonical(&self) -> &Path {
        &self.canonical
    }

    /// A short name of a path, the same from wherever the runner is called.
    pub fn name_of(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        inside.to_string_lossy().into_owned()
    }

    /// Whether a path lies inside, all links followed. What does not exist yet lies where its nearest
    /// existing folder does.
    pub fn holds(&self, path: &Path) -> bool {
        if self.allow_outside || self.cache.as_ref().is_some_and(|cache| path.starts_with(cache)) {
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

    /// Whether an existing file lies among the results of a pipeline or the runner's own files, all links followed.
    pub fn is_own(&self, path: &Path, pipeline: &str) -> bool {
        let own = [self.canonical.join(STATE), self.canonical.join("results").join(pipeline)];
        path.canonicalize().is_ok_and(|path| own.iter().any(|folder| path.starts_with(folder)))
    }

    /// Makes the folder of a file, if it lies inside.
    pub fn make_parent(&self, path: &Path) -> Result<(), Error> {
        let parent = path.parent().unwrap_or(Path::new(""));
        let known = || self.inside.lock().is_ok_and(|inside| inside.contains(parent));
        if !known() && !self.holds(parent) {
            let message = format!(
                "{} leads out of the pipeline's folder; --allow-outside permits it",
                parent.display()
            );
            return Err(Error::Place(message));
        }
        fs::create_dir_all(parent).map_err(io_error("make the folder", parent))?;
        if let Ok(mut inside) = self.inside.lock() {
            inside.insert(parent.to_path_buf());
        }
        Ok(())
    }

    /// Writes a file aside and renames it, so that it is there whole or not at all. After a power cut it may be
    /// there in part, unless it is [`Durable::Now`].
    pub fn write_whole(&self, path: &Path, bytes: &[u8], durable: Durable) -> Result<(), Error> {
        self.make_parent(path)?;
        let shared = self.cache.as_ref().is_some_and(|cache| path.starts_with(cache));
        let aside = self.aside(if shared { Side::Cache } else { Side::Project })?;
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&aside)?;
            file.write_all(bytes)?;
            if durable == Durable::Now {
                file.sync_all()?;
            }
            fs::rename(&aside, path)
        };
        write().map_err(|source| {
            let _ = fs::remove_file(&aside);
            io_error("write", path)(source)
        })
    }

    /// A new name for an unfinished file that is to be renamed into results/.
    pub fn aside_results(&self) -> Result<PathBuf, Error> {
        self.aside(Side::Project)
    }

    /// A new name for an unfinished file that is to be renamed into the cache.
    pub fn aside_cache(&self) -> Result<PathBuf, Error> {
        self.aside(Side::Cache)
    }

    fn tmp(&self, side: Side) -> PathBuf {
        if side == Side::Cache { self.cache("tmp") } else { self.state("tmp") }
    }

    fn aside(&self, side: Side) -> Result<PathBuf, Error> {
        let slot = &self.aside[side as usize];
        if slot.get().is_none() {
            let made = self.make_aside(side)?;
            let _ = slot.set(made);
        }
        let aside = slot.get().ok_or_else(|| Error::Place("no folder for unfinished files".into()))?;
        let path = aside.folder.join(aside.next.fetch_add(1, Ordering::Relaxed).to_string());
        self.make_parent(&path)?;
        Ok(path)
    }

    fn make_aside(&self, side: Side) -> Result<Aside, Error> {
        let all = self.tmp(side);
        self.make_parent(&all.join("x"))?;
        for number in 0_u64.. {
            let folder = all.join(format!("{}.{number}", std::process::id()));
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(io_error("make the folder", &folder)(error)),
                Ok(()) => {
                    let lock = File::open(&folder)
                        .and_then(|lock| lock.try_lock().map(|()| lock).map_err(Into::into));
                    let lock = lock.map_err(io_error("lock", &folder))?;
                    return Ok(Aside { folder, _lock: lock, next: AtomicU64::new(0) });
                }
            }
        }
        Err(Error::Place(format!("{} is full", all.display())))
    }

    /// Removes the unfinished files of runners that were killed.
    pub fn clear_aside(&self) {
        let folders = [Side::Cache, Side::Project].map(|side| fs::read_dir(self.tmp(side)));
        for entry in folders.into_iter().flatten().flatten().flatten() {
            if !is_aside(&entry.file_name().to_string_lossy()) {
                continue;
            }
            let old = entry
                .metadata()
                .and_then(|m| m.modified())
                .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > NEW));
            if old
                && let Ok(folder) = File::open(entry.path())
                && folder.try_lock().is_ok()
            {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        for aside in self.aside.iter().filter_map(OnceLock::get) {
            let _ = fs::remove_dir_all(&aside.folder);
        }
    }
}

/// Whether a name is one that [`Project::make_aside`] gives.
fn is_aside(name: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    name.split_once('.').is_some_and(|(pid, n)| number(pid) && number(n))
}

/// Removes what lies at a path, file or folder or link, if anything does.
pub fn remove_whatever(path: &Path) -> Result<(), Error> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    };
    removed.map_err(io_error("remove", path))
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
    fn unfinished_files_of_living_runners_stay() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::of(&folder.path().join("p.yaml"), false, None).unwrap();
        let (mine, dead) = (project.aside_results().unwrap(), project.cache("tmp/0.0"));
        fs::create_dir(project.cache("tmp/thesis")).unwrap();
        fs::write(&mine, "half").unwrap();
        fs::create_dir(&dead).unwrap();
        let past = std::time::SystemTime::now() - 2 * NEW;
        for folder in [mine.parent().unwrap(), &dead, &project.cache("tmp/thesis")] {
            File::open(folder).unwrap().set_modified(past).unwrap();
        }
        project.clear_aside();
        assert!(mine.exists() && !dead.exists() && project.cache("tmp/thesis").exists());
        let kept = mine.clone();
        drop(project);
        assert!(!kept.exists());
    }

    #[test]
    fn links_that_lead_out_are_outside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
        std::os::unix::fs::symlink("/nowhere", root.join("dangling")).unwrap();
        let project = Project::of(&root.join("p.yaml"), false, None).unwrap();
        assert!(project.holds(&root.join("results/not/yet")));
        assert!(!project.holds(&root.join("link/passwd")));
        assert!(!project.holds(&root.join("dangling/x")));
        assert!(!project.holds(Path::new("/etc/passwd")));
        assert!(Project::of(&root.join("p.yaml"), true, None).unwrap().holds(&root.join("link/passwd")));
    }
}
