//! Streams of random numbers, split from one seed by a name and an index: never from a clock or the order of threads.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, OpenClosed01, StandardNormal};

use crate::distribution::{Distribution, Family};

/// The stream of `seed` for the purpose `name` and the item `index`.
///
/// Streams of different seeds, names or indices are independent: the ChaCha key is the BLAKE3 digest of all three.
pub fn split(seed: u64, name: &str, index: u64) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(&index.to_le_bytes()).update(name.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

/// One draw of a distribution: of a normal one by its own method, else the quantile of a uniform draw.
#[inline]
pub fn draw(from: &Distribution, random: &mut ChaCha8Rng) -> f64 {
    match from.family() {
        Family::Normal => from.mean() + from.sd() * standard_normal(random),
        Family::Laplace | Family::Uniform => {
            let share: f64 = OpenClosed01.sample(random);
            // Never 0, and mirrored it is never 1.
            if random.next_u32() & 1 == 0 {
                from.quantile(0.5 * share)
            } else {
                2.0 * from.mean() - from.quantile(0.5 * share)
            }
        }
    }
}

/// One draw of N(0, 1).
#[inline]
pub fn standard_normal(random: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_name_and_index_and_on_nothing_else() {
        let first = |seed, name, index| split(seed, name, index).next_u64();
        assert_eq!(first(1, "pixels", 0), first(1, "pixels", 0));
        assert_ne!(first(1, "pixels", 0), first(2, "pixels", 0));
        assert_ne!(first(1, "pixels", 0), first(1, "labels", 0));
        assert_ne!(first(1, "pixels", 0), first(1, "pixels", 1));
    }
}
