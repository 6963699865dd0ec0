"""Networks that an installation always has."""

from pathlib import Path

from reverie.settings.parts import DEFAULT as DEFAULT

OWN = {
    DEFAULT: "trained on the photos of ImageNet, 1,000 classes",
    "bundled": "a small network trained on drawn motifs, known to the last pixel",
}
BLOCKS = {  # parts, one of which, or `logits`, begins the name of each layer
    DEFAULT: ("stem", *(f"block{number}" for number in range(1, 17)), "head"),
    "bundled": ("stem", "mixed3a", "mixed3b", "mixed4a", "mixed4b", "mixed4c", "mixed5a", "mixed5b"),
}
BUNDLED = Path(__file__).parent / "bundled" / "motifs.safetensors"
