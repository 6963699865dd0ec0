"""What `film` takes."""

from typing import Annotated, Any

from msgspec import Meta

from reverie.settings.dream import Dreaming
from reverie.settings.fields import Positive, Whole
from reverie.settings.parts import Network, Output
from reverie.settings.setting import asked


class Film(Dreaming, kw_only=True):
    """Dreams each frame of a film from the dream of the one before, so that the picture does not flicker."""

    made_by = "reverie.video.film_dreams:film"
    leading = ("footage", "layers")
    asks = Network
    writes = Output
    usage = ("clip.mp4 -o dream.mp4", "clip.mp4 --layer block11 --every 2 --frames 50")

    footage: Annotated[
        Any,
        asked("A film that FFmpeg reads, an animated GIF or WebP, or a folder of numbered pictures.", argument="FILM"),
    ]
    fps: Annotated[
        Positive | None, asked("Frames a second of a folder's pictures; 25 unless given.", group="Output")
    ] = None
    carry: Annotated[
        Annotated[float, Meta(ge=0, le=0.99)],
        asked("Share of the last frame's change that is carried along; 0 dreams each frame for itself."),
    ] = 0.95
    every: Annotated[Whole, asked("Take only one frame of so many.")] = 1
    frames: Annotated[Whole | None, asked("End after so many; all unless given.")] = None
    silent: Annotated[bool, asked("Leave the film's sound out.")] = False
