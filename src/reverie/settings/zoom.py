"""What `zoom` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.dream import Dreaming
from reverie.settings.fields import DreamPreset, OnePhoto, Share, Some, Whole
from reverie.settings.parts import Network, Output
from reverie.settings.setting import asked

Half = Annotated[float, Meta(ge=-0.5, le=0.5)]


class Zoom(Dreaming, kw_only=True):
    """Moves a camera into a photo that turns into a dream, for as many frames as one likes."""

    made_by = "reverie.video.zooming:zoom"
    leading = ("photo", "layers")
    asks = Network
    writes = Output
    usage = ("photo.jpg -o zoom.webp --frames 60", "photo.jpg --layer block11 --zoom 1.03 --rotate 1 -o spin.gif")

    photo: OnePhoto
    preset: DreamPreset = "zoom"
    frames: Annotated[Whole, asked("How many frames.")] = 250
    zoom: Annotated[
        Annotated[float, Meta(ge=0.5, le=2)], asked("How much nearer each frame is; below 1 it moves away.")
    ] = 1.02
    rotate: Annotated[
        Annotated[float, Meta(ge=-180, le=180)], asked("Degrees by which the camera turns in each frame.")
    ] = 0.0
    right: Annotated[Half, asked("How far it moves in each frame, as a share of the width; below 0 to the left.")] = 0.0
    down: Annotated[Half, asked("How far it moves down, as a share of the height; below 0 up.")] = 0.0
    steady: Annotated[
        Share, asked("Share by which each frame's colours are drawn back to the photo's; 0 lets them go.", rare=True)
    ] = 0.1
    fps: Annotated[Some, asked("Frames a second.")] = 25
