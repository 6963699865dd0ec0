"""A user's own package adds parts by entry points; each is imported only when it is named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

import reverie
from reverie import plugins, settings
from reverie.attribution import method_named
from reverie.errors import PluginBroken, RecordRefused
from reverie.files import record_text
from reverie.recipes.consent import check_arguments
from reverie.recipes.parameterizing import MADE_OF, made_of
from reverie.recipes.rerunning import recipe_of
from reverie.record import Record

BANDS = """
from dataclasses import dataclass
import torch
from reverie.parameterizations import Parameterization
from reverie.randomness import normal

@dataclass(frozen=True)
class Bands(Parameterization):
    noise: float = 0.1

    @property
    def photos(self):
        return "none"

    def init(self, shape, generators):
        return self.noise * normal((*shape[:2], 1), generators)

    def decode(self, latents, size):
        return latents.sigmoid().expand(-1, -1, -1, size[1])

    def encode(self, image):
        raise NotImplementedError
"""
EDGES = """
from reverie.attribution.method import Estimate
from reverie.objectives import Objective

class Edges:
    name, asks, caveat = "edges", "logit", "it knows nothing of the network"

    def __init__(self, given):
        self.seed = given.seed

    def estimates(self, model, image, objective):
        yield Estimate.of((image[0] - image[0].roll(1, -1)).abs().sum(0))
"""
ASKED = """
from typing import Annotated
from reverie.settings.parts import Filmed, Network
from reverie.settings.fields import Photo, Steps, EachPhoto
from reverie.settings.setting import Settings, asked

class Echo(Settings):
    "Climbs from a photo towards a layer."
    made_by = "echoes:echo"
    leading = ("photo",)
    asks = Network
    writes = Filmed
    usage = ("photo.jpg",)
    photo: EachPhoto
    beside: Annotated[Photo | None, asked("Another photo.", reads="photo")] = None
    layer: Annotated[str, asked("The layer.")] = "mix"
    steps: Annotated[Steps, asked("Steps.")] = 2
"""
ECHOES = """
from echo_settings import Echo
from reverie import Ascent, Recipe, Stage, objectives
from reverie.image import read_at
from reverie.parameterizations import SoftPixels
from reverie.recipes.origins import recorded

@recorded(Echo)
def echo(model, asked):
    photo = read_at(asked.photo, 48)
    stage = Stage((objectives.layer(asked.layer),), tuple(photo.shape[-2:]), asked.steps, Ascent("adam", (0.05, 0.05)))
    return Recipe(("echo",), (stage,), SoftPixels(), start="photo", photo=photo, labels=("echo",))
"""
POINTS = """
[reverie.parameterizations]
bands = bands_part:Bands
pixels = bands_part:Bands
[reverie.attributions]
edges = edges_part:Edges
broken = no_such_module:Nothing
number = json.decoder:FLAGS
[reverie.commands]
echo = echo_settings:Echo
dream = echo_settings:Echo
"""
OWN = ("bands_part", "edges_part", "echo_settings", "echoes")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A distribution of one's own on the path; what was imported of it is forgotten afterwards."""

    def install(name: str = "visions", points: str = POINTS) -> Path:
        folder = tmp_path / name
        about = folder / f"{name}-1.0.dist-info"
        about.mkdir(parents=True)
        said = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nSummary: Echoes [of it].\n"
        (about / "METADATA").write_text(said)
        (about / "entry_points.txt").write_text(points)
        for module, text in zip(OWN, (BANDS, EDGES, ASKED, ECHOES), strict=True):
            (folder / f"{module}.py").write_text(text)
        monkeypatch.syspath_prepend(folder)
        forget()
        return folder

    yield install
    forget()


def forget() -> None:
    plugins.offered.cache_clear()
    for table in (MADE_OF, reverie.attribution.METHODS, settings.commands()):
        table.forget()
    for name in OWN:
        sys.modules.pop(name, None)


def test_a_plugin_is_listed_by_its_metadata_and_imported_when_it_is_named(package):
    package()
    assert {"bands", "pixels"} <= set(MADE_OF)
    assert {"edges", "broken"} <= set(reverie.attribution.METHODS)
    assert list(settings.commands())[-1] == "echo"
    assert not set(OWN) & set(sys.modules)
    assert type(made_of("bands")).__name__ == "Bands"
    assert made_of("bands") is made_of("bands")
    assert method_named("edges").name == "edges"
    assert not {"echoes", "echo_settings"} & set(sys.modules)


def test_no_plugin_takes_a_name_of_reverie(package):
    package()
    assert made_of("pixels") == reverie.parameterizations.Pixels()
    assert settings.commands()["dream"] is settings.commands().own["dream"]
    assert list(settings.commands()).count("dream") == 1


