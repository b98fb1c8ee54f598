//! Every table, in the order in which the pipeline makes them.

use crate::kind::{Column, Element, Kind, Table};

const fn column(name: &'static str, kind: Kind, unit: &'static str, about: &'static str) -> Column {
    Column { name, kind, unit, about, nullable: false }
}

const I32: Kind = Kind::Number(Element::I32);
const F64: Kind = Kind::Number(Element::F64);
const U8: Kind = Kind::Number(Element::U8);

const NETWORK: Column = column(
    "network",
    Kind::Category,
    "",
    "Architecture: cnn1, cnn2 or cnn3 (Table 1), or single (one channel); none where only pixels are looked at",
);
const LABELS: Column = column("labels", Kind::Category, "", "Labels that it was trained on: real or random");
const SEED: Column = column("seed", Kind::I64, "", "Seed of the training");
const EPOCH: Column =
    column("epoch", I32, "epochs", "Passes over the training images; 0 is the untrained network");
const IMAGE_ID: Column = column("image_id", I32, "", "Row of the image in the dataset, from 0");

/// Handwritten digits as encoded pictures: what the dataset is made from.
pub const DIGITS: Table = Table {
    name: "digits",
    version: 1,
    about: "One handwritten digit",
    columns: &[
        column("image", Kind::EncodedImage, "", "PNG, 8-bit grey, 0 is background and 255 is ink"),
        column("label", Kind::I64, "", "Class of the digit, 0 to 9"),
    ],
};

/// The synthetic images of Algorithm 1.
pub const DATASET: Table = Table {
    name: "dataset",
    version: 2,
    about: "One synthetic image",
    columns: &[
        IMAGE_ID,
        column("split", Kind::Category, "", "train or test"),
        column("label", U8, "", "Class of the source digit, 0 to 9"),
        column("random_label", U8, "", "A label drawn uniformly from 0 to 9, whatever the image shows"),
        column(
            "pixels",
            Kind::Tensor(Element::F32, &[32, 32]),
            "",
            "One draw of the pixel distribution, placed by region",
        ),
        column(
            "regions",
            Kind::Bytes(&[32, 32]),
            "",
            "Region of each pixel: 0 outside, 1 outside-boundary, 2 inside-boundary, 3 inside",
        ),
        column("source_digit", Kind::Text, "", "Path of the digit that gave the regions"),
    ],
};

/// Every parameter of a network at the epochs that were asked for.
pub const CHECKPOINTS: Table = Table {
    name: "checkpoints",
    version: 1,
    about: "One network at one epoch",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        column("conv1_weight", Kind::Tensor(Element::F32, &[]), "", "Filters of f1 [channels, 1, 3, 3]"),
        column("conv1_bias", Kind::Tensor(Element::F32, &[]), "", "Biases of f1 [channels]"),
        column("conv2_weight", Kind::Tensor(Element::F32, &[]), "", "Filters of f3 [20, channels, 5, 5]"),
        column("conv2_bias", Kind::Tensor(Element::F32, &[]), "", "Biases of f3 [20]"),
        column("fc1_weight", Kind::Tensor(Element::F32, &[]), "", "Weights of f5 [20, 500]"),
        column("fc1_bias", Kind::Tensor(Element::F32, &[]), "", "Biases of f5 [20]"),
        column("fc2_weight", Kind::Tensor(Element::F32, &[]), "", "Weights of fY [10, 20]"),
        column("fc2_bias", Kind::Tensor(Element::F32, &[]), "", "Biases of fY [10]"),
    ],
};

/// What training did at every epoch.
pub const HISTORY: Table = Table {
    name: "history",
    version: 1,
    about: "One epoch of one training",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        column("training_loss", F64, "nats", "Mean cross-entropy over the training images, after the epoch"),
        column(
            "training_error",
            F64,
            "share",
            "Share of training images classified wrongly, after the epoch",
        ),
        column("test_error", F64, "share", "Share of test images classified wrongly, after the epoch"),
    ],
};

