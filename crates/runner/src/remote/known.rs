//! The keys that are known to be in a shared cache, so that a run with nothing to upload does not ask it.

use super::address::Address;
use crate::errors::Error;
use blake3::Hash;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use store::Store;
use store::files::{Durable, Project};

/// The keys, in the order of their digits.
#[derive(Debug, Default)]
pub struct Known {
    path: PathBuf,
    keys: BTreeSet<String>,
    /// Those that turned out not to be there.
    gone: BTreeSet<String>,
    changed: bool,
}

impl Known {
    /// What earlier runs knew of a shared cache. With another secret it has other entries.
    pub fn load(project: &Project, address: &Address) -> Known {
        let tag = address.signer.as_ref().map(|signer| signer.tag(b"known").to_string()).unwrap_or_default();
        let name = blake3::hash(format!("{} {tag}", address.shown).as_bytes());
        let path = project.state(&format!("remote/{name}"));
        Known { keys: read(&path), path, ..Known::default() }
    }

    /// Whether a key is there.
    pub fn holds(&self, key: Hash) -> bool {
        self.keys.contains(key.to_hex().as_str())
    }

    /// A key is there.
    pub fn insert(&mut self, key: Hash) {
        self.changed |= self.keys.insert(key.to_string());
        self.gone.remove(key.to_hex().as_str());
    }

    /// A key is not there, or not as it should be.
    pub fn remove(&mut self, key: Hash) {
        self.changed |= self.keys.remove(key.to_hex().as_str());
        self.gone.insert(key.to_string());
    }

    /// Keeps them for the next run, with those that another one learnt meanwhile; not those that are not here any more.
    pub fn save(&mut self, project: &Project, store: &Store) -> Result<(), Error> {
        if !self.changed {
            return Ok(());
        }
        let others = read(&self.path);
        self.keys.extend(others.into_iter().filter(|key| !self.gone.contains(key)));
        self.keys.retain(|key| Hash::from_hex(key).is_ok_and(|key| store.has_record(key)));
        let lines: String = self.keys.iter().map(|key| format!("{key}\n")).collect();
        project.write_whole(&self.path, lines.as_bytes(), Durable::Later)?;
        self.changed = false;
        Ok(())
    }
}

fn read(path: &PathBuf) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|line| Hash::from_hex(line).is_ok()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Record;
    use store::digests::Digests;

    #[test]
    fn what_two_runs_learn_at_once_is_known_afterwards_but_not_what_is_gone_or_no_longer_here() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::of(&folder.path().join("p.yaml"), false, None).unwrap();
        let digests = Digests::load(&project);
        let store = Store { project: &project, digests: &digests };
        let address = Address::open("file:///share", false, None).unwrap();
        let [one, two, three, lost] =
            ["one", "two", "three", "lost"].map(|name| blake3::hash(name.as_bytes()));
        for key in [one, two, three] {
            let record = Record { job: "j".to_owned(), seconds: 0.0, outputs: vec![], fields: vec![] };
            store.keep_record(key, &record, Durable::Later).unwrap();
        }
        let [mut first, mut second] = [(); 2].map(|()| Known::load(&project, &address));
        [one, three, lost].into_iter().for_each(|key| first.insert(key));
        second.insert(two);
        second.remove(three);
        first.save(&project, &store).unwrap();
        second.save(&project, &store).unwrap();
        let known = Known::load(&project, &address);
        assert_eq!([one, two, three, lost].map(|key| known.holds(key)), [true, true, false, false]);
        assert!(!Known::load(&project, &Address::open("file:///other", false, None).unwrap()).holds(one));
    }
}
