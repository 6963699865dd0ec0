"""What a record may lead to: hostile texts in all arguments of all recipes, under the interpreter's own audit."""

import dataclasses
import inspect
import sys

import pytest
import torch

import reverie
from reverie import objectives, recipes
from reverie.cli.app import app
from reverie.errors import RecordRefused, ReverieError
from reverie.files import record_text, save
from reverie.image import read, to_pil
from reverie.models import zoos
from reverie.parameterizations import Maco, Masked
from reverie.recipes.consent import FORMS, LARGEST_SIDE, check_arguments
from reverie.recipes.recorded_networks import recorded_model
from reverie.recipes.rerunning import recipe_of, rerun, threads_of
from reverie.record import Record
from reverie.settings.setting import settings_of
from reverie.transforms import Jitter
from tiny import picture

WATCHED = ("open", "import", "os.listdir", "os.scandir", "os.system", "subprocess.Popen", "socket.connect",
           "socket.getaddrinfo", "socket.__new__", "urllib.Request", "sqlite3.connect", "exec")  # fmt: skip
heard: list[str] | None = None


def _hear(event: str, args: tuple) -> None:
    if heard is not None and event in WATCHED:
        heard.append(f"{event} {args[0]}")


sys.addaudithook(_hear)  # it stays for the life of the process, and is silent unless asked


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder that no record may reach, with all that one could name; and a module that could be imported."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    mark = folder / "ran"
    code = f"open({str(mark)!r}, 'w').close()\ndef make():\n    raise SystemExit\n"
    (folder / "hostile_code.py").write_text(code)
    save(to_pil(picture(3, 3, 48, 48)), folder / "hostile.png")
    (folder / "hostile.toml").write_text("[hostile]\nsteps = 1\n")
    (tmp_path / "importable").mkdir()
    (tmp_path / "importable" / "hostile_code.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path / "importable")
    (tmp_path / "beside").mkdir()
    return folder


def texts(folder) -> list[str]:
    return [
        f"{folder}/hostile_code.py:make", "hostile_code:make", f"{folder}/hostile.png", "../hostile/hostile.png",
        f"{folder}/hostile.toml:hostile", str(folder), "http://hostile.invalid/a.png",
    ]  # fmt: skip


def shapes(text: str) -> list:
    digest = "0" * 64
    return [
        text, [text], {"photo": text, "sha256": digest}, {"mask": text, "sha256": digest},
        {"file": text, "sha256": digest}, {"decoder": text, "weights_sha256": digest}, {"base": text},
        {"photo": text}, [{"photo": text}], {"file": text}, {"name": text},
        [{"network": {"name": text, "weights": "default"}, "wish": ""}],
        [{"network": {"name": "bundled", "weights": f"file:{text}"}, "wish": ""}],
    ]  # fmt: skip


def led_to(folder, call) -> list[str]:
    """What a call touched of the hostile folder, of the network, or of other programs, whether refused or not."""
    global heard
    heard = []
    try:
        call()
    except ReverieError:
        pass
    finally:
        events, heard = heard, None
    outward = ("socket", "subprocess", "os.system", "urllib")
    return [event for event in events if "hostile" in event or event.startswith(outward)]


def written(model, photo, name: str) -> Record:
    """A record of a recipe, as a picture carries it."""
    made = {
        "accentuate": (photo, "block:0"), "activations": (photo, "block"), "caricature": (photo, "block"),
        "compare": ("block",), "dream": (photo, "block"), "explain": (photo,), "feature": ("block:0",),
        "filters": ("block",), "fool": (photo,), "grow": ("block:0",), "interpolate": (["block:0", "block:1"],),
        "invert": (photo, "block"), "style": (photo, [photo]), "universal": ([photo],),
    }  # fmt: skip
    assert set(made) == set(recipes.__all__)
    more = {"target": 0} if name == "universal" else {}
    _, given = getattr(recipes, name)(model, *made[name], **more).origin
    return Record(name, dict(given), dict(model.source))


@pytest.mark.parametrize("name", recipes.__all__)
def test_no_argument_of_a_record_leads_to_a_file_to_code_or_to_the_network(model, photo, elsewhere, name):
    record = written(model, photo, name)
    shown = photo.parent / "beside"
    for argument in inspect.signature(getattr(recipes, name)).parameters:
        if argument == "model":
            continue
        for text in texts(elsewhere):
            for value in shapes(text) if argument in FORMS else [text, [text]]:
                changed = dataclasses.replace(record, arguments={**record.arguments, argument: value})
                events = led_to(elsewhere, lambda changed=changed: recipe_of(changed, model, beside=shown))
                assert events == [], (argument, value)
    assert not (elsewhere / "ran").exists()


def places(plain, *path):
    """The ways to all values within lists and tables."""
    yield path
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in inner:
        yield from places(value, *path, key)


def put(plain, path, value):
    """A copy with another value in one place."""
    if not path:
        return value
    found = plain.copy()
    found[path[0]] = put(plain[path[0]], path[1:], value)
    return found


def test_no_value_of_a_recipe_built_by_hand_leads_there(model, photo, elsewhere):
    wish = objectives.channel("block", 1) + objectives.elsewhere(model, objectives.channel("mix", 1))
    stage = reverie.Stage((wish,), (16, 16), 1, reverie.Ascent())
    recipe = reverie.Recipe(
        ("a",), (stage,), Masked(Maco(gain=2.0), picture(1, 1, 1, 16, 16), read(photo)),
        transforms=(Jitter(0.1),), labels=("a",),
    )  # fmt: skip
    good = reverie.synthesize(model, recipe).record.arguments
    given = [picture(1, 1, 1, 16, 16), read(photo)]
    assert recipe_of(Record("synthesize", good, dict(model.source)), model, photo=given).labels == ("a",)
    values = [shape for text in texts(elsewhere)[:1] for shape in shapes(text)]
    values += [{"part": f"{elsewhere}/hostile_code.py:make", "arguments": {}}]
    values += [{"network": {"name": "hostile_code:make"}}]
    for path in places(good):
        for value in values if path else []:
            changed = Record("synthesize", put(good, path, value), dict(model.source))
            ask = lambda changed=changed: recipe_of(changed, model, photo=given, beside=photo.parent / "beside")  # noqa: E731
            assert led_to(elsewhere, ask) == [], (path, value)
    assert not (elsewhere / "ran").exists()


@pytest.mark.parametrize("key", ["name", "weights", "mean", "precision", "classes", "pooling", "size"])
def test_no_description_of_a_network_leads_there(model, elsewhere, key):
    for text in texts(elsewhere):
        for value in ({"name": text}, [text], text, f"file:{text}"):
            if key == "classes":
                value = {"name": value}  # names of classes are texts, whatever they say
            source = {"name": "bundled", "weights": "default", key: value}
            assert led_to(elsewhere, lambda source=source: recorded_model(Record("dream", {}, source))) == []
    assert not (elsewhere / "ran").exists()


def test_every_argument_that_could_lead_somewhere_has_a_form():
    units = {"units", "unit", "layers", "toward", "through", "content_layers"}
    kinds = [item for name in recipes.__all__ for item in settings_of(getattr(recipes, name).settings)]
    doors = {item.name for item in kinds if "reads" in item.more}
    assert {item.name for item in kinds if "Any" in str(item.kind)} <= doors | units
    assert doors == set(FORMS)


@pytest.mark.parametrize(
    "arguments",
    [
        {"photo": "/etc/hostname"}, {"preset": {"base": "own.toml:x"}}, {"preset": "own.toml"}, {"against": ["x"]},
        {"concept": ["folder"]}, {"spectrum": "folder"}, {"parameterization": "os:getcwd"}, {"steps": 10**30},
        {"rate": float("inf")}, {"layers": [["a"]]}, {"layers": {"a": 1}}, {"mask": {"mask": "a.png"}},
        {"also": [{"network": "resnet18", "wish": ""}]}, {"units": "x" * 10**6},
    ],
)  # fmt: skip
def test_what_reverie_never_writes_is_refused(arguments):
    with pytest.raises(RecordRefused, match="is not what reverie writes"):
        check_arguments(arguments)


def test_weights_that_would_have_to_be_fetched_are_refused(model, monkeypatch):
    monkeypatch.setattr(zoos, "torchvision_file", lambda name: model and __import__("pathlib").Path(name))
    fetched = []
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: fetched.append(1))
    with pytest.raises(RecordRefused) as caught:
        recorded_model(Record("dream", {}, {"name": "resnet18", "weights": "default"}))
    assert str(caught.value) == (
        "the record names resnet18, whose weights would have to be fetched; "
        "name the network yourself with --model resnet18, or say --trust"
    )
    assert not fetched


