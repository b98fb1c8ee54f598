//! All parameters of a network in one vector, tensor after tensor.

use std::ops::Range;

use crate::architecture::{Architecture, NAMES, TENSORS};

/// The parameters of a network, or a gradient of the same shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    architecture: Architecture,
    values: Vec<f32>,
}

/// The parameter tensors as slices, row-major, weights with outputs first.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the names are the documentation: see architecture::NAMES")]
pub struct Views<'a> {
    pub conv1_weight: &'a [f32],
    pub conv1_bias: &'a [f32],
    pub conv2_weight: &'a [f32],
    pub conv2_bias: &'a [f32],
    pub fc1_weight: &'a [f32],
    pub fc1_bias: &'a [f32],
    pub fc2_weight: &'a [f32],
    pub fc2_bias: &'a [f32],
}

impl Parameters {
    /// All zero.
    pub fn zeros(architecture: Architecture) -> Parameters {
        Parameters { architecture, values: vec![0.0; architecture.parameters()] }
    }

    /// From their values, tensor after tensor in the order of [`NAMES`]; none where there are too many or too few.
    pub fn from_values(architecture: Architecture, values: Vec<f32>) -> Option<Parameters> {
        (values.len() == architecture.parameters()).then_some(Parameters { architecture, values })
    }

    /// The shapes that they fill.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// All values, tensor after tensor.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Where each tensor stands in [`Parameters::values`].
    pub fn ranges(architecture: &Architecture) -> [Range<usize>; TENSORS] {
        let mut start = 0;
        architecture.shapes().map(|shape| {
            let range = start..start + shape.iter().product::<usize>();
            start = range.end;
            range
        })
    }

    /// Each tensor's name, shape and values.
    pub fn tensors(&self) -> impl Iterator<Item = (&'static str, Vec<usize>, &[f32])> {
        let ranges = Parameters::ranges(&self.architecture);
        NAMES
            .into_iter()
            .zip(self.architecture.shapes())
            .zip(ranges)
            .map(|((name, shape), range)| (name, shape, &self.values[range]))
    }

    /// The tensors as slices.
    pub fn views(&self) -> Views<'_> {
        let [w1, b1, w2, b2, w3, b3, w4, b4] =
            Parameters::ranges(&self.architecture).map(|range| &self.values[range]);
        Views {
            conv1_weight: w1,
            conv1_bias: b1,
            conv2_weight: w2,
            conv2_bias: b2,
            fc1_weight: w3,
            fc1_bias: b3,
            fc2_weight: w4,
            fc2_bias: b4,
        }
    }
}
