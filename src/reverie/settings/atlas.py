"""What the commands of the atlas take."""

import re
from typing import Annotated, Any

from msgspec import Meta

from reverie.errors import InvalidSetting
from reverie.settings.choices import Choice
from reverie.settings.fields import FeaturePreset, RandomSeed, Rate, StepsEach, Whole, Workers
from reverie.settings.parts import Network, Output, Recorded
from reverie.settings.setting import Settings, asked

VIEWS = Choice("view", ("max", "min", "diverse"))  # pictures of the last are diverse-1, diverse-2 ...
CLUSTERS = Choice(
    "cluster",
    {"local": "this machine", "auto": "the cluster that this machine is of"},
    also="HOST:PORT",
    takes=lambda address: ":" in str(address),
)
TOGETHER = 4096  # pictures that run together, at most
SIDE = 2048  # of a picture, at most, in pixels
DIVERSE = 64  # diverse views of a unit, at most


def views_named(views: Any) -> tuple[Any, ...]:
    """Views from a text such as max,diverse, or from several; none at all is one without a name."""
    return tuple(part.strip() for part in views.split(",")) if isinstance(views, str) else tuple(views) or ("",)


def shard_of(text: str | None) -> tuple[int, int]:
    """Which part of how many: 2/8 is every eighth batch, beginning with the second; all without a text.

    Raises:
        InvalidSetting: no such part.
    """
    if text is None:
        return 1, 1
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    part, parts = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part <= parts:
        raise InvalidSetting(f"'{text[:40]}' is no shard; write PART/PARTS, such as 2/8 for the second of eight")
    return part, parts


def _shard(text: Any) -> Any:
    if isinstance(text, str):
        shard_of(text)
    return text


class Named(Network):
    """The network that is asked, as an argument or an option."""

    network: Annotated[Any | None, asked("Network, as for --model.", argument="[MODEL]", group="Common")] = None


class Building(Output):
    """The output of an atlas, and who works on it."""

    cluster: Annotated[
        str | None,
        asked(
            "Workers of a Ray cluster make the pictures: {}.",
            group="Common",
            choice=CLUSTERS,
        ),
    ] = None
    cluster_workers: Annotated[
        Whole | None, asked("Workers of the cluster; as many as it has room for unless given.", group="Common")
    ] = None
    gpus_per_worker: Annotated[
        Annotated[float, Meta(ge=0, le=64)], asked("GPUs of each worker, such as 1 or 0.5.", group="Common")
    ] = 0.0


AtlasFile = Annotated[str, asked("An atlas file.", argument="ATLAS", group="Common")]


class Build(Settings):
    """Makes an atlas: pictures, real patches, values and links of every unit of a network, in one file.

    Whatever is finished is kept: the same command goes on where it was, and with other layers, views or a higher limit
    adds to the file.
    """

    within = "atlas"
    made_by = "reverie.atlas.building:build_atlas"
    leading = ("output",)
    asks = Named
    writes = Building
    usage = ("bundled --photos photos/ -o bundled.atlas", "resnet50 --layer layer3 --limit 16 --photos photos/")

    layers: Annotated[
        tuple[str, ...],
        asked(
            "LAYER whose units are drawn; the main line unless given.", group="Objective", flag="--layer", reads="unit"
        ),
    ] = ()
    photos: Annotated[
        Any | None,
        asked("Photos to look at: a folder, a .tar file, or a .txt file that names one path a line.", group="Common"),
    ] = None
    views: Annotated[
        Any,
        asked("Which pictures, joined by commas: {}.", group="Objective", parse=views_named, choice=VIEWS),
    ] = ",".join(VIEWS)
    diversity: Annotated[
        Annotated[int, Meta(ge=1, le=DIVERSE)], asked("Diverse views of each unit.", group="Objective")
    ] = 4
    size: Annotated[
        Annotated[int, Meta(ge=1, le=SIDE)] | None,
        asked("Side of the pictures; 128, or the network's native one where that is smaller, unless given."),
    ] = None
    preset: FeaturePreset = "quick"
    steps: StepsEach = None
    rate: Rate = None
    limit: Annotated[
        Whole | None,
        asked(
            "The first units of each layer only, up to the end of a batch: the first line says how many.",
            group="Objective",
        ),
    ] = None
    shard: Annotated[
        str | None,
        asked(
            "PART/PARTS, such as 2/8: every eighth batch, beginning with the second; see `merge`.",
            group="Common",
            parse=_shard,
        ),
    ] = None
    patches: Annotated[Annotated[int, Meta(ge=3, le=16)], asked("Real patches of each unit.", group="Objective")] = 9
    links: Annotated[Annotated[int, Meta(ge=1, le=100)], asked("Links of each kind.", group="Objective")] = 8
    batch: Annotated[
        Annotated[int, Meta(ge=1, le=TOGETHER)] | None,
        asked("Pictures that run together; as many as fit the cache.", group="Common", rare=True),
    ] = None
    workers: Workers = None
    seed: RandomSeed = 0


class Status(Settings):
    """Says how far an atlas is: units, pictures, failures, what is to come, bytes, pictures an hour of each worker."""

    within = "atlas"
    usage = ("bundled.atlas",)

    atlas: AtlasFile


class Verify(Settings):
    """Verifies an atlas: the file is whole, pictures decode, and a sample of its batches is the same again.

    Ends with status 0, or 1 where something is wrong, which it names.
    """

    within = "atlas"
    asks = Recorded
    usage = ("bundled.atlas", "bundled.atlas --all")

    atlas: AtlasFile
    sample: Annotated[
        Annotated[int, Meta(ge=0, le=1_000_000)], asked("Batches to make again, evenly chosen.", group="Common")
    ] = 3
    all: Annotated[bool, asked("Make every batch again.", group="Common")] = False
    quiet: Annotated[bool, asked("No progress; problems only.", group="Output", flag="--quiet -q")] = False


class Merge(Settings):
    """Joins atlases of the same network and settings, such as those of shards, into one."""

    within = "atlas"
    writes = Output
    usage = ("a.atlas b.atlas -o whole.atlas", "a.atlas b.atlas c.atlas -o whole.atlas --force")

    atlases: Annotated[tuple[str, ...], asked("Atlas files, two or more.", argument="ATLAS...", group="Common")]


class Score(Settings):
    """Assesses the pictures of an atlas by its photos and another network: whether each may be believed."""

    within = "atlas"
    asks = Recorded
    usage = ("bundled.atlas", "bundled.atlas --limit 8 --judge none")

    atlas: AtlasFile
    judge: Annotated[
        str | None,
        asked(
            "Network that compares pictures, as for --model, or none; efficientnet_lite0 unless given.", group="Common"
        ),
    ] = None
    photos: Annotated[str | None, asked("Where the photos are now; where they were unless given.", group="Common")] = (
        None
    )
    limit: Annotated[Whole | None, asked("The first units of each layer only.", group="Objective")] = None
    force: Annotated[bool, asked("Assess again what has scores.", group="Output")] = False
    quiet: Annotated[bool, asked("No progress; errors only.", group="Output", flag="--quiet -q")] = False
