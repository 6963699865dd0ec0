"""Parts that settings are asked with: the network, and the output."""

import re
from typing import Annotated, Any

from msgspec import Meta

from reverie.settings.choices import Choice
from reverie.settings.fields import Area, Positive, Whole, numbers, sized
from reverie.settings.setting import Settings, asked

DEFAULT = "efficientnet_lite0"  # the network where none is named; here alone
DEVICES = Choice(
    "device",
    ("auto", "cpu", "cuda", "mps"),
    also="cuda:1",
    takes=lambda name: re.fullmatch(r"(cpu|cuda|mps):\d{1,3}", str(name)) is not None,
)
PRECISIONS = Choice("precision", ("float32", "bfloat16", "auto"))
POOLINGS = Choice("pooling", {"own": "", "average": "in place of every maximum"})
OUTPUTS = Choice("output", ("auto", "softmax", "sigmoid", "probability", "raw"))


class Loading(Settings):
    """How a network is loaded."""

    weights: Annotated[
        str | None,
        asked("default, none (random), or a file: safetensors or a saved state dict.", group="Network"),
    ] = "default"
    device: Annotated[str, asked("{}.", group="Network", choice=DEVICES)] = "auto"
    precision: Annotated[str, asked("{}.", group="Network", choice=PRECISIONS)] = "float32"
    mean: Annotated[
        tuple[float, ...] | None,
        asked("Mean of the network's input, such as .5,.5,.5.", group="Network", parse=numbers),
    ] = None
    std: Annotated[
        tuple[Positive, ...] | None,
        asked("Standard deviation of the network's input, such as .5,.5,.5.", group="Network", parse=numbers),
    ] = None
    native_size: Annotated[
        Area | None, asked("The network's native side, or HEIGHTxWIDTH.", group="Network", parse=sized)
    ] = None
    classes: Annotated[
        str | None, asked("A file of class names, one a line, in the order of the logits.", group="Network")
    ] = None
    pooling: Annotated[str, asked("{}.", group="Network", rare=True, choice=POOLINGS)] = "own"
    output_as: Annotated[str, asked("How outputs are read: {}.", group="Network", choice=OUTPUTS)] = "auto"
    output_key: Annotated[
        str | None, asked("Which of several outputs is taken, by its name or number.", group="Network", rare=True)
    ] = None
    threads: Annotated[
        Annotated[int, Meta(ge=1, le=1024)] | None, asked("Threads of the processor.", group="Network")
    ] = None


class Network(Loading):
    """The network that is asked."""

    model: Annotated[
        Any,
        asked(
            "Network: efficientnet_lite0, bundled, a torchvision name, timm:NAME, path/to/file.py:factory or "
            "package:factory.",
            group="Common",
            flag="--model -m",
        ),
    ] = DEFAULT


class Recorded(Settings):
    """A network that a record or a scan names, and what the user says of it."""

    model: Annotated[
        Any | None,
        asked("The network, where code or weights of its own are named.", group="Network", flag="--model -m"),
    ] = None
    trust: Annotated[bool, asked("Load code and weight files that it names.", group="Network")] = False
    weights: Annotated[
        str | None, asked("default, none (random), or a file: safetensors or a saved state dict.", group="Network")
    ] = "default"
    device: Annotated[str, asked("{}.", group="Network", choice=DEVICES)] = "auto"
    threads: Annotated[
        Annotated[int, Meta(ge=1, le=1024)] | None, asked("Threads of the processor.", group="Network")
    ] = None


class Output(Settings):
    """Where what is made goes, and what is told on the way."""

    output: Annotated[
        str | None,
        asked(
            "Where to write: {written}.",  # which the command says
            group="Output",
            flag="--output -o",
        ),
    ] = None
    force: Annotated[bool, asked("Overwrite an existing file.", group="Output")] = False
    quiet: Annotated[bool, asked("No progress; errors only.", group="Output", flag="--quiet -q")] = False


class Watched(Output):
    """The output of a run that can be seen as it stands."""

    watch: Annotated[Whole | None, asked("Write the picture as it stands every N steps.", group="Output")] = None


class Filmed(Watched):
    """The output of a run of steps."""

    film: Annotated[str | None, asked("Film of the run to write: .mp4, .webm, .gif or .webp.", group="Output")] = None
    trace: Annotated[
        bool, asked("Write every feature's mean activation at each step beside the picture (.npz).", group="Output")
    ] = False


Singles = Annotated[
    bool, asked("Write each of several pictures too, into a folder of the sheet's name.", group="Output")
]


class Several(Filmed):
    """The output of a run that makes several pictures."""

    singles: Singles = False


class Verified(Several):
    """The output of pictures that are judged."""

    verify: Annotated[bool, asked("Say how good the pictures are, and note it in their records.", group="Output")] = (
        False
    )
    verify_with: Annotated[
        str | None, asked("A second network to show pictures of classes to, as for --model.", group="Output", rare=True)
    ] = None
    photos: Annotated[
        tuple[str, ...],
        asked("With --verify: photos, or folders of them, to measure by.", group="Output", rare=True),
    ] = ()


Raw = Annotated[bool, asked("Write the numbers too, as .npy beside each picture.", group="Output")]


class Numbered(Output):
    """The output of pictures that are drawn from numbers."""

    raw: Raw = False
    singles: Singles = False


class Explained(Watched):
    """The output of an explanation."""

    raw: Raw = False
    singles: Singles = False


class Paged(Output):
    """The output of what a browser can show too."""

    html: Annotated[bool, asked("Write beside the picture a page for a browser.", group="Output")] = False


class Drawn(Paged):
    """The output of weights."""

    raw: Raw = False
    singles: Singles = False


class Pictured(Output):
    """The output of pictures that take no steps."""

    singles: Singles = False


class Tabled(Settings):
    """The output of what is told as a table."""

    output: Annotated[
        str | None,
        asked(
            "Where to write the numbers, with what each was computed from: {written}.",
            group="Output",
            flag="--output -o",
        ),
    ] = None
    force: Annotated[bool, asked("Overwrite an existing file.", group="Output")] = False
    quiet: Annotated[bool, asked("No progress and no table; errors only.", group="Output", flag="--quiet -q")] = False
