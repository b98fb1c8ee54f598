//! The desk: the one thread that submits jobs, sees how far they are, and tells those who wait for them.

use super::client::{self, Refusal};
use super::folder::{Cell, End, Folder};
use super::heard::Heard;
use super::lost;
use super::submission::{self, Request, Submitter};
use crate::phrases::counted;
use crate::task::Stop;
use crate::work::Event;
use blake3::Hash;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// What the desk is told.
pub enum Message {
    /// A job is to be submitted.
    Submit(Request),
    /// A job of an earlier runner is to be followed.
    Follow {
        /// Its key.
        key: Hash,
        /// Which job it is.
        cell: Cell,
        /// Who waits for it.
        heard: Sender<Heard>,
    },
    /// What runs is to end.
    Stop {
        /// How.
        how: Stop,
        /// Jobs of an earlier runner which nobody follows yet.
        left: Vec<Cell>,
    },
}

/// How long it is waited for further jobs before an array is submitted.
const GATHERING: Duration = Duration::from_millis(100);
/// How often folders are looked at; of many jobs more rarely.
const LOOKING: Duration = Duration::from_millis(200);
/// How often Slurm is asked about all jobs.
const ASKING: Duration = Duration::from_secs(5);
/// The same while they are being cancelled.
const ASKING_SOON: Duration = Duration::from_secs(1);
/// When it is tried again to submit what Slurm did not take.
const AGAIN: Duration = Duration::from_secs(5);
/// The most that is read at once of what a job tells, in bytes.
const MOST_TOLD: u64 = 1 << 18;

struct Desk<'a> {
    submitter: Submitter,
    events: &'a Sender<Event>,
    /// Jobs that are not submitted yet, and when the first of them came or may be tried again.
    waiting: Vec<Request>,
    due: Option<Instant>,
    arrays: BTreeMap<String, Array>,
    /// The most jobs of an array, once it was asked for.
    most: Option<usize>,
    asked: Instant,
    stop: Option<Stop>,
    /// Whether it was told that Slurm does not answer, or takes no more.
    complained: bool,
    /// The reasons for which jobs wait that were told.
    reasons: BTreeSet<String>,
    /// How many jobs of an earlier runner are followed and not told of yet, and when that is due.
    resumed: (usize, Option<Instant>),
}

struct Array {
    folder: Folder,
    open: BTreeMap<usize, Open>,
}

/// A job that has not ended.
struct Open {
    key: Hash,
    heard: Sender<Heard>,
    has_begun: bool,
    /// Up to where was read what it tells.
    read: u64,
    /// Its word, if that is that it was killed, until Slurm says why.
    killed: Option<End>,
    /// Since when Slurm says that it is over.
    over: Option<Instant>,
}

