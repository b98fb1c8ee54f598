//! The networks against PyTorch: layers, energies, gradients, optimisers and a short training, with the values of
//! tests/reference/network.py, optimisers.py and training.py.

use safetensors::SafeTensors;
use serde_json::Value;

use crate::architecture::{Architecture, NAMES};
use crate::engine::Engine;
use crate::evaluate::{evaluate, logits};
use crate::gradient::Batch;
use crate::layers::{Layers, layers};
use crate::optimiser::{Optimiser, State};
use crate::{Parameters, export};

const TENSORS: &[u8] = include_bytes!("../../../tests/reference/values/network.safetensors");

fn tensor(name: &str) -> Vec<f32> {
    let tensors = SafeTensors::deserialize(TENSORS).unwrap();
    let bytes = tensors.tensor(name).unwrap().data().to_vec();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

fn parameters() -> Parameters {
    let values = NAMES.iter().flat_map(|name| tensor(name)).collect();
    Parameters::from_values(Architecture::of_table_1(8), values).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// The largest difference, relative to the largest value.
fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let scale = theirs.iter().fold(f32::MIN_POSITIVE, |scale, value| scale.max(value.abs()));
    ours.iter().zip(theirs).fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs())) / scale
}

#[test]
fn layers_and_energies_are_those_of_pytorch() {
    let parameters = parameters();
    let images = tensor("x");
    let all: Vec<Layers> = images.chunks(1024).map(|image| layers(&parameters, image)).collect();
    let check = |name: &str, layer: fn(&Layers) -> &Vec<f32>| {
        let ours: Vec<f32> = all.iter().flat_map(|layers| layer(layers).clone()).collect();
        let difference = difference(&ours, &tensor(name));
        assert!(difference < 1e-5, "{name} differs by {difference}");
    };
    check("e_f1", |layers| &layers.e_f1);
    check("e_f2", |layers| &layers.e_f2);
    check("f1", |layers| &layers.f1);
    check("f2", |layers| &layers.f2);
    check("f3", |layers| &layers.f3);
    check("f4", |layers| &layers.f4);
    check("f5", |layers| &layers.f5);
    check("f_y", |layers| &layers.f_y);
    assert!(difference(&logits(&parameters, &images), &tensor("f_y")) < 1e-5);
}

fn labels() -> Vec<u8> {
    let about = json(include_str!("../../../tests/reference/values/network.json"));
    numbers(&about["labels"]).iter().map(|label| *label as u8).collect()
}

#[test]
fn loss_and_gradients_are_those_of_pytorch_on_every_engine() {
    let expected: Vec<f32> = NAMES.iter().flat_map(|name| tensor(&format!("grad.{name}"))).collect();
    let loss = f64::from(tensor("loss")[0]);
    let x = tensor("x");
    let (images, labels) = (x.chunks(1024).collect::<Vec<_>>(), labels());
    let batch = Batch::new(&parameters().architecture().chain(), &images, &labels).unwrap();
    let engines = [
        Engine::Fused,
        Engine::BurnFlex,
        #[cfg(feature = "burn-ndarray")]
        Engine::BurnNdarray,
    ];
    for engine in engines {
        let mut differentiation = engine.prepare(parameters().architecture().chain());
        let gradient = differentiation.gradient(parameters().values(), batch).unwrap();
        assert!((gradient.loss - loss).abs() < 1e-5 * loss, "{engine:?}: {} for {loss}", gradient.loss);
        for (range, name) in Parameters::ranges(parameters().architecture()).into_iter().zip(NAMES) {
            let difference = difference(&gradient.values[range.clone()], &expected[range]);
            assert!(difference < 1e-4, "{engine:?}: the gradient of {name} differs by {difference}");
        }
    }
    assert!((evaluate(&parameters(), &tensor("x"), &labels).loss - loss).abs() < 1e-5 * loss);
}

#[test]
fn optimisers_step_as_those_of_pytorch() {
    let reference = json(include_str!("../../../tests/reference/values/optimisers.json"));
    let floats = |value: &Value| numbers(value).iter().map(|number| *number as f32).collect::<Vec<f32>>();
    for (name, optimiser, rate) in [("adam", Optimiser::Adam, 1e-3), ("sgd", Optimiser::Sgd, 0.01)] {
        let mut parameters = floats(&reference["start"]);
        let mut state = State::new(optimiser, rate, 0.9, parameters.len());
        let steps =
            reference["gradients"].as_array().unwrap().iter().zip(reference[name].as_array().unwrap());
        for (step, (gradient, expected)) in steps.enumerate() {
            state.step(&mut parameters, &floats(gradient));
            let difference = difference(&parameters, &floats(expected));
            assert!(difference < 1e-6, "{name}, step {step}: differs by {difference}");
        }
    }
}

/// The images of tests/reference/training.py: a linear congruential generator that every language repeats exactly.
fn images(count: usize) -> Vec<f32> {
    let mut state: u64 = 1;
    let mut next = || {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        ((state >> 8) % 201) as f32 - 100.0
    };
    (0..count * 1024).map(|_| next()).collect()
}

#[test]
fn a_hundred_steps_of_training_go_as_in_pytorch() {
    let reference = json(include_str!("../../../tests/reference/values/training.json"));
    let images = images(160);
    let images: Vec<&[f32]> = images.chunks(1024).collect();
    let labels: Vec<u8> = (0..160).map(|image| image % 10).collect();
    for engine in [Engine::Fused, Engine::BurnFlex] {
        let mut parameters = parameters();
        let chain = parameters.architecture().chain();
        let mut differentiation = engine.prepare(chain.clone());
        let mut state = State::new(Optimiser::Adam, 2e-4, 0.0, parameters.values().len());
        for (step, expected) in numbers(&reference["losses"]).into_iter().enumerate() {
            let range = step % 10 * 16..(step % 10 + 1) * 16;
            let batch = Batch::new(&chain, &images[range.clone()], &labels[range]).unwrap();
            let gradient = differentiation.gradient(parameters.values(), batch).unwrap();
            let loss = gradient.loss;
            assert!(
                (loss - expected).abs() < 1e-5 * expected,
                "{engine:?}, step {step}: {loss} for {expected}"
            );
            state.step(parameters.values_mut(), &gradient.values);
        }
        let expected: Vec<f32> = numbers(&reference["logits"]).iter().map(|number| *number as f32).collect();
        assert!(difference(&logits(&parameters, images[0]), &expected) < 1e-3);
    }
}

#[test]
fn an_exported_checkpoint_holds_the_tensors_that_it_was_made_from() {
    let bytes = export::safetensors(&parameters(), [("epoch".to_owned(), "3".to_owned())].into()).unwrap();
    let exported = SafeTensors::deserialize(&bytes).unwrap();
    let original = SafeTensors::deserialize(TENSORS).unwrap();
    assert_eq!(exported.len(), NAMES.len());
    for name in NAMES {
        assert_eq!(exported.tensor(name).unwrap(), original.tensor(name).unwrap());
    }
}
