"""Networks that an installation always has; here the default one is stated, and nowhere else."""

DEFAULT = "efficientnet_lite0"
OWN = {
    DEFAULT: "trained on the photos of ImageNet, 1,000 classes",
    "bundled": "a small network trained on drawn motifs, known to the last pixel",
}