@pytest.mark.parametrize("size", [[0, 48], [10**6, 48], [48], "48", [48.5, 48], [True, 48]])
def test_a_native_size_that_no_network_has_is_refused(size):
    with pytest.raises(RecordRefused, match="description of its network is damaged"):
        recorded_model(Record("dream", {}, {"name": "bundled", "weights": "default", "size": size}))
    assert LARGEST_SIDE < 10**6


@pytest.mark.parametrize(("noted", "threads"), [(2, 2), (True, None), ("2", None), (0, None), (10**9, None)])
def test_threads_are_a_number_or_none(noted, threads):
    assert threads_of(Record("dream", {}, {}, {"threads": noted})) == threads


@pytest.mark.parametrize("members", [[["a"]], [{"a": 1}], [None], "ab", 3])
def test_members_of_another_kind_are_left_aside(model, photo, members):
    record = written(model, photo, "feature")
    made = recipe_of(dataclasses.replace(record, automatic={"members": members}), model)
    assert made.names == ("block:0",)


def test_a_huge_record_beside_a_picture_is_refused(tmp_path):
    save(to_pil(picture(3, 3, 8, 8)), tmp_path / "a.jpg")
    (tmp_path / "a.json").write_text("x" * 2_000_000)
    with pytest.raises(ReverieError, match="too large for a record"):
        record_text(tmp_path / "a.jpg")


def test_nothing_of_a_record_moves_the_cursor(model, photo, tmp_path):
    record = Record("\x1b[2J\n\u202ehidden", {}, dict(model.source))
    save(to_pil(picture(3, 3, 8, 8)), tmp_path / "a.png", str(record))
    with pytest.raises(RecordRefused) as caught:
        rerun(tmp_path / "a.png", model)
    assert r"'\x1b[2J\n\u202ehidden'" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_record_without_consent_ends_the_command_with_two(model, photo, elsewhere, tmp_path, monkeypatch, capsys):
    made = reverie.feature(reverie.load("bundled"), "mixed3a:0", size=32, steps=1)
    evil = dataclasses.replace(
        made.record, arguments={**made.record.arguments, "parameterization": f"{elsewhere}/hostile_code.py:make"}
    )
    save(made.pictures[0], tmp_path / "a.png", str(evil))
    with pytest.raises(SystemExit) as ended:
        app(["rerun", str(tmp_path / "a.png")])
    assert ended.value.code == 2
    assert "'parameterization' is not what reverie writes" in capsys.readouterr().err
    assert not (elsewhere / "ran").exists()
