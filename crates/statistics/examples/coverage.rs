//! Prints how often the 95 % intervals of a mean hold the truth, by the number of values and by what they are drawn from.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use statistics::interval::{Interval, Resampling};
use statistics::random::{split, standard_normal};

/// What values are drawn from, and its mean.
type Source = (&'static str, f64, fn(&mut ChaCha8Rng) -> f64);

const TRIALS: u64 = 4000;
const RESAMPLING: Resampling = Resampling { draws: 2000, seed: 1 };

fn main() {
    let sources: [Source; 4] = [
        ("normal", 0.0, |random| standard_normal(random)),
        ("uniform", 0.5, |random| random.random::<f64>()),
        ("log-normal", 0.5_f64.exp(), |random| standard_normal(random).exp()),
        // As rank correlations of three networks are.
        ("-1, -0.5, 0.5 or 1 (40, 30, 20, 10 %)", -0.35, |random| match random.random::<f64>() {
            share if share < 0.4 => -1.0,
            share if share < 0.7 => -0.5,
            share if share < 0.9 => 0.5,
            _ => 1.0,
        }),
    ];
    println!("| values drawn from | 3 values | 5 | 10 | 20 |\n|---|---|---|---|---|");
    for (name, mean, draw) in sources {
        let holds = |size: usize, trial: u64| {
            let mut random = split(trial, name, size as u64);
            let values: Vec<f64> = (0..size).map(|_| draw(&mut random)).collect();
            let Interval { low, high, .. } = RESAMPLING.interval(&values);
            low <= mean && mean <= high
        };
        let share = |size: usize| {
            let held = (0..TRIALS).into_par_iter().filter(|trial| holds(size, *trial)).count();
            format!("{:.1} %", 100.0 * held as f64 / TRIALS as f64)
        };
        println!("| {name} | {} |", [3, 5, 10, 20].map(share).join(" | "));
    }
}
