"""What the commands take that list what there is."""

from typing import Annotated, Any

from reverie.settings.parts import DEFAULT, Loading, Output
from reverie.settings.setting import Settings, asked


class Layers(Settings):
    """Lists a network's blocks, or all layers: name, kind, channels, size, receptive field, stride, calls."""

    asks = Loading
    usage = ("", "resnet50 --weights none")

    model: Annotated[Any, asked("Network, as for --model.", argument="[MODEL]", group="Common")] = DEFAULT
    all: Annotated[bool, asked("All layers, those inside the blocks too.", group="Output")] = False
    json: Annotated[bool, asked("All layers as JSON, for programs.", group="Output")] = False


class Models(Settings):
    """Lists the networks that can be named."""

    usage = ("", "--timm")

    timm: Annotated[bool, asked("List timm's networks too.", group="Common")] = False


class Presets(Settings):
    """Lists the presets, with what each is for."""

    usage = ("",)


class Plot(Settings):
    """Draws a traced run: the objective and the features' activation over the steps, which rise, which never do."""

    writes = Output
    usage = ("owl.png", "owl.png --film owl.webp")

    picture: Annotated[str, asked("A picture whose run was traced.", argument="PICTURE")]
    film: Annotated[str | None, asked("Film in which the curves grow: .mp4, .webm, .gif or .webp.", group="Output")] = (
        None
    )