/// How long every epoch took: measured, so it differs from run to run, and nothing is computed from it.
pub const TIMINGS: Table = Table {
    name: "timings",
    version: 2,
    about: "One epoch of one training",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        column("training_seconds", F64, "s", "Wall time of the epoch's training steps"),
        column("evaluation_seconds", F64, "s", "Wall time of computing its loss and errors"),
        column("threads", I32, "threads", "Threads that it trained with"),
        column(
            "machine",
            Kind::Category,
            "",
            "Processor, cores and vector instructions of the machine that trained; of a training that was resumed \
             elsewhere, the last one",
        ),
    ],
};

/// The layers of the chosen images at the chosen epochs.
pub const ACTIVATIONS: Table = Table {
    name: "activations",
    version: 1,
    about: "One image in one network at one epoch",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        IMAGE_ID,
        column(
            "e_f1",
            Kind::Tensor(Element::F32, &[30, 30]),
            "",
            "Energy of F1 (Eq. 7): minus the sum of the linear channels of f1",
        ),
        column(
            "e_f2",
            Kind::Tensor(Element::F32, &[11, 11]),
            "",
            "Energy of F2 (Eq. 7): minus the sum of the linear channels of f3",
        ),
        column("f1", Kind::Tensor(Element::F32, &[]), "", "Convolution and ReLU [channels, 30, 30]"),
        column("f2", Kind::Tensor(Element::F32, &[]), "", "Max pooling of f1 [channels, 15, 15]"),
        column("f3", Kind::Tensor(Element::F32, &[20, 11, 11]), "", "Convolution and ReLU"),
        column("f4", Kind::Tensor(Element::F32, &[20, 5, 5]), "", "Max pooling of f3"),
        column("f5", Kind::Tensor(Element::F32, &[20]), "", "Fully connected, ReLU"),
        column("f_y", Kind::Tensor(Element::F32, &[10]), "", "Logits: the output before softmax"),
    ],
};

/// The energies of F1 of every test image at every epoch: a stream.
pub const ENERGIES: Table = Table {
    name: "energies",
    version: 1,
    about: "One test image in one network at one epoch",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        IMAGE_ID,
        column(
            "e_f1",
            Kind::Tensor(Element::F32, &[30, 30]),
            "",
            "Energy of F1 (Eq. 7): minus the sum of the linear channels of f1",
        ),
    ],
};

/// Empirical distributions (Eq. 8) and distributions over neurons (Eq. 9).
pub const DISTRIBUTIONS: Table = Table {
    name: "distributions",
    version: 1,
    about: "One random variable for one image in one network at one epoch",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        IMAGE_ID,
        column(
            "variable",
            Kind::Category,
            "",
            "x (pixels; at the first epoch only, as no network changes them), f1 (energies of F1), f1_standardised (the same at mean 0 and the sd of P(X)), f2 (energies of F2 given F1), f3 and fy (Eq. 9)",
        ),
        column(
            "counts",
            Kind::List(Element::U16),
            "values",
            "Values in each bin (Eq. 8); empty for f3 and fy",
        ),
        column(
            "probabilities",
            Kind::List(Element::F32),
            "probability",
            "Probability of each neuron (Eq. 9); empty for x, f1, f2",
        ),
        column(
            "lower_edge",
            F64,
            "",
            "Lower edge of the first bin, which is open to minus infinity; 0 for f3 and fy",
        ),
        column(
            "upper_edge",
            F64,
            "",
            "Upper edge of the last bin, which is open to plus infinity; 0 for f3 and fy",
        ),
    ],
};

/// KL[P(X)‖P̂] of every image at every epoch, beside its null.
pub const DIVERGENCES: Table = Table {
    name: "divergences",
    version: 2,
    about: "One image in one network at one epoch",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        IMAGE_ID,
        column("kl_x", F64, "nats", "KL[P(X)‖P̂(x)] of the image's pixels"),
        column("kl_f1", F64, "nats", "KL[P(X)‖P̂(F1)] of the energies as Eq. 7 gives them"),
        column(
            "kl_f1_standardised",
            F64,
            "nats",
            "The same after shifting and scaling the image's energies to mean 0 and the sd of P(X)",
        ),
        column(
            "null_x_mean",
            F64,
            "nats",
            "Mean of the same estimator over exact samples of P(X) of the size of x",
        ),
        column("null_x_low", F64, "nats", "2.5 % quantile of that null"),
        column("null_x_high", F64, "nats", "97.5 % quantile of that null"),
        column(
            "null_f1_mean",
            F64,
            "nats",
            "Mean of the same estimator over exact samples of P(X) of the size of E_F1",
        ),
        column("null_f1_low", F64, "nats", "2.5 % quantile of that null"),
        column("null_f1_high", F64, "nats", "97.5 % quantile of that null"),
        column(
            "null_f1_standardised_mean",
            F64,
            "nats",
            "Mean over the same samples, standardised as the energies are",
        ),
        column("null_f1_standardised_low", F64, "nats", "2.5 % quantile of that null"),
        column("null_f1_standardised_high", F64, "nats", "97.5 % quantile of that null"),
    ],
};

