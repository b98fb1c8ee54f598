//! How many fused multiply-adds in single precision this machine sustains: what the engine's speed is held against.
//!
//! `cargo run --release --example limit` prints a JSON line for one thread and one for all, in GFLOP/s; a multiply-add
//! counts two. Each figure is the best of many short runs, so that other work on the machine hardly lowers it.

use std::sync::Barrier;
use std::time::Instant;

use pulp::{Arch, Simd, WithSimd};

/// Sums that do not wait for each other: enough for the latency of every processor of today.
const SUMS: usize = 12;
const STEPS: usize = 200_000;
const RUNS: usize = 100;

struct Work;

impl WithSimd for Work {
    type Output = usize;

    /// Multiply-adds that were done.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let (factor, summand) = (simd.splat_f32s(0.999), simd.splat_f32s(0.001));
        // The compiler must not see that they are alike.
        let mut sums = std::hint::black_box([summand; SUMS]);
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, summand);
            }
        }
        for sum in sums {
            std::hint::black_box(simd.reduce_sum_f32s(sum));
        }
        STEPS * SUMS * S::F32_LANES
    }
}

fn main() {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut counts = vec![1, all];
    counts.dedup();
    for threads in counts {
        println!("{{\"threads\": {threads}, \"gflops\": {:.1}}}", sustained(threads));
    }
}

/// GFLOP/s of so many threads that begin together, in their best run.
fn sustained(threads: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let arch = Arch::new();
    let run = || {
        let once = |_| {
            barrier.wait();
            let start = Instant::now();
            let done = arch.dispatch(Work);
            2.0 * done as f64 / start.elapsed().as_secs_f64() / 1e9
        };
        (0..RUNS).map(once).collect::<Vec<f64>>()
    };
    let together = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let mut together = vec![0.0; RUNS];
        for thread in threads {
            // A thread that failed counts nothing.
            let alone = thread.join().unwrap_or_default();
            together.iter_mut().zip(alone).for_each(|(sum, gflops)| *sum += gflops);
        }
        together
    });
    together.into_iter().fold(0.0, f64::max)
}
