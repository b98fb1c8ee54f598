//! The words of the page, explained for who opens nothing else.

/// Each word with what it means.
const TERMS: [(&str, &str); 13] = [
    (
        "CNN1, CNN2, CNN3",
        "The networks of the paper’s Table 1, for grey images of 32 × 32: f1, 4, 12 or 20 filters of 3 × 3, ReLU, and f2, 2 × 2 max \
         pooling; f3, 20 filters of 5 × 5 over all channels, ReLU, and f4, 2 × 2 max pooling; f5, 20 neurons, ReLU; fY, 10 classes, \
         softmax. They differ in the number of filters of f1 only. Network single, a control, has one filter.",
    ),
    (
        "x, P(X)",
        "A synthetic image, and the distribution that its 1,024 pixels were drawn from: N(0, 1024) unless said otherwise. Sorted, they \
         are put into the regions of a handwritten digit, its background, its edges, its ink (Figure 8): the image shows the digit, \
         and its pixels are still an exact sample of P(X). Inside a region they lie by placement: raster, the largest first, row by \
         row; shuffled, in random order. With placement anywhere they lie in no order in the whole image.",
    ),
    (
        "Energy of F1",
        "Minus the sum of the channels of f1 at one place, before its ReLU (Eq. 7); 900 of them in an image. P̂(F1) is their \
         histogram.",
    ),
    (
        "F1’s shape",
        "The same energies, shifted and scaled to the mean and the standard deviation of P(X): standardised.",
    ),
    (
        "P(F2 | F1), P(F3 | F2), P(FY | F3)",
        "The layers above, each given the one below. The capitals count the layers that have weights: F2 is f3, F3 is f5.",
    ),
    (
        "KL",
        "KL[P(X) ‖ P̂], in nats: how far a histogram is from P(X). 0 is the same distribution; there is no upper end.",
    ),
    (
        "Null",
        "The same KL of exact samples of P(X) of the same size, mean and range of 95 %. It is above 0, as a sample is not a \
         distribution. A KL within it cannot be told from that of an exact sample.",
    ),
    (
        "Page’s test",
        "How probable so clear a fall over the networks would be if their order meant nothing. It asks for a fall in the mean; a claim’s \
         rule asks how strong it is, as a rank correlation in each seed.",
    ),
    ("Excess", "A KL less the mean of its null."),
    (
        "Share within the null",
        "The share of images with a KL below the null’s 97.5 % quantile: 97.5 % of exact samples have that.",
    ),
    (
        "95 % interval",
        "Over seeds or datasets: what the mean of many more would be, with 95 % confidence (Student’s t for fewer than ten, else BCa \
         bootstrap). Of checkpoints, in each of which a formula must hold, the worst counts.",
    ),
    ("Checkpoint", "A network at one epoch; epoch 0 is the network before its training."),
    (
        "Reproduced",
        "All that decides is met by the whole of its interval. Not reproduced: something is contradicted by the whole of it.",
    ),
];

pub(super) fn write(html: &mut String) {
    html.push_str("<section aria-labelledby=\"terms\">\n<h2 id=\"terms\">What the words mean</h2>\n<dl class=\"terms\">\n");
    for (term, meaning) in TERMS {
        html.push_str(&format!("<dt>{term}</dt><dd>{meaning}</dd>\n"));
    }
    html.push_str("</dl>\n</section>\n");
}