/// Works until nobody can tell it anything more.
pub fn work(submitter: Submitter, messages: &Receiver<Message>, events: &Sender<Event>) {
    let mut desk = Desk {
        submitter,
        events,
        waiting: Vec::new(),
        due: None,
        arrays: BTreeMap::new(),
        most: None,
        asked: Instant::now(),
        stop: None,
        complained: false,
        reasons: BTreeSet::new(),
        resumed: (0, None),
    };
    let mut looked = Instant::now();
    loop {
        match messages.recv_timeout(desk.pause(looked)) {
            Ok(message) => desk.take(message),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if desk.due.is_some_and(|due| due <= Instant::now()) {
            desk.submit();
        }
        desk.tell_resumed();
        if looked.elapsed() >= desk.looking() {
            desk.look();
            looked = Instant::now();
        }
        let asking = if desk.stop.is_some() { ASKING_SOON } else { ASKING };
        if desk.asked.elapsed() >= asking && !desk.arrays.is_empty() {
            desk.ask();
        }
    }
}

impl Desk<'_> {
    fn jobs(&self) -> usize {
        self.arrays.values().map(|array| array.open.len()).sum()
    }

    fn looking(&self) -> Duration {
        LOOKING.max(Duration::from_millis(self.jobs() as u64))
    }

    /// How long nothing is to be done.
    fn pause(&self, looked: Instant) -> Duration {
        let look = if self.arrays.is_empty() { Duration::from_secs(3600) } else { self.looking() };
        let left = look.saturating_sub(looked.elapsed());
        let due = [self.due, self.resumed.1].into_iter().flatten().min();
        due.map_or(left, |due| due.saturating_duration_since(Instant::now()).min(left))
    }

    /// Tells that jobs of an earlier runner are followed, once they are all known.
    fn tell_resumed(&mut self) {
        if self.resumed.1.is_some_and(|due| due <= Instant::now()) {
            let (jobs, _) = std::mem::take(&mut self.resumed);
            self.note(format!(
                "following {} that an earlier run submitted to Slurm, as it was submitted then",
                counted(jobs, "job")
            ));
        }
    }

    fn note(&self, text: String) {
        let _ = self.events.send(Event::Note { process: None, text });
    }

    /// Tells of jobs that wait for what may never come, once for each reason.
    fn tell_stuck(&mut self, states: &client::States) {
        let mut waiting: BTreeMap<&str, (usize, String)> = BTreeMap::new();
        for (name, Array { folder, open }) in &self.arrays {
            for number in open.keys() {
                let state = states.get(&(name.clone(), *number));
                if let Some(state) = state.filter(|state| state.is_stuck()) {
                    let (count, _) = waiting.entry(&state.reason).or_insert_with(|| (0, folder.id(*number)));
                    *count += 1;
                }
            }
        }
        for (reason, (count, first)) in waiting {
            if self.reasons.insert(reason.to_owned()) {
                self.note(format!(
                    "{count} waiting in Slurm for a reason that may not pass by itself: {reason} (see `scontrol show job {first}`)"
                ));
            }
        }
    }

    fn take(&mut self, message: Message) {
        match (message, self.stop) {
            (Message::Stop { how, left }, _) => self.stop(how, left),
            (Message::Submit(Request { heard, .. }), Some(_)) => drop(heard.send(Heard::Left)),
            (Message::Follow { cell, heard, .. }, Some(how)) => {
                if how != Stop::Leave {
                    self.cancel(vec![cell]);
                }
                let _ = heard.send(Heard::Left);
            }
            (Message::Submit(request), None) => {
                self.due.get_or_insert_with(|| Instant::now() + GATHERING);
                self.waiting.push(request);
            }
            (Message::Follow { key, cell, heard }, None) => {
                let folder = self.submitter.shelf.folder(&cell.array);
                self.resumed.0 += 1;
                self.resumed.1.get_or_insert_with(|| Instant::now() + GATHERING);
                let array = self.arrays.entry(cell.array);
                let array = array.or_insert(Array { folder, open: BTreeMap::new() });
                array.open.insert(cell.number, Open::new(key, heard));
            }
        }
    }

    fn submit(&mut self) {
        self.due = None;
        let most = *self.most.get_or_insert_with(client::most_of_an_array);
        let mut arrays = submission::group(std::mem::take(&mut self.waiting), most);
        arrays.reverse();
        while let Some(mut array) = arrays.pop() {
            match self.submitter.submit(&array) {
                Ok(submitted) => {
                    self.complained = false;
                    let open = array.into_iter().enumerate();
                    let open = open.map(|(number, request)| (number, Open::new(request.key, request.heard)));
                    let array = Array { folder: submitted.folder, open: open.collect() };
                    self.arrays.insert(submitted.name, array);
                }
                Err(Refusal::Full(_) | Refusal::TooMany(_)) if array.len() > 1 => {
                    let rest = array.split_off(array.len() / 2);
                    arrays.extend([rest, array]);
                }
                Err(Refusal::TooMany(words)) if self.is_alone() => refuse(array, &words),
                Err(Refusal::Wrong(words)) => refuse(array, &words),
                Err(Refusal::Full(words) | Refusal::TooMany(words)) => {
                    self.complain("Slurm takes no more jobs now, and is asked again until it does", &words);
                    return self.put_back(array, arrays);
                }
                Err(Refusal::Silent(words)) => {
                    self.complain("Slurm does not answer, and is asked again until it does", &words);
                    return self.put_back(array, arrays);
                }
            }
        }
    }

    /// Whether this user has no other job in Slurm: what is refused then will always be.
    fn is_alone(&self) -> bool {
        let is_open = |states: &client::States| states.values().any(client::State::is_open);
        self.arrays.is_empty() && client::states().is_ok_and(|states| !is_open(&states))
    }

    /// Keeps jobs to be submitted later, in their order.
    fn put_back(&mut self, array: Vec<Request>, mut arrays: Vec<Vec<Request>>) {
        arrays.push(array);
        arrays.reverse();
        self.waiting = arrays.into_iter().flatten().collect();
        self.due = Some(Instant::now() + AGAIN);
    }

    /// Tells something of the cluster once.
    fn complain(&mut self, text: &str, words: &str) {
        if !std::mem::replace(&mut self.complained, true) {
            self.note(format!("{text}: {words}"));
        }
    }

    /// Looks into the folders for what has begun, is told, and has ended.
    fn look(&mut self) {
        let shelf = &self.submitter.shelf;
        let mut ask_soon = false;
        for (name, Array { folder, open, .. }) in &mut self.arrays {
            // What cannot be read now is read later.
            let Ok(seen) = folder.look() else { continue };
            for (number, job) in open.iter_mut().filter(|(number, _)| seen.begun.contains(number)) {
                if !std::mem::replace(&mut job.has_begun, true) {
                    let _ = job.heard.send(Heard::Began);
                }
                let _ = job.listen(folder, *number);
            }
            for number in seen.ended {
                let Some(job) = open.get_mut(&number) else { continue };
                if job.killed.is_some() {
                    continue;
                }
                let Ok(end) = folder.end(number) else { continue };
                if end.is_kill() && self.stop.is_none() {
                    // For its memory, or by somebody's hand: Slurm knows, in a moment.
                    job.killed = Some(end);
                    ask_soon = true;
                    continue;
                }
                let _ = job.heard.send(Heard::Ended { end, why: None });
                shelf.forget(job.key, &Cell { array: name.clone(), number });
                open.remove(&number);
            }
        }
        self.arrays.retain(|_, array| !array.open.is_empty());
        if ask_soon {
            self.asked = self.asked.checked_sub(ASKING - ASKING_SOON).unwrap_or(self.asked);
        }
    }

    /// Asks Slurm about all jobs, for the sake of those that end without leaving word of it.
    fn ask(&mut self) {
        self.asked = Instant::now();
        let states = match client::states() {
            Ok(states) => states,
            Err(refusal) => {
                return self.complain("Slurm does not answer; jobs that run go on", refusal.words());
            }
        };
        self.complained = false;
        self.tell_stuck(&states);
        // Word of an end may have come in the meantime.
        self.look();
        let is_stopping = self.stop.is_some();
        let shelf = &self.submitter.shelf;
        for (name, Array { folder, open, .. }) in &mut self.arrays {
            open.retain(|number, job| {
                let state = states.get(&(name.clone(), *number));
                let is_open = state.is_some_and(client::State::is_open);
                if let Some(end) = job.killed.take_if(|_| !is_open || is_stopping) {
                    let why = state.and_then(lost::of_kill);
                    let _ = job.heard.send(Heard::Ended { end, why });
                    shelf.forget(job.key, &Cell { array: name.clone(), number: *number });
                    return false;
                }
                if is_open {
                    job.over = None;
                    return true;
                }
                let over = *job.over.get_or_insert_with(Instant::now);
                if over.elapsed() < lost::patience(state, job.has_begun) && !is_stopping {
                    return true;
                }
                let what =
                    format!("{} (Slurm's job {})", lost::in_words(state, job.has_begun), folder.id(*number));
                let words = folder.words(*number);
                let _ = job.heard.send(Heard::Lost { what, words });
                shelf.forget(job.key, &Cell { array: name.clone(), number: *number });
                false
            });
        }
        self.arrays.retain(|_, array| !array.open.is_empty());
    }

    fn stop(&mut self, how: Stop, left: Vec<Cell>) {
        self.stop = Some(how);
        self.due = None;
        for request in self.waiting.drain(..) {
            let _ = request.heard.send(Heard::Left);
        }
        if how != Stop::Leave {
            let followed = self.arrays.iter().flat_map(|(array, Array { open, .. })| {
                open.keys().map(|number| Cell { array: array.clone(), number: *number })
            });
            self.cancel(left.into_iter().chain(followed).collect());
        }
        if how != Stop::Ask {
            // The next run finds them, or that they were cancelled.
            for job in std::mem::take(&mut self.arrays).into_values().flat_map(|array| array.open) {
                let _ = job.1.heard.send(Heard::Left);
            }
        }
    }

    fn cancel(&self, cells: Vec<Cell>) {
        let shelf = &self.submitter.shelf;
        // An earlier runner may not have lived to note Slurm's number of an array.
        let ask = |array: &str| shelf.folder(array).job().or_else(|| client::number_of(array).ok().flatten());
        let mut numbers: BTreeMap<String, Option<u64>> = BTreeMap::new();
        let job = |Cell { array, number }| {
            let job = *numbers.entry(array).or_insert_with_key(|array| ask(array));
            Some(format!("{}_{number}", job?))
        };
        let jobs: Vec<String> = cells.into_iter().filter_map(job).collect();
        if let Err(refusal) = client::cancel(&jobs) {
            let text = format!(
                "its jobs could not be cancelled in Slurm ({}): `scancel {}` does it",
                refusal.words(),
                jobs.join(" ")
            );
            self.note(text);
        }
    }
}

fn refuse(array: Vec<Request>, words: &str) {
    for request in array {
        let _ = request.heard.send(Heard::Refused { words: words.to_owned() });
    }
}

impl Open {
    fn new(key: Hash, heard: Sender<Heard>) -> Open {
        Open { key, heard, has_begun: false, read: 0, killed: None, over: None }
    }

    /// Passes on what a job tells, as far as its lines are whole.
    fn listen(&mut self, folder: &Folder, number: usize) -> io::Result<()> {
        let mut file = File::open(folder.told(number))?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        file.take(MOST_TOLD).read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        for line in bytes[..whole].split(|byte| *byte == b'\n') {
            if let Ok(told) = serde_json::from_slice(line) {
                let _ = self.heard.send(Heard::Told(told));
            }
        }
        Ok(())
    }
}
