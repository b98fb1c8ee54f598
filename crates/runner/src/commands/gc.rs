//! `runner gc`: removes from the store what no pipeline needs any more, the longest unused first.

use super::answer;
use crate::arguments::{self, Common, GcArguments};
use crate::claims;
use crate::errors::{Error, io_error};
use crate::last::LastRuns;
use crate::lock::CacheUse;
use crate::open;
use crate::phrases::{bytes, counted};
use crate::preview;
use crate::programs::Descriptions;
use crate::slurm::{self, Shelf};
use blake3::Hash;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use store::digests::{self, Digests};
use store::files::Project;
use store::{Record, Store, StoredRecord};

/// How much may stay of what nothing needs.
#[derive(Clone, Copy, Debug, Default)]
struct Allowance {
    /// What was used within this time.
    age: Option<Duration>,
    /// As much as fits into a store of so many bytes.
    size: Option<u64>,
}

#[derive(Default, Serialize)]
struct Collection {
    dry_run: bool,
    removed_jobs: Vec<String>,
    removed_outputs: usize,
    removed_results: Vec<PathBuf>,
    removed_work_folders: usize,
    /// On which Slurm may be at work, for no run follows them.
    jobs_left_to_slurm: usize,
    removed_bytes: u64,
    left_bytes: u64,
    /// What the pipelines need, of what is left.
    needed_bytes: u64,
}

/// Answers the command line.
pub(crate) fn gc(arguments: GcArguments) -> Result<(), Error> {
    let GcArguments { pipelines, age, size, all: _, dry_run, cache, allow_outside, json } = arguments;
    let first = pipelines.first().cloned().unwrap_or_default();
    let project = arguments::project(&first, allow_outside, cache.clone())?;
    let _use = CacheUse::exclusive(&project, &super::WAIT_FOR_RUNNERS)?;
    let digests = Digests::load(&project);
    let mut needed = HashSet::new();
    let mut given = HashSet::new();
    let mut outputs = HashSet::new();
    for pipeline in pipelines {
        let common = Common::of(pipeline, allow_outside, cache.clone());
        if common.project()?.canonical() != project.canonical() {
            let path = common.pipeline.display();
            return Err(Error::Usage(format!("{path} stands in another folder: run gc for it by itself")));
        }
        let opened = open::open(&common, false, &project, &digests, &mut Descriptions::load(&project))?;
        let mut last = LastRuns::load(&project, &opened.plan.name);
        let setting = opened.setting(&project, &digests);
        needed.extend(preview::preview(&setting, &last).keys.into_iter().flatten());
        let jobs: HashSet<String> =
            (0..opened.plan.jobs.len()).map(|job| opened.plan.job_name(job)).collect();
        last.retain(|job| jobs.contains(job));
        needed.extend(last.keys());
        if !dry_run {
            last.save(&project)?;
        }
        given.insert(opened.plan.name.clone());
        let files = opened.plan.processes.iter().flat_map(|process| &process.outputs);
        outputs.extend(files.filter_map(|output| Some(project.path(output.file.as_deref()?))));
    }
    needed.extend(needed_by_others(&project, &given)?);
    let store = Store { project: &project, digests: &digests };
    // What a pipeline that is given no longer makes.
    let folders: Vec<PathBuf> = given.iter().map(|name| project.path("results").join(name)).collect();
    let stale =
        |path: &Path| folders.iter().any(|folder| path.starts_with(folder)) && !outputs.contains(path);
    collect(&store, &needed, stale, Allowance { age, size }, dry_run, json)?;
    if dry_run { Ok(()) } else { Ok(digests.save()?) }
}

/// The keys that the pipelines need which are not `given`: all that their last runs made, here and in every other
/// folder that shares the cache.
fn needed_by_others(project: &Project, given: &HashSet<String>) -> Result<HashSet<Hash>, Error> {
    let mut needed = HashSet::new();
    for name in LastRuns::pipelines(project).iter().filter(|name| !given.contains(*name)) {
        needed.extend(LastRuns::load(project, name).keys());
    }
    for folder in project.sharers() {
        if !folder.is_dir() {
            return Err(Error::Usage(format!(
                "{} shares this cache and is not there; bring it back, or remove its file in {} to give up what it needs",
                folder.display(),
                project.cache("projects").display()
            )));
        }
        let other = Project::of(&folder.join("pipeline.yaml"), false, None)?;
        for name in LastRuns::pipelines(&other) {
            needed.extend(LastRuns::load(&other, &name).keys());
        }
    }
    Ok(needed)
}

