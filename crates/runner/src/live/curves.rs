//! The numbers that processes told of their steps, as curves of bounded length.

use crate::words::Numbers;
use serde::Serialize;
use std::collections::BTreeMap;

/// The most points of one curve; of a longer one every other point is kept.
pub const MOST_POINTS: usize = 500;
/// The most processes whose numbers are kept, and the most names of one.
const MOST_PROCESSES: usize = 500;
const MOST_NAMES: usize = 16;

/// Steps and their numbers.
type Points = Vec<(u64, f64)>;

/// The curves by process, each with its name, in the order in which they were told.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub struct Curves(BTreeMap<String, Vec<(String, Points)>>);

impl Curves {
    /// Takes the numbers of a step.
    pub fn add(&mut self, process: &str, numbers: &Numbers) {
        if self.0.len() >= MOST_PROCESSES && !self.0.contains_key(process) {
            return;
        }
        let curves = self.0.entry(process.to_owned()).or_default();
        for (name, value) in &numbers.values {
            match curves.iter().position(|(known, _)| known == name) {
                Some(place) => add_point(&mut curves[place].1, numbers.step, *value),
                None if curves.len() < MOST_NAMES => {
                    curves.push((name.clone(), vec![(numbers.step, *value)]));
                }
                None => {}
            }
        }
    }
}

/// Adds a point. A step that comes again was done again, and so will be those after it. `page.js` does the same.
fn add_point(points: &mut Points, step: u64, value: f64) {
    while points.last().is_some_and(|(last, _)| *last >= step) {
        points.pop();
    }
    points.push((step, value));
    if points.len() > MOST_POINTS {
        let mut place = 0;
        points.retain(|_| {
            place += 1;
            place % 2 == 1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(curves: &mut Curves, process: &str, step: u64, value: f64) {
        curves.add(process, &Numbers { step, values: vec![("loss".to_owned(), value)] });
    }

    #[test]
    fn a_step_that_comes_again_replaces_what_followed() {
        let mut curves = Curves::default();
        for step in 0..5 {
            told(&mut curves, "train", step, 1.0);
        }
        told(&mut curves, "train", 2, 0.5);
        assert_eq!(curves.0["train"], [("loss".to_owned(), vec![(0, 1.0), (1, 1.0), (2, 0.5)])]);
    }

    #[test]
    fn curves_do_not_grow_without_end() {
        let mut curves = Curves::default();
        for step in 0..100_000 {
            told(&mut curves, "train", step, step as f64);
        }
        let points = &curves.0["train"][0].1;
        assert!(points.len() <= MOST_POINTS && points.len() > MOST_POINTS / 3);
        assert_eq!((points[0].0, points[points.len() - 1].0 / 10), (0, 9999));
        for process in 0..2 * MOST_PROCESSES {
            told(&mut curves, &process.to_string(), 0, 1.0);
        }
        assert_eq!(curves.0.len(), MOST_PROCESSES);
        let values = (0..100).map(|name| (name.to_string(), 1.0)).collect();
        curves.add("train", &Numbers { step: 100_001, values });
        assert_eq!(curves.0["train"].len(), MOST_NAMES);
    }
}
