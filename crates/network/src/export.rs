//! Checkpoints as safetensors, with the names of PyTorch's `state_dict`.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensorError, TensorView, serialize};

use crate::parameters::Parameters;

/// One network as a safetensors file: `conv1.weight`, `conv1.bias`, … in PyTorch's layout, float32. `about` becomes
/// its metadata.
///
/// # Errors
/// Where the format can't hold the tensors.
pub fn safetensors(
    parameters: &Parameters,
    about: HashMap<String, String>,
) -> Result<Vec<u8>, SafeTensorError> {
    let bytes: Vec<(&str, Vec<usize>, Vec<u8>)> = parameters
        .tensors()
        .map(|(name, shape, values)| {
            (name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let views = bytes
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    serialize(views, Some(about))
}
