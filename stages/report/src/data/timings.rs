//! How long the trainings took, and on what.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tables::{Error, Reader, catalogue};

/// All trainings of a network on some labels, on one machine with as many threads.
pub struct Took {
    /// Processor, cores and vector instructions.
    pub machine: String,
    /// Threads of each training.
    pub threads: i32,
    /// Architecture.
    pub network: String,
    /// Labels that it was trained on.
    pub labels: String,
    /// Trainings.
    pub trainings: usize,
    /// Epochs of all of them.
    pub epochs: usize,
    /// Wall time of training and evaluating all of them, in seconds.
    pub seconds: f64,
}

pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Took>, Error> {
    let mut all: BTreeMap<(String, i32, String, String), Took> = BTreeMap::new();
    let mut paths: Vec<&PathBuf> = paths.iter().collect();
    // Sums of floating-point numbers hang on their order.
    paths.sort();
    for path in paths {
        let mut counted = false;
        for batch in Reader::open(path, &catalogue::TIMINGS, &[])? {
            let batch = batch?;
            let (networks, labels) = (batch.texts("network")?, batch.texts("labels")?);
            let (training, evaluation) = (batch.f64s("training_seconds")?, batch.f64s("evaluation_seconds")?);
            let (threads, machines) = (batch.i32s("threads")?, batch.texts("machine")?);
            for row in 0..batch.rows() {
                let (network, labels) = (networks[row].to_owned(), labels[row].to_owned());
                let (machine, threads) = (machines[row].to_owned(), threads[row]);
                let key = (machine.clone(), threads, network.clone(), labels.clone());
                let took = all.entry(key).or_insert(Took {
                    machine,
                    threads,
                    network,
                    labels,
                    trainings: 0,
                    epochs: 0,
                    seconds: 0.0,
                });
                took.trainings += usize::from(!counted);
                counted = true;
                took.epochs += 1;
                took.seconds += training[row] + evaluation[row];
            }
        }
    }
    Ok(all.into_values().collect())
}
