//! What lies on the shared file system for the jobs of an array: written by the runner before it submits them, and by
//! each job on its node.
//!
//! ```text
//! slurm/arrays/ARRAY/script       what Slurm starts
//! slurm/arrays/ARRAY/job          Slurm's number of the array, once it is known
//! slurm/arrays/ARRAY/3.task       the processes of its job 3
//! slurm/arrays/ARRAY/3.told       what it tells while it runs; there as soon as it has begun
//! slurm/arrays/ARRAY/3.end        how it ended: the one truth about that
//! slurm/arrays/ARRAY/3.words      what Slurm itself has to say of it
//! slurm/keys/KEY                  `ARRAY 3`: who works on the key
//! ```

use crate::task::{Ending, Task};
use blake3::Hash;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGKILL, SIGTERM};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use store::files::{Durable, Project};

/// One job of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The array's name, which is also the name of its jobs in Slurm.
    pub array: String,
    /// Its number in the array.
    pub number: usize,
}

/// What a job leaves when its processes have ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct End {
    /// The node on which it ran.
    pub node: String,
    /// How long its processes took, in seconds.
    pub seconds: f64,
    /// How they ended; nothing if the process that watched over them was killed.
    pub ending: Option<Ending>,
}

impl End {
    /// Whether a process was ended from outside: killed, as the system does it where memory runs out, or asked to end, as Slurm
    /// does it where time does.
    pub fn is_kill(&self) -> bool {
        let by = |signal| self.ending.as_ref().is_some_and(|ending| ending.was_ended_by(signal));
        by(SIGKILL) || by(SIGTERM)
    }
}

/// The folder of an array.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// What of an array's jobs lies in its folder.
#[derive(Debug, Default)]
pub struct Seen {
    /// Those that have begun.
    pub begun: BTreeSet<usize>,
    /// Those that have ended.
    pub ended: BTreeSet<usize>,
}