def test_a_picture_of_a_plugins_parameterization_repeats_where_it_is_installed(package, model):
    folder = package()
    made = reverie.feature(model, "mix:1", parameterization="bands", size=32, steps=2)
    made.save("a.png")
    assert made.record.arguments["parameterization"] == "bands"
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)
    (folder / "visions-1.0.dist-info" / "entry_points.txt").unlink()
    forget()
    with pytest.raises(RecordRefused, match="'parameterization' is not what reverie writes"):
        reverie.rerun("a.png", model)


def test_a_part_of_a_plugin_repeats_where_it_is_installed(package, model):
    folder = package()
    part, wish = type(made_of("bands"))(noise=0.4), reverie.objectives.channel("mix", 1)
    stage = reverie.Stage((wish,), (24, 24), 2, reverie.Ascent())
    given = reverie.feature(model, "mix:1", parameterization=part, size=32, steps=2)
    built = reverie.synthesize(model, reverie.Recipe(("a",), (stage,), part, labels=("a",)))
    for made in (given, built):
        assert made.record.arguments["parameterization"] == {"part": "bands", "arguments": {"noise": 0.4}}
        made.save("a.png")
        assert torch.equal(reverie.rerun("a.png", model).images, made.images)
    (folder / "visions-1.0.dist-info" / "entry_points.txt").unlink()
    forget()
    with pytest.raises(RecordRefused, match="there is no part 'bands' here; known are"):
        reverie.rerun("a.png", model)


def test_a_plugins_method_explains_and_repeats(package, model, photo):
    package()
    made = reverie.explain(model, photo, "logits:1", method="edges")
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)


def test_a_plugins_command_runs_and_repeats(package, cli, factory, photo):
    package()
    status, out, err = cli("echo", photo, "--model", factory, "--steps", 3, "--quiet")
    assert (status, out, err) == (0, "", "")
    record = json.loads(record_text(Path("photo-echo-1.png")))
    assert (record["recipe"], record["arguments"]["steps"]) == ("echo", 3)
    assert record["arguments"]["photo"].keys() == {"photo", "sha256"}
    assert cli("rerun", "photo-echo-1.png", "--model", factory, "--quiet", "-o", "b.png")[0] == 0
    assert Image.open("b.png").tobytes() == Image.open("photo-echo-1.png").tobytes()
    status, out, _ = cli("echo", "--help")
    assert "Climbs from a photo towards a layer." in out
    assert "--steps" in out


def test_a_record_of_a_plugins_recipe_passes_the_gate(package, model, photo):
    package()
    record = Record("echo", {"photo": "/etc/hostname"}, dict(model.source))
    for name, value in (("photo", "/etc/hostname"), ("beside", "/etc/hostname"), ("layer", {"a": 1})):
        with pytest.raises(RecordRefused, match=f"'{name}' is not what reverie writes"):
            check_arguments({name: value}, settings.commands()["echo"])
    with pytest.raises(RecordRefused, match="'photo' is not what reverie writes"):
        recipe_of(record, model)
    with pytest.raises(RecordRefused, match=r"there is no recipe 'absent' here; known are .*, echo; a plugin's"):
        recipe_of(Record("absent", {}, dict(model.source)), model)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "the plugin 'broken' of visions 1.0 cannot be used (ModuleNotFoundError: No module named "),
        ("number", "json.decoder:FLAGS, the plugin 'number' of visions 1.0, is none of attributions"),
    ],
)
def test_a_broken_plugin_is_one_sentence(package, name, message):
    package()
    with pytest.raises(PluginBroken) as refused:
        method_named(name)
    assert str(refused.value).startswith(message)


def test_two_plugins_of_one_name_are_refused_when_it_is_named(package):
    package()
    package("echoing")
    assert list(MADE_OF).count("bands") == 1
    with pytest.raises(PluginBroken, match=r"^'bands' is a plugin of echoing 1\.0 and visions 1\.0; uninstall all but"):
        made_of("bands")


def test_help_lists_plugins_and_imports_none_of_them(package):
    folder = package()
    code = (
        "import sys; sys.argv = ['reverie', '--help']\n"
        "import atexit; heavy = {'torch', *sys.argv[2:], 'echo_settings', 'echoes', 'bands_part'}\n"
        "atexit.register(lambda: print('LOADED', sorted(heavy & set(sys.modules))))\n"
        "from reverie.cli.app import main; main()\n"
    )
    path = os.pathsep.join([str(folder), *sys.path])
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Echoes [of it] (visions 1.0)." in ran.stdout
    assert ran.stdout.rstrip().endswith("LOADED []")
