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

fn enlarged(grey: &Grey) -> [[f64; 64]; 64] {
    enlarge(grey, [0.0; 64], |row| row.map(|grey| f64::from(grey) / f64::from(UNITS)))
}

fn ink(z_cd: &Mask) -> String {
    let row = |row: &u32| (0..SIDE).map(|x| if row >> x & 1 == 1 { '1' } else { '0' }).collect::<String>();
    z_cd.iter().map(row).collect()
}

fn image_of(
    x: &[f32; PIXELS],
    regions: &Regions,
    placement: Placement,
    random: &mut ChaCha8Rng,
) -> [f32; PIXELS] {
    let mut image = [f32::NAN; PIXELS];
    place(x, regions, placement, random, &mut image);
    image
}

fn sorted(mut x: [f32; PIXELS]) -> [f32; PIXELS] {
    x.sort_by(|a, b| b.total_cmp(a));
    x
}

/// One image: its pixels and their regions.
fn generated(
    picture: &Grey,
    known: &Distribution,
    placement: Placement,
    seed: u64,
) -> ([f32; PIXELS], [u8; PIXELS]) {
    let (mut pixels, mut regions) = ([f32::NAN; PIXELS], [9; PIXELS]);
    let random = split(seed, "pixels", 0);
    let image = Image { z_cd: &digit(picture), random, pixels: &mut pixels, regions: &mut regions };
    generate(&mut [image], known, placement);
    (pixels, regions)
}

#[test]
fn digits_and_regions_are_those_of_scipy() {
    let reference = reference();
    let cases = ["digits", "edge_cases"].iter().flat_map(|key| reference[*key].as_array().unwrap());
    let mut count = 0;
    for case in cases {
        let z_cd = digit(&grey(case["pixels"].as_str().unwrap()));
        assert_eq!(ink(&z_cd), rows(&case["digit"]));
        let regions = decompose(&z_cd).map(|number| char::from(b'0' + number));
        assert_eq!(String::from_iter(regions), rows(&case["regions"]));
        count += 1;
    }
    assert_eq!(count, 19);
}

#[test]
fn enlarging_is_that_of_pytorch() {
    let reference = reference();
    let digit = reference["resized"]["digit_index"].as_u64().unwrap() as usize;
    let digit = grey(reference["digits"][digit]["pixels"].as_str().unwrap());
    assert_eq!(enlarged(&digit).concat(), numbers(&reference["resized"]["values"]));
}

#[test]
fn values_are_placed_as_numpy_places_them() {
    let reference = reference();
    let placement = &reference["placement"];
    let index = placement["digit_index"].as_u64().unwrap() as usize;
    let regions = decompose(&digit(&grey(reference["digits"][index]["pixels"].as_str().unwrap())));
    let singles = |values: &Value| -> [f32; PIXELS] {
        let values: Vec<f32> = numbers(values).iter().map(|value| *value as f32).collect();
        values.try_into().unwrap()
    };
    let x = sorted(singles(&placement["vector"]));
    let image = image_of(&x, &regions, Placement::Raster, &mut split(1, "", 0));
    assert_eq!(image, singles(&placement["image"]));
}

#[test]
fn a_digit_of_sd19_is_cut_to_its_central_part() {
    let mut pixels = vec![0; 128 * 128];
    for y in 32..96 {
        pixels[y * 128 + 40] = 255;
        pixels[y * 128 + 41] = 255;
    }
    assert_eq!(digit(&Grey { width: 128, height: 128, pixels }), [1 << 4; SIDE]);
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
        let (image, numbers) = generated(&digit, &known, placement, seed);
        let mut random = split(seed, "pixels", 0);
        let drawn = array::from_fn(|_| draw(&known, &mut random) as f32 + 0.0);
        prop_assert_eq!(sorted(image), sorted(drawn));
        prop_assert!(numbers.iter().all(|number| *number < 4));
    }

    #[test]
    fn enlarging_rounds_nothing(
        width in prop_oneof![1_usize..100, 250_usize..600], height in 1_usize..100, seed in any::<u64>(),
    ) {
        let mut random = split(seed, "greys", 0);
        let pixels: Vec<u8> = (0..width * height).map(|_| (random.next_u32() >> 24) as u8).collect();
        let place = |index: usize, length: usize| {
            let place = ((index as f64 + 0.5) * length as f64 / 64.0 - 0.5).clamp(0.0, (length - 1) as f64);
            (place as usize, (place as usize + 1).min(length - 1), place.fract())
        };
        for (y, row) in enlarged(&Grey { width, height, pixels: pixels.clone() }).iter().enumerate() {
            let (above, below, down) = place(y, height);
            for (x, grey) in row.iter().enumerate() {
                let (left, right, along) = place(x, width);
                let at = |y: usize, x: usize| f64::from(pixels[y * width + x]);
                let upper = at(above, left) * (1.0 - along) + at(above, right) * along;
                let lower = at(below, left) * (1.0 - along) + at(below, right) * along;
                prop_assert_eq!(*grey, upper * (1.0 - down) + lower * down);
            }
        }
    }

    #[test]
    fn the_centre_is_that_of_the_largest_square(width in 64_usize..140, height in 64_usize..140, seed in any::<u64>()) {
        let mut random = split(seed, "greys", 0);
        let pixels: Vec<u8> = (0..width * height).map(|_| (random.next_u32() >> 24) as u8).collect();
        let side = width.min(height);
        let (top, left, margin) = ((height - side) / 2, (width - side) / 2, (side - 64) / 2);
        let rows = binarise_centre(&Grey { width, height, pixels: pixels.clone() });
        for (y, row) in rows.iter().enumerate() {
            for x in 0..64 {
                let grey = pixels[(top + margin + y) * width + left + margin + x];
                prop_assert_eq!(row >> x & 1 == 1, grey >= 128);
            }
        }
    }

    #[test]
    fn a_pixel_is_ink_where_two_of_its_four_are(pixels in prop::collection::vec(any::<u8>(), 28 * 28)) {
        let grey = Grey { width: 28, height: 28, pixels };
        let (greys, z_cd) = (enlarged(&grey), digit(&grey));
        for (y, rows) in greys.chunks(2).enumerate() {
            for (x, row) in (0..SIDE).map(|x| (x, z_cd[y] >> x & 1)) {
                let four = [rows[0][2 * x], rows[0][2 * x + 1], rows[1][2 * x], rows[1][2 * x + 1]];
                prop_assert_eq!(row == 1, four.iter().filter(|grey| **grey >= 128.0).count() >= 2);
            }
        }
    }

    #[test]
    fn no_pixel_of_a_region_exceeds_one_of_the_region_before(
        pixels in prop::collection::vec(any::<u8>(), 28 * 28), seed in any::<u64>(),
    ) {
        let digit = Grey { width: 28, height: 28, pixels };
        let known = Distribution::new(Family::Normal, 0.0, 32.0).unwrap();
        let (image, numbers) = generated(&digit, &known, Placement::Shuffled, seed);
        let mut ordered: Vec<(u8, f32)> = numbers.into_iter().zip(image).collect();
        ordered.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        prop_assert!(ordered.windows(2).all(|pair| pair[0].1 >= pair[1].1));
    }
}
