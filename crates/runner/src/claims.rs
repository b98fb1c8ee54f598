//! Claims: who works on which key, and in which folder. One runner has a claim at a time, by a lock on the folder.
//!
//! A folder whose job is done is moved aside and serves the next one: to remove folders and to make new ones costs
//! some file systems (ext4) more than all else that the runner writes for a job.

use crate::errors::{Error, io_error};
use crate::holders::{self, MARK};
use blake3::Hash;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Instant;
use store::files::Project;

/// The right to work on a key, in a folder with a mark that is there as long as nobody clears the folder.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    lock: File,
}

impl Claim {
    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the folder is the one that was claimed, and nobody has cleared it since. A stage that goes on from
    /// what it left there could otherwise end well with half of it.
    pub fn is_untouched(&self) -> bool {
        same_file(&self.lock, &self.folder) && self.folder.join(MARK).exists()
    }

    /// Whether nothing of the job is left in the folder.
    fn is_empty(&self) -> bool {
        let left =
            |entry: std::io::Result<fs::DirEntry>| entry.map_or(true, |entry| entry.file_name() != MARK);
        self.is_untouched() && fs::read_dir(&self.folder).is_ok_and(|mut entries| !entries.any(left))
    }
}

fn same_file(open: &File, path: &Path) -> bool {
    let name = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (open.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(now)) => name(open) == name(now),
        _ => false,
    }
}

/// The folder in which the job of a key works.
pub fn work_folder(project: &Project, key: Hash) -> PathBuf {
    project.cache("work").join(key.to_hex().as_str())
}

/// Ends what killed runs left at work in this cache, wherever no runner has the claim, also in folders that are gone.
/// What cannot be ended is told of when its job is to run.
pub fn end_leftovers(project: &Project) {
    let Ok(work) = project.cache("work").canonicalize() else { return };
    for folder in holders::folders().into_iter().filter(|folder| folder.parent() == Some(&work)) {
        let lock = File::open(&folder);
        if lock.as_ref().map_or(true, |lock| lock.try_lock().is_ok()) {
            holders::end(&folder);
        }
    }
}

/// The names of all folders in which jobs work or have worked.
pub fn work_folders(project: &Project) -> HashSet<String> {
    let entries = fs::read_dir(project.cache("work")).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| Hash::from_hex(name).is_ok()).collect()
}

/// The claims of a run.
#[derive(Debug)]
pub struct Claims<'a> {
    project: &'a Project,
    /// Locked, marked, and without anything else in them.
    spare: Mutex<Vec<Claim>>,
    /// Whether what killed runs left at work has been ended.
    alone: Once,
    looked: Mutex<Option<Looked>>,
}

/// The folders in which something worked that has no runner any more, when that was last looked at.
#[derive(Debug)]
struct Looked {
    at: Instant,
    folders: HashSet<PathBuf>,
}