/// How far pixels and energies lie from P(X) by every estimator.
pub const ESTIMATES: Table = Table {
    name: "estimates",
    version: 1,
    about: "One estimator for one variable in one network at one epoch, over some test images",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        column(
            "against",
            Kind::Category,
            "",
            "Shape of what samples are held against: normal, laplace or uniform",
        ),
        column(
            "variable",
            Kind::Category,
            "",
            "x (pixels), f1 (energies of F1), f1_standardised (the same at mean 0 and the sd of P(X))",
        ),
        column(
            "statistic",
            Kind::Category,
            "",
            "kl (KL[P(X)‖P̂] by a histogram, nats), kl_neighbours (the same by nearest neighbours), kl_reversed_neighbours (KL[P̂‖P(X)], nats), kolmogorov_smirnov (0 to 1), anderson_darling, wasserstein, mean and sd (in the pixels' unit)",
        ),
        column("bins", Kind::Category, "", "Where the edges of the bins are; empty without bins"),
        column("smoothing", Kind::Category, "", "What is done about empty bins; empty without bins"),
        column("images", I32, "images", "Test images that have the statistic"),
        column("mean", F64, "of the statistic", "Mean over the images"),
        column("median", F64, "of the statistic", "Median over the images"),
        column("low", F64, "of the statistic", "2.5 % quantile over the images"),
        column("high", F64, "of the statistic", "97.5 % quantile over the images"),
        column(
            "null_mean",
            F64,
            "of the statistic",
            "Mean over exact samples of the same size of what they are held against",
        ),
        column("null_low", F64, "of the statistic", "2.5 % quantile of that null"),
        column("null_high", F64, "of the statistic", "97.5 % quantile of that null"),
        column(
            "noise_mean",
            F64,
            "of the statistic",
            "Mean over images of white noise, the pixels' own distribution in no order, through the same filter",
        ),
        column("noise_low", F64, "of the statistic", "2.5 % quantile of that noise"),
        column("noise_high", F64, "of the statistic", "97.5 % quantile of that noise"),
        column("excess", F64, "of the statistic", "mean less null_mean"),
        column(
            "within_null",
            F64,
            "share",
            "Share of images at most at null_high; for mean and sd, between null_low and null_high",
        ),
    ],
};

