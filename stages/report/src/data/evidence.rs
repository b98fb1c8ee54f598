//! The numbers behind the verdicts.

use std::collections::HashMap;
use std::path::Path;

use statistics::null::Null;
use tables::{Error, Reader, catalogue};

/// What a number is to its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Must be so for the claim to be asked.
    Supposes,
    /// Decides.
    Decides,
    /// Stands beside it.
    Beside,
}

/// What a number is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A divergence.
    Nats,
    /// A share, from 0 to 1.
    Share,
    /// No unit.
    None,
}

/// What a number is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// It must be as large.
    AtLeast(f64),
    /// It must not be larger.
    AtMost(f64),
}

/// One number of a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What it is to the claim.
    pub role: Role,
    /// What it is, in words.
    pub quantity: String,
    /// Of what.
    pub about: String,
    /// Its unit.
    pub unit: Unit,
    /// Why there is no number; empty where there is one.
    pub missing: String,
    /// What it is counted over: seeds, datasets or checkpoints.
    pub units: String,
    /// Over how many.
    pub count: usize,
    /// How many it takes for an answer.
    pub needed: usize,
    /// The number: a mean, of checkpoints the worst.
    pub value: f64,
    /// The median.
    pub median: f64,
    /// Its 95 % interval, of checkpoints the range; NaN where there is none.
    pub interval: [f64; 2],
    /// What pure chance gives; of a share only the mean is a number.
    pub null: Option<Null>,
    /// Of Page's test, for a trend.
    pub p_value: Option<f64>,
    /// What it is held against, and the verdict on that; none for what decides nothing.
    pub held: Option<(Bound, String)>,
}

impl Evidence {
    /// Whether a formula was checked in every checkpoint, so that the worst one counts.
    pub fn is_of_checkpoints(&self) -> bool {
        self.units == "checkpoints"
    }
}

/// All numbers, by their claim and in the order of the table.
pub(super) fn read(path: &Path) -> Result<HashMap<String, Vec<Evidence>>, Error> {
    let mut all: HashMap<String, Vec<Evidence>> = HashMap::new();
    for batch in Reader::open(path, &catalogue::EVIDENCE, &[])? {
        let batch = batch?;
        let texts = |name| batch.texts(name);
        let (claims, roles, quantities, abouts) =
            (texts("claim")?, texts("role")?, texts("quantity")?, texts("about")?);
        let (unit_names, missing, units) = (texts("unit")?, texts("missing")?, texts("units")?);
        let (directions, verdicts) = (texts("direction")?, texts("verdict")?);
        let (counts, needed) = (batch.i32s("count")?, batch.i32s("needed")?);
        let number = |name| batch.f64s(name);
        let (values, medians, lows, highs) =
            (number("value")?, number("median")?, number("low")?, number("high")?);
        let (means, null_lows, null_highs) =
            (number("null_mean")?, number("null_low")?, number("null_high")?);
        let (p_values, thresholds) = (number("p_value")?, number("threshold")?);
        for row in 0..batch.rows() {
            let role = match roles[row] {
                "supposes" => Role::Supposes,
                "decides" => Role::Decides,
                "beside" => Role::Beside,
                other => {
                    return Err(batch.bad_value("role", row, other, "a role is supposes, decides or beside"));
                }
            };
            let unit = match unit_names[row] {
                "nats" => Unit::Nats,
                "share" => Unit::Share,
                "" => Unit::None,
                other => return Err(batch.bad_value("unit", row, other, "a unit is nats, share or empty")),
            };
            let bound = match directions[row] {
                "at least" => Some(Bound::AtLeast(thresholds[row])),
                "at most" => Some(Bound::AtMost(thresholds[row])),
                "" => None,
                other => {
                    let expected = "a direction is at least, at most or empty";
                    return Err(batch.bad_value("direction", row, other, expected));
                }
            };
            let count = |column, count: i32| {
                usize::try_from(count)
                    .map_err(|_| batch.bad_value(column, row, count, "units are counted from 0"))
            };
            let null = Null { mean: means[row], low: null_lows[row], high: null_highs[row] };
            all.entry(claims[row].to_owned()).or_default().push(Evidence {
                role,
                quantity: quantities[row].to_owned(),
                about: abouts[row].to_owned(),
                unit,
                missing: missing[row].to_owned(),
                units: units[row].to_owned(),
                count: count("count", counts[row])?,
                needed: count("needed", needed[row])?,
                value: values[row],
                median: medians[row],
                interval: [lows[row], highs[row]],
                null: (!null.mean.is_nan()).then_some(null),
                p_value: Some(p_values[row]).filter(|p| !p.is_nan()),
                held: bound.map(|bound| (bound, verdicts[row].to_owned())),
            });
        }
    }
    Ok(all)
}
