"""What `score` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.feature import Preset
from reverie.settings.fields import FEATURE_PRESETS, RandomSeed, Steps, Unit, Whole, Workers
from reverie.settings.parts import Network, Tabled
from reverie.settings.setting import Settings, asked


class UnitScores(Settings):
    """Says how far pictures of units may be believed: makes them, and measures them by photos and a second network."""

    called = "score"
    made_by = "reverie.atlas.unit_scores:score"
    leading = ("units",)
    asks = Network
    writes = Tabled
    usage = ("block8:12 --photos photos/", "block8:0-3 --scan scan.db --output scores.json")

    units: Annotated[
        tuple[Unit, ...], asked("LAYER:CHANNEL, LAYER:0-3, logits:CLASS ...", argument="UNIT...", reads="unit")
    ]
    photos: Annotated[
        str | None,
        asked("Photos to measure by: a folder, .tar or .txt; with --scan where its photos are now.", group="Common"),
    ] = None
    scan: Annotated[
        str | None,
        asked("A file of `reverie scan`, or an atlas, with this network and the units' layers.", group="Common"),
    ] = None
    judge: Annotated[
        str | None,
        asked(
            "The network that compares pictures, as for --model, or none; efficientnet_lite0 unless given.",
            group="Common",
            reads="network",
        ),
    ] = None
    preset: Preset = None
    beside: Annotated[
        tuple[str, ...] | None,
        asked(
            "Presets of further pictures, for agreement: {}; maco unless given, and default beside maco.",
            reads="preset",
            rare=True,
            choice=FEATURE_PRESETS,
        ),
    ] = None
    seeds: Annotated[Annotated[int, Meta(ge=1, le=16)], asked("Seeds of the preset's pictures.")] = 2
    steps: Annotated[Steps | None, asked("Steps of each picture; the preset's unless given.")] = None
    size: Annotated[Whole, asked("Side of the pictures.")] = 160
    workers: Workers = None
    seed: RandomSeed = 0