/// One training at one epoch, over all its test images.
pub const SUMMARY: Table = Table {
    name: "summary",
    version: 3,
    about: "One network, labels, seed and epoch",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        column("images", I32, "images", "Test images behind the means"),
        column("kl_x_mean", F64, "nats", "Mean of KL[P(X)‖P̂(x)] over the test images"),
        column("kl_f1_mean", F64, "nats", "Mean of KL[P(X)‖P̂(F1)] over the test images"),
        column("kl_f1_sd", F64, "nats", "Its standard deviation over the test images"),
        column("kl_f1_low", F64, "nats", "Its 2.5 % quantile over the test images"),
        column("kl_f1_median", F64, "nats", "Its median over the test images"),
        column("kl_f1_high", F64, "nats", "Its 97.5 % quantile over the test images"),
        column("kl_f1_standardised_mean", F64, "nats", "Mean of the KL of the standardised energies"),
        column(
            "x_within_null",
            F64,
            "share",
            "Share of test images whose KL[P(X)‖P̂(x)] is at most null_x_high",
        ),
        column(
            "f1_within_null",
            F64,
            "share",
            "Share of test images whose KL[P(X)‖P̂(F1)] is at most null_f1_high",
        ),
        column("null_x_mean", F64, "nats", "Mean of the null of KL[P(X)‖P̂(x)], the estimator's own floor"),
        column("null_x_low", F64, "nats", "2.5 % quantile of that null"),
        column("null_x_high", F64, "nats", "97.5 % quantile of that null"),
        column("null_f1_mean", F64, "nats", "Mean of the null of KL[P(X)‖P̂(F1)], the estimator's own floor"),
        column("null_f1_low", F64, "nats", "2.5 % quantile of that null"),
        column("null_f1_high", F64, "nats", "97.5 % quantile of that null"),
        column(
            "null_f1_standardised_mean",
            F64,
            "nats",
            "Mean of the null of kl_f1_standardised: samples standardised as the energies are",
        ),
        column("null_f1_standardised_low", F64, "nats", "2.5 % quantile of that null"),
        column("null_f1_standardised_high", F64, "nats", "97.5 % quantile of that null"),
        column("excess_x", F64, "nats", "kl_x_mean less null_x_mean"),
        column("excess_f1", F64, "nats", "kl_f1_mean less null_f1_mean"),
        column(
            "excess_f1_standardised",
            F64,
            "nats",
            "kl_f1_standardised_mean less null_f1_standardised_mean",
        ),
        column("training_loss", F64, "nats", "Mean cross-entropy over the training images"),
        column("training_error", F64, "share", "Share of training images classified wrongly"),
        column(
            "least_training_error",
            F64,
            "share",
            "The smallest training error of the training's history up to this epoch, also of epochs that have no row here",
        ),
        column("test_error", F64, "share", "Share of test images classified wrongly"),
    ],
};

/// One network at one epoch, over its seeds.
pub const SPREAD: Table = Table {
    name: "spread",
    version: 2,
    about: "One network, labels and epoch, over all seeds",
    columns: &[
        NETWORK,
        LABELS,
        EPOCH,
        column("seeds", I32, "seeds", "Trainings behind the means"),
        column("kl_f1_mean", F64, "nats", "Mean over seeds of the mean KL[P(X)‖P̂(F1)]"),
        column("kl_f1_sd", F64, "nats", "Standard deviation over seeds; 0 for one seed"),
        column("kl_f1_min", F64, "nats", "Smallest over seeds"),
        column("kl_f1_max", F64, "nats", "Largest over seeds"),
        column(
            "kl_f1_low",
            F64,
            "nats",
            "Lower end of the mean's 95 % interval over seeds; NaN for one seed",
        ),
        column("kl_f1_high", F64, "nats", "Upper end of that interval"),
        column("null_f1_mean", F64, "nats", "Mean of the null of KL[P(X)‖P̂(F1)], the estimator's own floor"),
        column("null_f1_low", F64, "nats", "2.5 % quantile of that null"),
        column("null_f1_high", F64, "nats", "97.5 % quantile of that null"),
        column("excess_f1", F64, "nats", "kl_f1_mean less null_f1_mean"),
        column("training_error_mean", F64, "share", "Mean over seeds"),
        column("training_error_min", F64, "share", "Smallest over seeds"),
        column("training_error_max", F64, "share", "Largest over seeds"),
        column("test_error_mean", F64, "share", "Mean over seeds"),
        column("test_error_sd", F64, "share", "Standard deviation over seeds; 0 for one seed"),
        column("test_error_min", F64, "share", "Smallest over seeds"),
        column("test_error_max", F64, "share", "Largest over seeds"),
        column(
            "test_error_low",
            F64,
            "share",
            "Lower end of the mean's 95 % interval over seeds; NaN for one seed",
        ),
        column("test_error_high", F64, "share", "Upper end of that interval"),
    ],
};

/// Whether a number falls from CNN1 to CNN2 to CNN3.
pub const TRENDS: Table = Table {
    name: "trends",
    version: 1,
    about: "One number at one epoch, over the seeds that all three networks have",
    columns: &[
        LABELS,
        EPOCH,
        column(
            "measure",
            Kind::Category,
            "",
            "Column of summary: kl_f1_mean, kl_f1_standardised_mean or test_error",
        ),
        column("seeds", I32, "seeds", "Seeds, each a block of Page's test"),
        column(
            "effect",
            F64,
            "",
            "Mean over seeds of Spearman's correlation with the number of channels: -1 where it falls in every seed, 1 where it rises in every one",
        ),
        column("effect_low", F64, "", "Lower end of its 95 % interval over seeds; NaN for one seed"),
        column("effect_high", F64, "", "Upper end of that interval"),
        column("page_l", F64, "", "Page's L for a number that falls"),
        column(
            "p_value",
            F64,
            "",
            "Probability of an L at least as large where every order is equally likely (exact)",
        ),
    ],
};