impl Claims<'_> {
    /// None yet.
    pub fn new(project: &Project) -> Claims<'_> {
        Claims { project, spare: Mutex::default(), alone: Once::new(), looked: Mutex::default() }
    }

    /// Whether something works in a folder that has no runner any more, by a look not older than a time: many claims at once
    /// share one, for it goes through all processes of the system.
    fn has_holders(&self, folder: &Path, since: Instant) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.as_ref().is_none_or(|looked| looked.at < since) {
            *looked = Some(Looked { at: Instant::now(), folders: holders::folders() });
        }
        let canonical = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        looked.as_ref().is_some_and(|looked| looked.folders.contains(&canonical))
    }

    /// Claims the work on a key, or `None` while another runner works on it.
    pub fn claim(&self, key: Hash) -> Result<Option<Claim>, Error> {
        let folder = work_folder(self.project, key);
        self.project.make_parent(&folder)?;
        self.alone.call_once(|| end_leftovers(self.project));
        if let Some(claim) = self.claim_with_spare(&folder) {
            return Ok(Some(claim));
        }
        let is_left = folder.exists();
        for _ in 0..100 {
            self.project.make_parent(&folder.join(MARK))?;
            let Ok(lock) = File::open(&folder) else { continue };
            match lock.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(io_error("lock", &folder)(error)),
                // The folder may have been removed and made anew before it was locked.
                Ok(()) if same_file(&lock, &folder) => {
                    let mark = folder.join(MARK);
                    File::create(&mark).map_err(io_error("write", &mark))?;
                    if is_left && self.has_holders(&folder, Instant::now()) && !holders::end(&folder) {
                        return Err(Error::Usage(format!(
                            "processes that a killed run left still work in {}, and cannot be ended",
                            folder.display()
                        )));
                    }
                    return Ok(Some(Claim { folder, lock }));
                }
                Ok(()) => {}
            }
        }
        Err(Error::Usage(format!("{} is removed again and again", folder.display())))
    }

    /// Makes a spare folder that of a key, unless the key has one.
    fn claim_with_spare(&self, folder: &Path) -> Option<Claim> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        if renameat_with(CWD, &spare.folder, CWD, folder, RenameFlags::NOREPLACE).is_ok() {
            return Some(Claim { folder: folder.to_path_buf(), lock: spare.lock });
        }
        // Another job left something there, which goes on with it; or the cache was removed.
        if spare.is_untouched() {
            self.keep(spare);
        }
        None
    }

    fn keep(&self, spare: Claim) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(spare);
    }

    /// Ends the work: what is left in its folder is of no use any more.
    pub fn finish(&self, claim: Claim) {
        if claim.is_empty()
            && let Ok(aside) = self.project.aside_cache()
            && renameat_with(CWD, &claim.folder, CWD, &aside, RenameFlags::NOREPLACE).is_ok()
        {
            self.keep(Claim { folder: aside, lock: claim.lock });
        } else {
            let _ = fs::remove_dir_all(&claim.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that another test is just starting holds every open file for a moment, and with it the lock of a claim that ended.
    fn soon(claims: &Claims<'_>, key: Hash) -> Claim {
        for _ in 0..1000 {
            if let Some(claim) = claims.claim(key).unwrap() {
                return claim;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("the folder is not free after a second");
    }

    #[test]
    fn a_folder_serves_one_job_after_another_and_never_two_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let [here, there] =
            [(); 2].map(|()| Project::of(&folder.path().join("p.yaml"), false, None).unwrap());
        let (claims, others) = (Claims::new(&here), Claims::new(&there));
        let [first, second] = ["first", "second"].map(|name| blake3::hash(name.as_bytes()));
        let claim = soon(&claims, first);
        assert!(claim.is_untouched() && others.claim(first).unwrap().is_none());
        let inode = fs::metadata(work_folder(&here, first)).unwrap().ino();
        claims.finish(claim);
        assert!(work_folders(&here).is_empty());
        // What is done may be claimed by another, and the folder serves the next job.
        let theirs = soon(&others, first);
        let claim = soon(&claims, second);
        assert_eq!(fs::metadata(work_folder(&here, second)).unwrap().ino(), inode);
        assert!(claim.is_untouched() && theirs.is_untouched() && others.claim(second).unwrap().is_none());
        claims.finish(claim);
        assert!(claims.claim(first).unwrap().is_none(), "a spare folder does not take another's place");
        // What a killed job left is gone on with, and not given to another.
        drop(theirs);
        fs::write(work_folder(&here, first).join("left"), "half").unwrap();
        let claim = soon(&claims, first);
        assert!(work_folder(&here, first).join("left").exists());
        claims.finish(claim);
        assert!(work_folders(&here).is_empty());
    }

    #[test]
    fn a_folder_that_was_cleared_is_not_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::of(&folder.path().join("p.yaml"), false, None).unwrap();
        let claims = Claims::new(&project);
        let key = blake3::hash(b"key");
        let claim = soon(&claims, key);
        fs::remove_file(work_folder(&project, key).join(MARK)).unwrap();
        assert!(!claim.is_untouched());
        claims.finish(claim);
        let claim = soon(&claims, key);
        claims.finish(claim);
        fs::remove_dir_all(project.cache("")).unwrap();
        let claim = soon(&claims, key);
        assert!(claim.is_untouched());
    }
}