impl Folder {
    /// That which is given.
    pub fn at(path: PathBuf) -> Folder {
        Folder(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The script that Slurm starts.
    pub fn script(&self) -> PathBuf {
        self.0.join("script")
    }

    fn file(&self, number: usize, what: &str) -> PathBuf {
        self.0.join(format!("{number}.{what}"))
    }

    /// Writes the processes of a job.
    pub fn write_task(&self, number: usize, task: &Task) -> io::Result<()> {
        write_whole(&self.file(number, "task"), &serde_json::to_vec(task)?, Durable::Later)
    }

    /// The processes of a job, if they can be read.
    pub fn task(&self, number: usize) -> io::Result<Task> {
        Ok(serde_json::from_slice(&fs::read(self.file(number, "task"))?)?)
    }

    /// Notes Slurm's number of the array.
    pub fn write_job(&self, job: u64) -> io::Result<()> {
        write_whole(&self.0.join("job"), job.to_string().as_bytes(), Durable::Later)
    }

    /// Slurm's number of the array, if it was noted.
    pub fn job(&self) -> Option<u64> {
        fs::read_to_string(self.0.join("job")).ok()?.trim().parse().ok()
    }

    /// Slurm's name of a job, as in `61_2`; with the array's own name where its number was not noted.
    pub fn id(&self, number: usize) -> String {
        let name = || self.0.file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!("{}_{number}", self.job().map_or_else(name, |job| job.to_string()))
    }

    /// Begins a job, which may be done once only. What it tells goes into the file.
    pub fn begin(&self, number: usize) -> io::Result<File> {
        OpenOptions::new().append(true).create_new(true).open(self.file(number, "told"))
    }

    /// Where a job writes what it tells.
    pub fn told(&self, number: usize) -> PathBuf {
        self.file(number, "told")
    }

    /// Leaves word of a job's end, whole.
    pub fn write_end(&self, number: usize, end: &End) -> io::Result<()> {
        write_whole(&self.file(number, "end"), &serde_json::to_vec(end)?, Durable::Now)
    }

    /// Whether a job left word of its end.
    pub fn has_ended(&self, number: usize) -> bool {
        self.file(number, "end").exists()
    }

    /// How a job ended, if it left word of it.
    pub fn end(&self, number: usize) -> io::Result<End> {
        Ok(serde_json::from_slice(&fs::read(self.file(number, "end"))?)?)
    }

    /// What Slurm itself has to say of a job: its last lines.
    pub fn words(&self, number: usize) -> Vec<String> {
        crate::words::tail(&self.file(number, "words"), 0)
    }

    /// How Slurm is told where its own words go; `%a` is the job's number, and `%%` a percent sign.
    pub fn words_pattern(&self) -> OsString {
        let mut pattern = Vec::new();
        for byte in self.0.as_os_str().as_bytes() {
            pattern.extend(if *byte == b'%' { &b"%%"[..] } else { std::slice::from_ref(byte) });
        }
        pattern.extend(b"/%a.words");
        OsString::from_vec(pattern)
    }

    /// Looks which jobs have begun and ended, by one reading of the folder.
    pub fn look(&self) -> io::Result<Seen> {
        let mut seen = Seen::default();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let Some((number, what)) = name.to_str().and_then(|name| name.split_once('.')) else { continue };
            let Ok(number) = number.parse() else { continue };
            match what {
                "told" => drop(seen.begun.insert(number)),
                "end" => drop(seen.ended.insert(number)),
                _ => {}
            }
        }
        Ok(seen)
    }

    /// Forgets a job that is over; with its last job the folder goes.
    pub fn forget(&self, number: usize) {
        for what in ["told", "end", "words", "task"] {
            let _ = fs::remove_file(self.file(number, what));
        }
        let is_task = |entry: io::Result<fs::DirEntry>| {
            entry.is_ok_and(|entry| entry.path().extension() == Some("task".as_ref()))
        };
        if fs::read_dir(&self.0).is_ok_and(|mut entries| !entries.any(is_task)) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// All arrays of a cache, and the keys on which they work.
#[derive(Clone, Debug)]
pub struct Shelf(PathBuf);

impl Shelf {
    /// That of a project's cache.
    pub fn of(project: &Project) -> Shelf {
        Shelf::at(project.cache("slurm"))
    }

    /// That which is given.
    pub fn at(path: PathBuf) -> Shelf {
        Shelf(path)
    }

    /// The same by a path that holds in every folder.
    pub fn absolute(&self) -> io::Result<Shelf> {
        fs::create_dir_all(&self.0)?;
        Ok(Shelf(self.0.canonicalize()?))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of an array.
    pub fn folder(&self, array: &str) -> Folder {
        Folder(self.0.join("arrays").join(array))
    }

    /// A folder for a new array.
    pub fn make_folder(&self, array: &str) -> io::Result<Folder> {
        fs::create_dir_all(self.0.join("keys"))?;
        let folder = self.folder(array);
        fs::create_dir_all(&folder.0)?;
        Ok(folder)
    }

    fn key(&self, key: Hash) -> PathBuf {
        self.0.join("keys").join(key.to_hex().as_str())
    }

    /// Notes which job works on a key.
    pub fn note_key(&self, key: Hash, cell: &Cell) -> io::Result<()> {
        let text = format!("{} {}", cell.array, cell.number);
        write_whole(&self.key(key), text.as_bytes(), Durable::Later)
    }

    /// The job that was handed over for a key and of whose end no runner has heard.
    pub fn cell_of(&self, key: Hash) -> Option<Cell> {
        let text = fs::read_to_string(self.key(key)).ok()?;
        let (array, number) = text.trim().rsplit_once(' ')?;
        let cell = Cell { array: array.to_owned(), number: number.parse().ok()? };
        self.folder(array).file(cell.number, "task").exists().then_some(cell)
    }

    /// Slurm's name of the job that was handed over for a key and left no word of its end.
    pub fn at_work(&self, key: Hash) -> Option<String> {
        let cell = self.cell_of(key)?;
        let folder = self.folder(&cell.array);
        (!folder.has_ended(cell.number)).then(|| folder.id(cell.number))
    }

    /// All keys, and the job that was handed over for each; none where nothing of the job is left.
    pub fn noted(&self) -> Vec<(Hash, Option<Cell>)> {
        let entries = fs::read_dir(self.0.join("keys")).into_iter().flatten().flatten();
        let mut keys: Vec<String> =
            entries.filter_map(|entry| Some(entry.file_name().to_str()?.to_owned())).collect();
        keys.sort();
        let keys = keys.iter().filter_map(|name| Hash::from_hex(name).ok());
        keys.map(|key| (key, self.cell_of(key))).collect()
    }

    /// Forgets a job, and that it works on a key.
    pub fn forget(&self, key: Hash, cell: &Cell) {
        self.forget_key(key);
        self.folder(&cell.array).forget(cell.number);
    }

    /// Forgets that a job works on a key.
    pub fn forget_key(&self, key: Hash) {
        let _ = fs::remove_file(self.key(key));
    }

    /// Removes the folders of all arrays that are not `kept`.
    pub fn retain_arrays(&self, kept: impl Fn(&str) -> bool) {
        for entry in fs::read_dir(self.0.join("arrays")).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().is_some_and(&kept) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Writes a file that nobody else writes, so that it is seen whole or not at all, on every node.
fn write_whole(path: &Path, bytes: &[u8], durable: Durable) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push("-aside");
    let mut file = File::create(&aside)?;
    file.write_all(bytes)?;
    if durable == Durable::Now {
        file.sync_all()?;
    }
    fs::rename(&aside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_found_by_its_key_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf(folder.path().join("slurm")).absolute().unwrap();
        let key = blake3::hash(b"key");
        assert_eq!(shelf.cell_of(key), None);
        let array = shelf.make_folder("tiny-train-1").unwrap();
        let [first, second] = [0, 1].map(|number| Cell { array: "tiny-train-1".to_owned(), number });
        for cell in [&first, &second] {
            let task = Task { folder: "work".into(), steps: Vec::new() };
            array.write_task(cell.number, &task).unwrap();
        }
        shelf.note_key(key, &second).unwrap();
        assert_eq!(shelf.cell_of(key), Some(second.clone()));
        shelf.forget(key, &second);
        assert!(shelf.cell_of(key).is_none() && array.path().exists());
        array.forget(first.number);
        assert!(!array.path().exists());
    }

    #[test]
    fn a_job_begins_once_and_its_end_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let array = Folder::at(folder.path().to_path_buf());
        assert!(array.begin(12).is_ok() && array.begin(12).is_err());
        let end = End { node: "n1".to_owned(), seconds: 1.5, ending: Some(Ending::default()) };
        array.write_end(12, &end).unwrap();
        let seen = array.look().unwrap();
        assert_eq!((seen.begun, seen.ended), (BTreeSet::from([12]), BTreeSet::from([12])));
        assert_eq!(array.end(12).unwrap().node, "n1");
        assert!(array.has_ended(12) && !array.has_ended(1));
    }
}