/// The paper's derivations, checked on networks.
pub const THEORY: Table = Table {
    name: "theory",
    version: 1,
    about: "One figure of one check in one network at one epoch",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        column("claim", Kind::Category, "", "C8 to C12, as numbered in docs/theory.md"),
        column("equation", Kind::Category, "", "Equation of the paper, such as Eq. 13"),
        column("check", Kind::Category, "", "What is compared, after the layer where it is one layer's"),
        column(
            "kind",
            Kind::Category,
            "",
            "identity (both sides must agree to rounding), approximation (the paper writes or argues one), as printed (print holds a slip, and this is how wrong the literal reading is)",
        ),
        column("cases", I32, "comparisons", "Comparisons behind the figure"),
        column(
            "statistic",
            Kind::Category,
            "",
            "largest_ or median_: relative_error (|a/b − 1|), kl (nats), total_variation (0 to 1), log_ratio (|log a/b|, nats); largest switched, mean inactive (shares of units), mean other_class (share of images); slope (in log-log)",
        ),
        column("value", F64, "of the statistic", "The figure"),
    ],
};

/// First-order approximations of gradient steps, by the size of the step.
pub const STEPS: Table = Table {
    name: "steps",
    version: 1,
    about: "One step in one layer of one network at one epoch",
    columns: &[
        NETWORK,
        LABELS,
        SEED,
        EPOCH,
        column(
            "layer",
            Kind::Category,
            "",
            "f1 and f2 given x, f3 and f4 given f2, or f_y with all parameters moved",
        ),
        column("step", F64, "", "Learning rate of the step"),
        column(
            "error",
            F64,
            "share",
            "Norm of what first order misses of the layer's change, over all images, relative to the norm of the change",
        ),
        column(
            "switched",
            F64,
            "share",
            "Units whose ReLU or pooling chooses otherwise after the step; for f_y of all units of the network",
        ),
    ],
};

const UNITS_OF_A_CLAIM: Column = column(
    "units",
    Kind::Category,
    "",
    "What the number that decides and is over the fewest is over: seeds, datasets or checkpoints",
);
const COUNT_OF_A_CLAIM: Column = column("count", I32, "units", "Over how many of them that number is");
const NEEDED_OF_A_CLAIM: Column = column("needed", I32, "units", "How many it takes for an answer");

/// What became of the paper's claims.
pub const CLAIMS: Table = Table {
    name: "claims",
    version: 3,
    about: "One claim of the paper",
    columns: &[
        column("claim", Kind::Text, "", "C1 to C12, as numbered in docs/claims.md"),
        column("statement", Kind::Text, "", "What the paper says, in short"),
        column("place", Kind::Text, "", "Where the paper says it"),
        column("paper", Kind::Text, "", "The paper's own figure, where it prints one"),
        column(
            "found",
            Kind::Text,
            "",
            "What decides, each with its 95 % interval and what it was held against",
        ),
        column("beside", Kind::Text, "", "What was also looked at, and decides nothing"),
        column("rule", Kind::Text, "", "The rule that gives the verdict"),
        column("verdict", Kind::Category, "", "reproduced, not reproduced or inconclusive"),
        column("tables", Kind::Text, "", "The tables that it came from"),
        UNITS_OF_A_CLAIM,
        COUNT_OF_A_CLAIM,
        NEEDED_OF_A_CLAIM,
    ],
};

