"""Networks that an installation always has."""

from reverie.settings.parts import DEFAULT as DEFAULT

OWN = {
    DEFAULT: "trained on the photos of ImageNet, 1,000 classes",
    "bundled": "a small network trained on drawn motifs, known to the last pixel",
}
