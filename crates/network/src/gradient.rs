//! A batch, and the gradient of its loss: what every engine takes and gives.

use crate::chain::Chain;

/// Images with their labels, at least one, as many of each as the other, and of the chain's sizes.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    images: &'a [&'a [f32]],
    labels: &'a [u8],
}

/// Why images and labels are no batch of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Numbers that differ.
    #[error("a batch has {images} images and {labels} labels")]
    Lengths {
        /// Images that were given.
        images: usize,
        /// Labels that were given.
        labels: usize,
    },
    /// No image.
    #[error("a batch has no image")]
    Empty,
    /// An image of another size.
    #[error("image {image} of a batch has {found} numbers, and the network takes {expected}")]
    Image {
        /// Its place in the batch, from 0.
        image: usize,
        /// Numbers that it has.
        found: usize,
        /// Numbers that it should have.
        expected: usize,
    },
    /// A label that is no class.
    #[error("image {image} of a batch has the label {label}, and the network has {classes} classes, from 0")]
    Label {
        /// Its place in the batch, from 0.
        image: usize,
        /// The label.
        label: u8,
        /// Classes of the network.
        classes: usize,
    },
}

impl<'a> Batch<'a> {
    /// A batch for a chain.
    ///
    /// # Errors
    /// Where the lengths differ or are zero, an image has another size, or a label is no class.
    pub fn new(chain: &Chain, images: &'a [&'a [f32]], labels: &'a [u8]) -> Result<Batch<'a>, Error> {
        if images.len() != labels.len() {
            return Err(Error::Lengths { images: images.len(), labels: labels.len() });
        }
        if images.is_empty() {
            return Err(Error::Empty);
        }
        let (expected, classes) = (chain.pixels(), chain.classes());
        for (image, (pixels, &label)) in images.iter().zip(labels).enumerate() {
            if pixels.len() != expected {
                return Err(Error::Image { image, found: pixels.len(), expected });
            }
            if usize::from(label) >= classes {
                return Err(Error::Label { image, label, classes });
            }
        }
        Ok(Batch { images, labels })
    }

    /// The numbers of each image: channels × side × side.
    pub fn images(&self) -> &'a [&'a [f32]] {
        self.images
    }

    /// Classes, one an image.
    pub fn labels(&self) -> &'a [u8] {
        self.labels
    }
}

/// A loss and its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// Mean cross-entropy over the batch, in nats.
    pub loss: f64,
    /// Its derivative by every parameter, in the parameters' order.
    pub values: Vec<f32>,
}

impl Gradient {
    /// No loss, and no gradient yet.
    pub fn zero(parameters: usize) -> Gradient {
        Gradient { loss: 0.0, values: vec![0.0; parameters] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_fits_its_chain_or_the_error_says_which_image_does_not() {
        let chain = Chain::new((1, 2), &[], &[3]).unwrap();
        let (image, long): (&[f32], &[f32]) = (&[0.0; 4], &[0.0; 5]);
        assert_eq!(Batch::new(&chain, &[image, image], &[2, 0]).unwrap().labels(), [2, 0]);
        let wrong =
            |images: &[&[f32]], labels: &[u8]| Batch::new(&chain, images, labels).unwrap_err().to_string();
        assert_eq!(wrong(&[], &[]), "a batch has no image");
        assert_eq!(wrong(&[image], &[1, 2]), "a batch has 1 images and 2 labels");
        assert_eq!(
            wrong(&[image, long], &[1, 2]),
            "image 1 of a batch has 5 numbers, and the network takes 4"
        );
        assert!(wrong(&[image], &[3]).contains("image 0 of a batch has the label 3"));
    }
}