/// The numbers behind the verdicts.
pub const EVIDENCE: Table = Table {
    name: "evidence",
    version: 3,
    about: "One number that a claim is judged by, or that stands beside it",
    columns: &[
        column("claim", Kind::Text, "", "The claim"),
        column(
            "role",
            Kind::Category,
            "",
            "supposes (what must be so for the claim to be asked), decides or beside",
        ),
        column("statistic", Kind::Category, "", "What it is: docs/claims.md has the list"),
        column(
            "quantity",
            Kind::Text,
            "",
            "The same in words, with what it is of: KL, kolmogorov smirnov, test error",
        ),
        column("about", Kind::Text, "", "Of which networks, labels and epochs"),
        column("unit", Kind::Category, "", "Its unit: nats, share, or empty for a number without one"),
        column("missing", Kind::Text, "", "Why there is no number; empty where there is one"),
        column(
            "units",
            Kind::Category,
            "",
            "What it is counted over: seeds, datasets or checkpoints (a network at one epoch)",
        ),
        column("count", I32, "units", "How many of them there are"),
        column("needed", I32, "units", "How many it takes for an answer"),
        column(
            "value",
            F64,
            "of the statistic",
            "Mean over them, of checkpoints the worst for the claim; NaN where there are none",
        ),
        column("median", F64, "of the statistic", "Median over them; NaN where there are none"),
        column(
            "low",
            F64,
            "of the statistic",
            "Lower end of the 95 % interval over them, of checkpoints of their range; NaN for fewer than two",
        ),
        column("high", F64, "of the statistic", "Upper end of that interval"),
        column(
            "null_mean",
            F64,
            "of the statistic",
            "Mean of the null of the divergence in it; of a share of images within a null what exact samples give; else NaN",
        ),
        column("null_low", F64, "nats", "2.5 % quantile of that null; NaN for a share"),
        column("null_high", F64, "nats", "97.5 % quantile of that null; NaN for a share"),
        column("p_value", F64, "probability", "Of Page's test, for a trend; NaN for others"),
        column("direction", Kind::Category, "", "at least or at most; empty for what decides nothing"),
        column("threshold", F64, "of the statistic", "What it is held against; NaN for what decides nothing"),
        column(
            "verdict",
            Kind::Category,
            "",
            "reproduced, not reproduced or inconclusive; empty for what decides nothing",
        ),
        column("table", Kind::Category, "", "The table that it came from"),
    ],
};

/// What became of the claims with every setting.
pub const SENSITIVITY: Table = Table {
    name: "sensitivity",
    version: 2,
    about: "One claim with one setting",
    columns: &[
        column("claim", Kind::Text, "", "The claim"),
        column(
            "setting",
            Kind::Category,
            "",
            "Params in which it differs from what most settings have, or base",
        ),
        column(
            "params",
            Kind::Category,
            "",
            "All params that are not the same in all settings, as a JSON object",
        ),
        column("verdict", Kind::Category, "", "reproduced, not reproduced or inconclusive"),
        column(
            "found",
            Kind::Text,
            "",
            "What decides, each with its 95 % interval and what it was held against",
        ),
        UNITS_OF_A_CLAIM,
        COUNT_OF_A_CLAIM,
        NEEDED_OF_A_CLAIM,
    ],
};

/// For how many settings each verdict holds.
pub const ROBUSTNESS: Table = Table {
    name: "robustness",
    version: 1,
    about: "One claim",
    columns: &[
        column("claim", Kind::Text, "", "The claim"),
        column("settings", I32, "settings", "Settings that it was judged with"),
        column("reproduced", I32, "settings", "Of these, how many reproduce it"),
        column("not_reproduced", I32, "settings", "How many do not"),
        column("inconclusive", I32, "settings", "How many can't decide"),
        column("share_reproduced", F64, "share", "Share of the settings that reproduce it"),
        column("share_not_reproduced", F64, "share", "Share that do not"),
        column("share_inconclusive", F64, "share", "Share that can't decide"),
    ],
};

/// Every table of the pipeline.
pub const ALL: [&Table; 19] = [
    &DIGITS,
    &DATASET,
    &CHECKPOINTS,
    &HISTORY,
    &TIMINGS,
    &ACTIVATIONS,
    &ENERGIES,
    &DISTRIBUTIONS,
    &DIVERGENCES,
    &ESTIMATES,
    &SUMMARY,
    &SPREAD,
    &TRENDS,
    &THEORY,
    &STEPS,
    &CLAIMS,
    &EVIDENCE,
    &SENSITIVITY,
    &ROBUSTNESS,
];
