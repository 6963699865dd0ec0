"""What `activations` takes."""

from typing import Annotated

from reverie.settings.fields import SCALES, EachPhoto, Most, NativeSize, Opacity, Show
from reverie.settings.parts import Network, Numbered
from reverie.settings.setting import Settings, asked


class Activations(Settings):
    """Draws how every channel of a layer responds to a photo, the strongest inside the edges first."""

    made_by = "reverie.recipes.responses:activations"
    leading = ("photo", "layer")
    asks = Network
    writes = Numbered
    usage = ("photo.jpg --layer block4", "photo.jpg --layer block8:0-15 --scale own --show map")

    photo: EachPhoto
    layer: Annotated[str, asked("LAYER for its channels, or channels such as LAYER:0-15.", group="Common")]
    most: Most = 64
    scale: Annotated[float | str, asked("Where the colours end: {}.", choice=SCALES)] = "shared"
    show: Show = "map"
    opacity: Opacity = 0.8
    size: NativeSize = None
