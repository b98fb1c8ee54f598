//! Algorithm 1 against NumPy and SciPy (tests/reference/algorithm1.py), and what must hold for any digit.

use super::*;
use proptest::prelude::*;
use rand::Rng;
use serde_json::Value;
use statistics::distribution::Family;
use statistics::random::split;

fn reference() -> Value {
    serde_json::from_str(include_str!("../../../tests/reference/values/algorithm1.json")).unwrap()
}

fn grey(hexadecimal: &str) -> Grey {
    let byte = |index: usize| u8::from_str_radix(&hexadecimal[2 * index..2 * index + 2], 16).unwrap();
    Grey { width: 28, height: 28, pixels: (0..28 * 28).map(byte).collect() }
}

fn rows(value: &Value) -> String {
    value.as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap().iter();
    list.flat_map(|item| item.as_f64().map_or_else(|| numbers(item), |number| vec![number])).collect()
}

fn text<T>(values: &[T], digit: impl Fn(&T) -> u8) -> String {
    values.iter().map(|value| char::from(b'0' + digit(value))).collect()
}

#[test]
fn digits_and_regions_are_those_of_scipy() {
    let reference = reference();
    let cases = ["digits", "edge_cases"].iter().flat_map(|key| reference[*key].as_array().unwrap());
    let mut count = 0;
    for case in cases {
        let z_cd = downsample(&central_part(&binarise(&grey(case["pixels"].as_str().unwrap()))));
        assert_eq!(text(&z_cd.ink, |ink| u8::from(*ink)), rows(&case["digit"]));
        assert_eq!(text(&decompose(&z_cd), |region| *region as u8), rows(&case["regions"]));
        count += 1;
    }
    assert_eq!(count, 19);
}

#[test]
fn enlarging_is_that_of_pytorch() {
    let reference = reference();
    let digit = reference["resized"]["digit_index"].as_u64().unwrap() as usize;
    let digit = grey(reference["digits"][digit]["pixels"].as_str().unwrap());
    let mut greys = Vec::new();
    enlarge(&digit, |row| greys.extend(row.iter().map(|grey| f64::from(*grey))));
    assert_eq!(greys, numbers(&reference["resized"]["values"]));
}

#[test]
fn values_are_placed_as_numpy_places_them() {
    let reference = reference();
    let placement = &reference["placement"];
    let digit = placement["digit_index"].as_u64().unwrap() as usize;
    let digit = grey(reference["digits"][digit]["pixels"].as_str().unwrap());
    let regions = decompose(&downsample(&central_part(&binarise(&digit))));
    let vector = numbers(&placement["vector"]).iter().map(|value| *value as f32).collect();
    let image = place(&sort_descending(vector), &regions, Placement::Raster, &mut split(1, "", 0));
    let expected: Vec<f32> = numbers(&placement["image"]).iter().map(|value| *value as f32).collect();
    assert_eq!(image, expected);
}

#[test]
fn a_digit_of_sd19_is_cut_to_its_central_part() {
    let mut pixels = vec![0; 128 * 128];
    for y in 32..96 {
        pixels[y * 128 + 40] = 255;
        pixels[y * 128 + 41] = 255;
    }
    let z_cd = downsample(&central_part(&binarise(&Grey { width: 128, height: 128, pixels })));
    let expected = Binary::from_fn(SIDE, |_, x| x == 4);
    assert_eq!(z_cd, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_pixels_are_exactly_the_draw_and_the_regions_cover_the_image(
        pixels in prop::collection::vec(any::<u8>(), 28 * 28), seed in any::<u64>(),
        placement in prop::sample::select(&[Placement::Raster, Placement::Shuffled, Placement::Anywhere]),
        family in prop::sample::select(&[Family::Normal, Family::Laplace, Family::Uniform]),
    ) {
        let digit = Grey { width: 28, height: 28, pixels };
        let known = Distribution::new(family, 0.0, 32.0).unwrap();
        let image = generate(&digit, &known, placement, &mut split(seed, "pixels", 0));
        let drawn = sort_descending(sample(&known, &mut split(seed, "pixels", 0)));
        prop_assert_eq!(sort_descending(image.pixels.clone()), drawn);
        let share = |region| image.regions.iter().filter(|r| **r == region).count() as f64 / PIXELS as f64;
        let all = [Region::Outside, Region::OutsideBoundary, Region::InsideBoundary, Region::Inside];
        prop_assert!((all.into_iter().map(share).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn enlarging_rounds_nothing(width in 1_usize..100, height in 1_usize..64, seed in any::<u64>()) {
        let mut random = split(seed, "greys", 0);
        let pixels: Vec<u8> = (0..width * height).map(|_| (random.next_u32() >> 24) as u8).collect();
        let place = |index: usize, length: usize| {
            let place = ((index as f64 + 0.5) * length as f64 / 64.0 - 0.5).clamp(0.0, (length - 1) as f64);
            (place as usize, (place as usize + 1).min(length - 1), place.fract())
        };
        let mut y = 0;
        enlarge(&Grey { width, height, pixels: pixels.clone() }, |row| {
            let (above, below, down) = place(y, height);
            for (x, grey) in row.iter().enumerate() {
                let (left, right, along) = place(x, width);
                let at = |y: usize, x: usize| f64::from(pixels[y * width + x]);
                let upper = at(above, left) * (1.0 - along) + at(above, right) * along;
                let lower = at(below, left) * (1.0 - along) + at(below, right) * along;
                assert_eq!(f64::from(*grey), upper * (1.0 - down) + lower * down);
            }
            y += 1;
        });
        prop_assert_eq!(y, 64);
    }

    #[test]
    fn no_pixel_of_a_region_exceeds_one_of_the_region_before(
        pixels in prop::collection::vec(any::<u8>(), 28 * 28), seed in any::<u64>(),
    ) {
        let digit = Grey { width: 28, height: 28, pixels };
        let image = generate(&digit, &Distribution::new(Family::Normal, 0.0, 32.0).unwrap(), Placement::Shuffled, &mut split(seed, "pixels", 0));
        let mut ordered: Vec<(Region, f32)> = image.regions.iter().copied().zip(image.pixels).collect();
        ordered.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        prop_assert!(ordered.windows(2).all(|pair| pair[0].1 >= pair[1].1));
    }
}
