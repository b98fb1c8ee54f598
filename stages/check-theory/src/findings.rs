//! What checks find: numbers by check, and the figures that sum them up.

/// What a check is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Both sides must agree to rounding.
    Identity,
    /// The paper writes or argues an approximation; the row says how far apart the sides lie.
    Approximation,
    /// Print holds a slip; the row says how wrong the literal reading is.
    AsPrinted,
}

impl Kind {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Identity => "identity",
            Kind::Approximation => "approximation",
            Kind::AsPrinted => "as printed",
        }
    }
}

/// How many numbers become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Largest,
    Median,
    Mean,
}

/// A figure by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistic {
    name: &'static str,
    of: Of,
}

const fn largest(name: &'static str) -> Statistic {
    Statistic { name, of: Of::Largest }
}

const fn median(name: &'static str) -> Statistic {
    Statistic { name, of: Of::Median }
}

const fn mean(name: &'static str) -> Statistic {
    Statistic { name, of: Of::Mean }
}

/// Relative errors.
pub const ERRORS: &[Statistic] = &[largest("largest_relative_error"), median("median_relative_error")];
/// The largest relative error only.
pub const LARGEST_ERROR: &[Statistic] = &[largest("largest_relative_error")];
/// A relative error of its own.
pub const RELATIVE_ERROR: &[Statistic] = &[mean("relative_error")];
/// KL divergences, nats.
pub const KL: &[Statistic] = &[largest("largest_kl"), median("median_kl")];
/// Total-variation distances, 0 to 1.
pub const TOTAL_VARIATION: &[Statistic] =
    &[largest("largest_total_variation"), median("median_total_variation")];
/// Logarithms of a ratio that should be 1, nats.
pub const LOG_RATIO: &[Statistic] = &[largest("largest_log_ratio"), median("median_log_ratio")];
/// Shares of inactive units.
pub const INACTIVE: &[Statistic] = &[mean("inactive")];
/// Shares of images whose most probable class is another one.
pub const OTHER_CLASS: &[Statistic] = &[mean("other_class")];
/// A slope in log-log.
pub const SLOPE: &[Statistic] = &[mean("slope")];
/// Shares of units that switched.
pub const SWITCHED: &[Statistic] = &[largest("switched")];

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// C8 to C12.
    pub claim: &'static str,
    /// Such as `Eq. 13`.
    pub equation: &'static str,
    /// The layer that is looked at; empty for the whole network.
    pub layer: &'static str,
    /// What is compared, in a few words.
    pub name: &'static str,
    /// What it is held against.
    pub kind: Kind,
    /// The figures to give.
    pub statistics: &'static [Statistic],
}

impl Check {
    /// Two sides that must agree.
    pub const fn identity(
        claim: &'static str,
        equation: &'static str,
        layer: &'static str,
        name: &'static str,
    ) -> Check {
        Check { claim, equation, layer, name, kind: Kind::Identity, statistics: LARGEST_ERROR }
    }

    /// The same check with another kind and other figures.
    pub const fn kind(self, kind: Kind, statistics: &'static [Statistic]) -> Check {
        Check { kind, statistics, ..self }
    }

    /// The column `check`.
    pub fn text(&self) -> String {
        if self.layer.is_empty() { self.name.to_owned() } else { format!("{}: {}", self.layer, self.name) }
    }
}

/// What was found by each check, in the order in which checks came first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings(Vec<Found>);

#[derive(Clone, Debug, PartialEq)]
struct Found {
    check: Check,
    cases: usize,
    values: Vec<f64>,
}

/// A row of the table, less the training's columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was compared.
    pub check: Check,
    /// Comparisons made.
    pub cases: usize,
    /// The figure's name.
    pub statistic: &'static str,
    /// The figure.
    pub value: f64,
}

impl Findings {
    /// Adds comparisons of which only the largest counts. Without any nothing is added.
    pub fn largest(&mut self, check: Check, values: impl IntoIterator<Item = f64>) {
        let values: Vec<f64> = values.into_iter().collect();
        let largest = values.iter().copied().max_by(f64::total_cmp);
        self.add(Found { check, cases: values.len(), values: largest.into_iter().collect() });
    }

    /// Adds comparisons that all count.
    pub fn each(&mut self, check: Check, values: impl IntoIterator<Item = f64>) {
        let values: Vec<f64> = values.into_iter().collect();
        self.add(Found { check, cases: values.len(), values });
    }

    /// Adds one number that stands for so many comparisons.
    pub fn one(&mut self, check: Check, cases: usize, value: f64) {
        self.add(Found { check, cases, values: vec![value] });
    }

    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: Findings) {
        other.0.into_iter().for_each(|found| self.add(found));
    }

    fn add(&mut self, more: Found) {
        match self.0.iter_mut().find(|found| found.check == more.check) {
            Some(found) => {
                found.cases += more.cases;
                found.values.extend(more.values);
            }
            None if more.values.is_empty() => {}
            None => self.0.push(more),
        }
    }

    /// A row for each figure of each check.
    pub fn rows(&self) -> Vec<Row> {
        let of_one = |found: &Found| -> Vec<Row> {
            let mut sorted = found.values.clone();
            sorted.sort_by(f64::total_cmp);
            let figure = |of: Of| match of {
                Of::Largest => sorted.last().copied().unwrap_or(f64::NAN),
                Of::Median => statistics::summary::quantile_of_sorted(&sorted, 0.5),
                Of::Mean => statistics::summary::mean(&found.values),
            };
            let row = |statistic: &Statistic| Row {
                check: found.check,
                cases: found.cases,
                statistic: statistic.name,
                value: figure(statistic.of),
            };
            found.check.statistics.iter().map(row).collect()
        };
        self.0.iter().flat_map(of_one).collect()
    }
}

/// How far two probabilities, given by their logarithms, lie apart: `|exp(a − b) − 1|`. Two that are both zero agree.
pub fn relative(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { libm::expm1(a - b).abs() }
}

/// [`relative`] for each of two sides.
pub fn relatives<'a>(a: &'a [f64], b: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    a.iter().zip(b).map(|(a, b)| relative(*a, *b))
}

/// The differences of two sides, relative to the largest number of the second.
pub fn of_largest(a: &[f64], b: &[f64]) -> Vec<f64> {
    let largest = b.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let error = |(a, b): (&f64, &f64)| if a == b { 0.0 } else { (a - b).abs() / largest };
    a.iter().zip(b).map(error).collect()
}

/// KL[p‖q] in nats, from logarithms. What p cannot be adds nothing.
pub fn kl(log_p: &[f64], log_q: &[f64]) -> f64 {
    let term = |(p, q): (&f64, &f64)| if *p == f64::NEG_INFINITY { 0.0 } else { libm::exp(*p) * (p - q) };
    let sum: f64 = log_p.iter().zip(log_q).map(term).sum();
    // Rounding can take what cancels just below zero; what is no number stays none.
    if sum < 0.0 { 0.0 } else { sum }
}

/// `½ Σ |p − q|`, from logarithms.
pub fn total_variation(log_p: &[f64], log_q: &[f64]) -> f64 {
    0.5 * log_p.iter().zip(log_q).map(|(p, q)| (libm::exp(*p) - libm::exp(*q)).abs()).sum::<f64>()
}

#[cfg(test)]
#[path = "findings_tests.rs"]
pub(crate) mod tests;