/// Removes records that are not `needed` and beyond the allowance, then every object that no record names, the
/// links to those objects in results/ and those that are `stale`, and what killed attempts left. With `dry_run` only says what it would remove.
fn collect(
    store: &Store,
    needed: &HashSet<Hash>,
    stale: impl Fn(&Path) -> bool,
    allowance: Allowance,
    dry_run: bool,
    json: bool,
) -> Result<(), Error> {
    let sizes: HashMap<Hash, u64> =
        store.objects()?.into_iter().map(|object| (object.digest, object.size)).collect();
    let mut records = Vec::new();
    for path in store.records()? {
        records.push(store.read_record(&path));
    }
    let (kept, mut spare): (Vec<StoredRecord>, Vec<StoredRecord>) =
        records.into_iter().partition(|record| needed.contains(&record.key));
    spare.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.path.cmp(&b.path)));

    let needed_objects: HashSet<Hash> = kept.iter().flat_map(digests).collect();
    let size = |objects: &HashSet<Hash>| objects.iter().filter_map(|digest| sizes.get(digest)).sum::<u64>();
    let needed_bytes = size(&needed_objects);

    // The youngest are kept first, until the allowance is used up.
    let mut left = needed_objects.clone();
    let mut left_bytes = needed_bytes;
    let mut removed: Vec<StoredRecord> = Vec::new();
    let now = SystemTime::now();
    for record in spare.into_iter().rev() {
        let young = |age| now.duration_since(record.used).is_ok_and(|unused| unused <= age);
        let mine: HashSet<Hash> = digests(&record).filter(|digest| !left.contains(digest)).collect();
        let fits = |limit: u64| left_bytes.saturating_add(size(&mine)) <= limit;
        let stays = record.record.is_some()
            && match (allowance.age, allowance.size) {
                (None, None) => false,
                (age, limit) => age.is_none_or(young) && limit.is_none_or(fits),
            };
        if stays {
            left_bytes += size(&mine);
            left.extend(mine);
        } else {
            removed.push(record);
        }
    }
    removed.reverse();

    let gone: BTreeSet<String> =
        sizes.keys().filter(|digest| !left.contains(*digest)).map(|digest| digest.to_string()).collect();
    let is_gone = |digest: &Hash| gone.contains(digest.to_hex().as_str());
    let results = store.project.path("results");
    let all = allowance.age.is_none() && allowance.size.is_none();
    let removed_results: Vec<PathBuf> = store
        .digests
        .all_placed()
        .into_iter()
        .filter(|(path, digest)| is_gone(digest) || all && stale(path))
        // What is removed for good is read, whatever its time stamp says.
        .filter(|(path, digest)| store.project.holds(path) && digests::hash(path).is_ok_and(|d| d == *digest))
        .map(|(path, _)| path)
        .collect();
    let shelf = Shelf::of(store.project);
    let at_work: HashSet<String> = slurm::at_work(&shelf).iter().map(Hash::to_string).collect();
    // A training that was broken off goes on from there: only a long time, or --all, takes that away.
    let old = |folder: &PathBuf| {
        let modified = fs::metadata(folder).and_then(|m| m.modified()).unwrap_or(now);
        let unused = now.duration_since(modified).unwrap_or_default();
        allowance.age.map_or(allowance.size.is_none(), |age| unused > age)
    };
    let mut leftovers: Vec<PathBuf> = claims::work_folders(store.project)
        .iter()
        .filter(|name| !at_work.contains(*name))
        .map(|name| store.project.cache("work").join(name))
        .filter(old)
        .collect();
    leftovers.sort();
    let removed_bytes = gone.iter().filter_map(|hex| sizes.get(&Hash::from_hex(hex).ok()?)).sum();

    if !dry_run {
        for record in &removed {
            fs::remove_file(&record.path).map_err(io_error("remove", &record.path))?;
        }
        for digest in gone.iter().filter_map(|hex| Hash::from_hex(hex).ok()) {
            store.drop_object(digest)?;
        }
        for path in &removed_results {
            fs::remove_file(path).map_err(io_error("remove", path))?;
            store.digests.note_removed(path);
            remove_empty_parents(path, &results);
        }
        claims::end_leftovers(store.project);
        for folder in &leftovers {
            fs::remove_dir_all(folder).map_err(io_error("remove", folder))?;
        }
        slurm::forget(&shelf, |key| claims::work_folder(store.project, key).exists());
    }
    let name = |record: &StoredRecord| match &record.record {
        Some(Record { job, .. }) => job.clone(),
        None => format!("{} (cannot be read)", record.path.display()),
    };
    let collection = Collection {
        dry_run,
        removed_jobs: removed.iter().map(name).collect(),
        removed_outputs: gone.len(),
        removed_results,
        removed_work_folders: leftovers.len(),
        jobs_left_to_slurm: at_work.len(),
        removed_bytes,
        left_bytes,
        needed_bytes,
    };
    answer(json, &collection, || text(&collection, allowance))
}

fn digests(record: &StoredRecord) -> impl Iterator<Item = Hash> {
    let outputs = record.record.iter().flat_map(|record| &record.outputs);
    outputs.filter_map(|kept| Hash::from_hex(&kept.digest).ok())
}

fn remove_empty_parents(path: &Path, top: &Path) {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != top) {
        // One that is not empty stays.
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

fn text(collection: &Collection, allowance: Allowance) -> String {
    const MOST: usize = 20;
    let verb = if collection.dry_run { "would remove" } else { "removed" };
    let mut text = String::new();
    let files = collection.removed_results.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    for names in [&collection.removed_jobs, &files] {
        for name in names.iter().take(MOST) {
            text += &format!("{verb} {name}\n");
        }
        if let Some(more) = names.len().checked_sub(MOST).filter(|more| *more > 0) {
            text += &format!("{verb} {more} more\n");
        }
    }
    text += &format!(
        "{verb} {} of {}, {} from results/, and {} of broken-off work: {}; {} left, of which the pipelines need {}",
        counted(collection.removed_outputs, "output"),
        counted(collection.removed_jobs.len(), "job"),
        counted(collection.removed_results.len(), "file"),
        counted(collection.removed_work_folders, "folder"),
        bytes(collection.removed_bytes),
        bytes(collection.left_bytes),
        bytes(collection.needed_bytes),
    );
    if collection.jobs_left_to_slurm > 0 {
        text += &format!(
            "\n{} that no run follows may still be at work in Slurm, and {} to it: go on with --on slurm, or cancel them",
            counted(collection.jobs_left_to_slurm, "job"),
            if collection.jobs_left_to_slurm == 1 { "is left" } else { "are left" },
        );
    }
    if allowance.size.is_some_and(|size| size < collection.needed_bytes) {
        text += "\nthe store stays larger than asked, for the pipelines need all that is left";
    }
    text
}
