import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie.cli import picture_commands
from reverie.errors import Diverged
from reverie.image import read, to_pil
from tiny import picture

FAST = ["--steps", "1", "--octaves", "1"]


def files(folder) -> set[str]:
    return {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"
    }


def test_a_dream_says_where_it_is_and_takes_a_new_number(cli, photo, factory, tmp_path):
    for number in (1, 2, 3):
        status, out, err = cli("dream", photo, *FAST, *(["-m", factory] if number > 1 else []))
        made_with = "nets.py:tiny, mix" if number > 1 else "efficientnet_lite0, block8"
        assert (status, out, err) == (0, f"wrote photo-dream-{number}.png: {made_with}\n", "")
    assert read(tmp_path / "photo-dream-1.png").shape == (1, 3, 41, 53)
    assert files(tmp_path) == {"nets.py", "photo.png", *(f"photo-dream-{number}.png" for number in (1, 2, 3))}


def test_the_command_gives_the_librarys_picture(cli, photo, factory, tmp_path):
    options = [
        "--layer",
        "block=2",
        "--layer",
        "mix:1=-0.5",
        "--preset",
        "google",
        "--octaves",
        2,
        "--octave-scale",
        1.5,
    ]
    options += ["--steps", 2, "--rate", 0.02, "--jitter", 3, "--size", "40", "--seed", 4, "--prior", "l2=0.1"]
    assert cli("dream", photo, "-m", factory, *options, "-o", "a.png")[0] == 0
    made = reverie.dream(
        factory, photo, ["block=2", "mix:1=-0.5"], preset="google", octaves=2, octave_scale=1.5, steps=2, rate=0.02,
        jitter=3, size=40, seed=4, prior=["l2=0.1"],
    )  # fmt: skip
    with Image.open("a.png") as file:
        assert np.array_equal(np.asarray(file), np.asarray(made))


def test_several_photos_and_folders(cli, photo, factory, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for name in ("b.png", "a.jpg"):
        to_pil(picture(1, 3, 20, 24)).save(tmp_path / "in" / name)
    for number in (1, 2):
        status, out, _ = cli("dream", "in", photo, "-m", factory, "--layer", "block", *FAST, "-o", "out")
        assert status == 0
        written = [f"wrote out/{name}-dream-{number}.png: nets.py:tiny, block\n" for name in ("a", "b", "photo")]
        assert out == "".join(written)


def test_a_folder_of_one_photo_never_touches_the_photo(cli, photo, factory, tmp_path):
    before = photo.read_bytes()
    status, out, _ = cli("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", ".", "--force")
    assert (status, out) == (0, "wrote photo-dream-1.png: nets.py:tiny, block\n")
    assert photo.read_bytes() == before


def test_one_bad_photo_does_not_cost_the_others(cli, photo, factory, tmp_path):
    status, out, err = cli("dream", "no.png", photo, "-m", factory, "--layer", "block", *FAST)
    assert (status, out) == (2, "wrote photo-dream-1.png: nets.py:tiny, block\n")
    assert err.splitlines()[0].startswith("reverie: no.png: there is no file no.png")
    assert err.splitlines()[1] == "reverie: 1 of 2 photos could not be dreamt"


def test_several_photos_need_a_folder(refused, photo, factory):
    message = refused("dream", photo, photo, "-m", factory, "-o", "a.png")
    assert message == "2 photos do not fit in the one picture a.png; name a folder with --output, or none"
    assert "there is no folder no; make it first" in refused("dream", photo, photo, "-m", factory, "-o", "no/where")


def test_a_sheet_has_its_folder_by_choice(cli, factory, tmp_path):
    status, out, _ = cli(
        "feature", "block:0,2", "logits:tiger", "-m", factory, "--size", 32, "--steps", 1, "-o", "s.png", "--singles"
    )
    assert (status, out) == (0, "wrote s.png and 3 pictures in s: nets.py:tiny, block, logits\n")
    assert files(tmp_path) - {"nets.py"} == {"s.png", "s/block-0.png", "s/block-2.png", "s/tiger-logits-1.png"}


def test_a_sheet_holds_the_record_of_all(cli, refused, factory, tmp_path):
    words = ("block:0,2,4", "logits:tiger", "-m", factory, "--size", 32, "--steps", 2, "--batch", 2)
    assert cli("feature", *words, "-o", "s.png")[1] == "wrote s.png: nets.py:tiny, block, logits\n"
    assert files(tmp_path) - {"nets.py"} == {"s.png"}
    assert cli("rerun", "s.png", "-m", factory, "-o", "again.png", "--singles")[0] == 0
    assert torch.equal(read("s.png"), read("again.png"))
    for unit, name in (("block:2", "block-2"), ("block:4", "block-4"), ("logits:tiger", "tiger-logits-1")):
        assert cli("rerun", "s.png", "-m", factory, "--unit", unit, "-o", "one.png", "--force")[0] == 0
        assert torch.equal(read("one.png"), read(f"again/{name}.png"))
    assert refused("rerun", "s.png", "-m", factory, "--unit", "block:1").startswith(
        "the sheet shows no 'block:1'; nearest: "
    )
    assert refused("rerun", "one.png", "-m", factory, "--unit", "block:2") == (
        "the record is of a single picture; leave out --unit"
    )


def test_a_sheet_that_was_ended_early_repeats(cli, factory, monkeypatch, tmp_path):
    monkeypatch.setattr("reverie.synthesis.batches.iterate", interrupting(3, ctrl_c))
    words = ("feature", "block:0-2", "-m", factory, "--size", 32, "--steps", 2, "--batch", 1, "--singles")
    assert cli(*words, "-o", "s.png")[0] == 130
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert cli("rerun", "s.png", "-m", factory, "-o", "again.png")[0] == 0
    assert torch.equal(read("s.png"), read("again.png"))
    assert cli("rerun", "s.png", "-m", factory, "--unit", "block:1", "-o", "one.png")[0] == 0
    assert torch.equal(read("s/block-1.png"), read("one.png"))


def test_a_traced_sheet_has_its_pictures_with_their_traces(cli, refused, factory, tmp_path):
    words = ("feature", "block:0,2", "-m", factory, "--size", 32, "--steps", 2, "--trace")
    assert cli(*words, "-o", "s.png")[0] == 0
    assert files(tmp_path / "s") == {"block-0.png", "block-0.npz", "block-2.png", "block-2.npz"}
    said = "s.png is a sheet; name one of its pictures, which --trace writes into its folder"
    assert refused("plot", "s.png") == said


def test_one_unit_is_the_bare_picture(cli, factory, tmp_path):
    assert cli("feature", "block:0", "-m", factory, "--size", 32, "--steps", 1, "-o", "a.png")[0] == 0
    assert read("a.png").shape == (1, 3, 32, 32)
    assert files(tmp_path) - {"nets.py"} == {"a.png"}


def test_a_rerun_gives_the_same_bits(cli, factory, photo):
    assert cli("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.png")[0] == 0
    assert cli("rerun", "a.png", "-m", factory)[1] == "wrote a-again-1.png: nets.py:tiny, block\n"
    assert cli("rerun", "a.png", "--trust", "-o", "b.png")[0] == 0
    with Image.open("a.png") as first, Image.open("a-again-1.png") as second, Image.open("b.png") as third:
        assert np.array_equal(np.asarray(first), np.asarray(second))
        assert np.array_equal(np.asarray(first), np.asarray(third))
        assert json.loads(first.text["reverie"])["arguments"] == json.loads(second.text["reverie"])["arguments"]


def test_a_rerun_of_a_batch_writes_the_one_picture(cli, factory):
    cli("feature", "block:0,2,4", "-m", factory, "--size", 32, "--steps", 2, "-o", "s.png", "--singles")
    assert cli("rerun", "s/block-2.png", "-m", factory, "-o", "b.png")[1] == "wrote b.png: nets.py:tiny, block\n"
    assert torch.equal(read("b.png"), read("s/block-2.png"))


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_other_formats_have_their_record_beside_them(cli, factory, photo, tmp_path, name):
    assert cli("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", name)[0] == 0
    assert files(tmp_path) - {"nets.py"} == {"photo.png", name, "a.json"}
    assert cli("rerun", name, "-m", factory, "-o", "b.png")[0] == 0
    made = reverie.dream(factory, photo, "block", steps=1, octaves=1)
    with Image.open("b.png") as file:
        assert np.array_equal(np.asarray(file), np.asarray(made))


def test_an_existing_file_is_kept_without_force(cli, refused, factory, photo, tmp_path):
    (tmp_path / "a.png").write_text("mine")
    message = refused("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.png")
    assert message == "a.png exists already; say --force to overwrite it, or name another with --output"
    assert (tmp_path / "a.png").read_text() == "mine"
    assert cli("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.png", "--force")[0] == 0
    assert read("a.png").shape == (1, 3, 41, 53)


def test_what_lies_beside_is_kept_without_force(refused, factory, photo, tmp_path):
    (tmp_path / "a.json").write_text("mine")
    refused("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.jpg")
    assert (tmp_path / "a.json").read_text() == "mine"


def test_pictures_in_a_sheets_folder_are_kept_without_force(refused, factory, tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "block-0.png").write_text("mine")
    refused("feature", "block:0-1", "-m", factory, "--size", 32, "--steps", 1, "-o", "s.png", "--singles")
    assert (tmp_path / "s" / "block-0.png").read_text() == "mine"


def test_watch_writes_the_picture_every_n_steps(cli, factory, photo, monkeypatch):
    written = []
    monkeypatch.setattr("reverie.cli.run_reader.save", lambda picture, path: written.append((picture.size, path.name)))
    status, _, _ = cli(
        "dream", photo, "-m", factory, "--layer", "block", "--octaves", 2, "--steps", 3, "--watch", 2, "-o", "a.png"
    )
    assert status == 0
    assert written == [((53, 41), "a.png")] * 2
    assert read("a.png").shape == (1, 3, 41, 53)


def test_quiet_says_nothing(cli, factory, photo):
    assert cli("dream", photo, "-m", factory, "--layer", "block", *FAST, "-q")[1:] == ("", "")


def interrupting(after: int, how):
    """`iterate`, ended in some way after some steps."""

    def iterate(model, recipe, **settings):
        for step in reverie.iterate(model, recipe, **settings):
            yield step
            if step.done == after:
                how()

    return iterate


def ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore the signal
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_keeps_the_last_whole_picture_at_the_photos_size(cli, factory, photo, monkeypatch):
    monkeypatch.setattr("reverie.synthesis.batches.iterate", interrupting(2, ctrl_c))
    status, out, err = cli(
        "dream", photo, "-m", factory, "--layer", "block", "--octaves", 3, "--steps", 2, "-o", "a.png"
    )
    assert status == 130
    assert out == "wrote a.png: nets.py:tiny, block (ended at step 2 of 6, the last whole picture)\n"
    assert err == "reverie: stopped\n"
    assert read("a.png").shape == (1, 3, 41, 53)


def test_a_request_to_end_keeps_the_last_whole_picture_too(cli, factory, photo, monkeypatch):
    def request():
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("reverie.synthesis.batches.iterate", interrupting(2, request))
    words = ["dream", photo, "-m", factory, "--layer", "block", "--octaves", 1, "--steps", 3, "-o", "a.png"]
    status, out, err = cli(*words)
    assert (status, err) == (143, "reverie: stopped\n")
    assert out.startswith("wrote a.png: ")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_ctrl_c_while_the_program_starts_is_one_line():
    code = (
        "import sys, signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from reverie.cli.signals import stop_at_once\n"
        "stop_at_once()\n"
        "try:\n    signal.raise_signal(signal.SIGINT)\nexcept BaseException: print('late')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "reverie: stopped\n")


def test_a_locale_of_ascii_reads_its_files_as_utf_8():
    names = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for words in (["--help"], ["dream", "--help"], ["presets"]):
        line = [sys.executable, "-m", "reverie", *words]
        ended = subprocess.run(line, capture_output=True, env=names, check=False)
        assert (ended.returncode, ended.stderr) == (0, b"")


def test_names_that_a_terminal_cannot_write_are_spelt_out(tmp_path):
    names = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = [sys.executable, "-m", "reverie", "plot", "h\u00e9 \u2764.png"]
    ended = subprocess.run(words, capture_output=True, env=names, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"reverie: there is no file h")
    assert ended.stderr.count(b"\n") == 1


def test_ctrl_c_before_the_first_step_writes_nothing(cli, factory, photo, monkeypatch, tmp_path):
    def iterate(*_, **__):
        ctrl_c()
        yield

    monkeypatch.setattr("reverie.synthesis.batches.iterate", iterate)
    assert cli("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.png") == (
        130,
        "",
        "reverie: stopped\n",
    )
    assert not (tmp_path / "a.png").exists()


def test_ctrl_c_ends_all_photos(cli, factory, photo, monkeypatch, tmp_path):
    monkeypatch.setattr("reverie.synthesis.batches.iterate", interrupting(1, ctrl_c))
    status, _, _ = cli("dream", photo, photo, photo, "-m", factory, "--layer", "block", "--octaves", 1, "--steps", 2)
    assert status == 130
    assert files(tmp_path) - {"nets.py"} == {"photo.png", "photo-dream-1.png"}


def test_ctrl_c_keeps_a_sheets_finished_pictures(cli, factory, monkeypatch, tmp_path):
    monkeypatch.setattr("reverie.synthesis.batches.iterate", interrupting(3, ctrl_c))
    words = ["feature", "block:0-2", "-m", factory, "--size", 32, "--steps", 2, "--batch", 1, "-o", "s.png"]
    status, out, _ = cli(*words, "--singles")
    assert (status, out) == (
        130,
        "wrote s.png and 2 pictures in s: nets.py:tiny, block (ended at step 3 of 6, the last whole picture)\n",
    )
    assert files(tmp_path) - {"nets.py"} == {"s.png", "s/block-0.png", "s/block-1.png"}


def test_ctrl_c_while_the_network_is_loaded_is_130(cli, factory, photo, monkeypatch):
    monkeypatch.setattr(picture_commands, "loaded", lambda *_, **__: ctrl_c())
    assert cli("dream", photo, "-m", factory) == (130, "", "reverie: stopped\n")


def test_divergence_keeps_the_last_good_picture_and_names_the_step(cli, factory, photo, monkeypatch):
    def diverge():
        raise Diverged("the gradient was not a number at step 2; the picture of the step before is kept: lower --rate")

    monkeypatch.setattr("reverie.synthesis.batches.iterate", interrupting(1, diverge))
    status, out, err = cli(
        "dream", photo, "-m", factory, "--layer", "block", "--octaves", 1, "--steps", 3, "-o", "a.png"
    )
    assert status == 2
    assert out == "wrote a.png: nets.py:tiny, block (ended at step 1 of 3, the last whole picture)\n"
    assert err.startswith("reverie: the gradient was not a number at step 2;")
    assert read("a.png").shape == (1, 3, 41, 53)


def test_a_gradient_that_is_not_a_number_at_once_writes_nothing(refused, tmp_path, photo):
    (tmp_path / "bad.py").write_text(
        "import torch\nfrom torch import nn\nclass Bad(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, 4, 3)\n"
        "    def forward(self, x):\n        return torch.sqrt(self.conv(x) * 0)\n"
        "def make():\n    return Bad()\n"
    )
    message = refused(
        "dream", photo, "-m", "bad.py:make", "--layer", "logits", "--native-size", 32, *FAST, "-o", "a.png"
    )
    assert message.startswith("the gradient was not a number at step 1;")
    assert not (tmp_path / "a.png").exists()


BAD_PHOTOS = {
    "missing": (None, "there is no file bad.png; name a photo, a folder of photos, or 'sample:flower'"),
    "zero bytes": (b"", "bad.png is not a picture that can be read; save it as JPEG or PNG first"),
    "text": (b"just some words", "bad.png is not a picture that can be read; save it as JPEG or PNG first"),
}


@pytest.mark.parametrize("kind", BAD_PHOTOS)
def test_a_bad_photo_is_one_line(refused, tmp_path, factory, kind):
    content, message = BAD_PHOTOS[kind]
    if content is not None:
        (tmp_path / "bad.png").write_bytes(content)
    before = files(tmp_path)
    assert refused("dream", "bad.png", "-m", factory, "--layer", "block", "-o", "a.png") == message
    assert files(tmp_path) == before


def test_a_cut_photo_is_one_line(refused, photo, factory):
    whole = photo.read_bytes()
    photo.write_bytes(whole[: len(whole) // 2])
    assert refused("dream", photo, "-m", factory, "--layer", "block", "-o", "a.png").endswith(
        "photo.png is cut off before its end; fetch it again"
    )


def test_a_bomb_is_one_line(refused, photo, factory, monkeypatch):
    monkeypatch.setattr("reverie.memory.available", lambda: 100)
    assert "shrink it first" in refused("dream", photo, "-m", factory, "--layer", "block")


def test_an_empty_folder_is_one_line(refused, tmp_path, factory):
    (tmp_path / "empty").mkdir()
    assert refused("dream", "empty", "-m", factory).startswith("the folder empty holds no photo; allowed are")


def test_a_photo_too_small_is_one_line(refused, tmp_path):
    (tmp_path / "big.py").write_text(
        "from torch import nn\ndef make():\n    return nn.Conv2d(3, 4, 21)\nmake.size = 32\n"
    )
    to_pil(picture(1, 3, 12, 60)).save("small.png")
    message = refused("dream", "small.png", "-m", "big.py:make", "--layer", "logits")
    assert "the photo is 60x12, too small for" in message
    assert "the smallest side is 21; give a larger --size, or a shallower layer" in message


def test_a_full_disk_is_one_line(refused, photo, factory, monkeypatch, tmp_path):
    def no_space(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", no_space)
    message = refused("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.png")
    assert message == "cannot write a.png: No space left on device; free some space or choose another folder"
    assert files(tmp_path) - {"nets.py"} == {"photo.png"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "no/a.png"], "cannot write no/a.png: there is no folder no; make it first"),
        (["-o", "a.bmp"], "cannot write 'a.bmp': its ending must be one of .png, .jpg, .jpeg, .webp"),
        (["--layer", "blokc"], "has no layer 'blokc'; nearest: 'block'"),
        (["--layer", "block:99"], "has 8 channels, 0 to 7; 99 is out of range, nearest: 'block:7'"),
        (["--layer", "block:"], "'block:' is not a unit: write LAYER, LAYER:CHANNEL"),
        (["--layer", "block.relu"], "runs 2 times in"),
        (["--layer", "logits:lion"], "has no class 'lion'; nearest:"),
        (["--layer", "block=x"], "'x' in 'block=x' is no weight; write UNIT=NUMBER, such as block8=0.5"),
        (["--preset", "gogle"], "there is no preset 'gogle' here; nearest: 'google'"),
        (["--prior", "tv=1"], "there is no prior 'tv' here; allowed are total-variation"),
        (["--size", "big"], "'big' is no size; write a side such as 320, or HEIGHTxWIDTH such as 427x640"),
        (["--octaves", "0"], "octaves must be 1 to 50, not 0"),
        (["--octave-scale", "1"], "octave_scale must be 1.01 to 10, not 1"),
        (["--steps", "0"], "steps must be 1 or more, not 0"),
        (["--rate", "nan"], "rate must be 0 or more, not nan"),
        (["--jitter", "-1"], "jitter must be 0 or more, not -1"),
        (["--tile", "8"], "tile must be 32 or more, not 8"),
        (["--reduction", "max"], "there is no reduction 'max' here; allowed are mean, sum"),
        (["--watch", "0"], "watch must be 1 or more, not 0"),
        (["--threads", "0"], "threads must be 1 to 1024, not 0"),
        (["--device", "tpu"], "there is no device 'tpu' here; nearest: 'cpu'; allowed are auto"),
        (["--precision", "half"], "there is no precision 'half' here; allowed are float32, bfloat16, auto"),
        (["--mean", "a,b,c"], "'a,b,c' are no numbers; write them such as .485,.456,.406"),
        (["--std", "1,2"], "std has 2 values, but the network's input has 3 channels"),
        (["--native-size", "0"], "'0' is no size; write a side such as 320, or HEIGHTxWIDTH such as 427x640"),
        (["--classes", "no.txt"], "the class names no.txt cannot be read ("),
        (["--weights", "no.pt"], "there is no weights file no.pt; name a safetensors file or a saved state dict"),
    ],
)
def test_a_wrong_option_is_one_line(refused, photo, factory, tmp_path, words, message):
    assert message in refused("dream", photo, "-m", factory, "--layer", "block", *words)
    assert files(tmp_path) - {"nets.py"} == {"photo.png"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["feature", "block:0", "-m", "no/such.py:make"], "there is no file no/such.py; a factory is named"),
        (["feature", "block:0", "-m", "resnet5"], "there is no network 'resnet5'; nearest: 'resnet50'"),
        (["feature", "block:5-2"], "'5-2' in 'block:5-2' runs backwards: write the smaller channel first"),
        (["feature", "stem:0", "--parameterization", "wavelet"], "there is no parameterization 'wavelet' here"),
        (["feature", "stem:0", "--start", "no.png"], "there is no file no.png"),
        (["feature", "stem:0", "--start", "grye"], "there is no start 'grye' here; nearest: 'grey'; allowed are noise"),
        (["feature", "stem:0", "--batch", "0"], "batch must be 1 or more, not 0"),
        (["feature", "stem:0", "--alpha", "optimised=x"], "there is no opacity 'optimised=x' here; nearest:"),
        (["rerun", "no.png"], "there is no file no.png; name a picture that reverie wrote"),
        (["dream", "photo.png", "--mask", "no.png"], "there is no file no.png; name a picture that is white where"),
        (["invert", "no.npy"], "there is no file no.npy; name a photo, 'sample:flower', or a stored response .npy"),
        (["sample:flower"], "'sample:flower' is no command; to dream of a photo write 'reverie dream sample:flower'"),
        (["photo.png"], "'photo.png' is no command; to dream of a photo write 'reverie dream photo.png'"),
        (["rerun", "photo.png"], "photo.png carries no record; only pictures that reverie wrote can be repeated"),
        (["feature", "stem:0", "--parameterization", "no.py:make"], "there is no file no.py; a factory is named"),
        (["score", "stem:0", "--judge", "resnet5"], "there is no network 'resnet5'; nearest: 'resnet50'"),
        (["atlas", "build", "bundled", "--shard", "9/8"], "'9/8' is no shard; write PART/PARTS"),
        (["layers", "resnt18"], "there is no network 'resnt18'; nearest: 'resnet18'"),
    ],
)
def test_other_commands_refuse_in_one_line(refused, photo, words, message):
    assert message in refused(*words)


@pytest.mark.parametrize("size", [1, 2, 8])
def test_a_feature_of_one_pixel_runs_or_is_one_line(cli, size):
    status, _, err = cli("feature", "mixed5b:0", "-m", "bundled", "--size", size, "--steps", 1)
    assert status in (0, 2)
    assert len(err.splitlines()) == (1 if status else 0)


def test_an_unexpected_word_is_status_2(cli, photo):
    for words in (["dream", photo, "--nonsense"], ["dream"], ["nonsense"], ["dream", photo, "--steps", "many"]):
        status, _, err = cli(*words)
        assert status == 2
        assert "Traceback" not in err


def test_a_record_that_names_code_is_one_line(cli, refused, factory, photo):
    cli("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.png")
    assert "or say --trust" in refused("rerun", "a.png")


def test_version_and_no_words(cli):
    first, *lines = cli("--version")[1].splitlines()
    assert re.fullmatch(r"reverie \d+\.\d+\.\d+\S*", first)
    named = [line.split()[0] for line in lines]
    assert named[:3] == ["python", "torch", "device"]
    assert f"torch {torch.__version__}" in lines[1]
    brought = {line.partition(":")[0].removeprefix("extra ") for line in lines[3:]}
    assert brought >= {"video", "plot", "map", "umap", "timm"}
    assert not brought & {"dev", "docs", "bench"}
    status, out, err = cli()
    assert status in (0, 2)
    assert "dream" in out + err


def test_layers_as_a_table(cli, factory):
    status, out, _ = cli("layers", factory)
    assert status == 0
    assert "native size 48x48, 3 channels, mean 0.485, 0.456, 0.406, std 0.229, 0.224, 0.225, 5 classes" in out
    assert re.search(r"block\.relu~2\s+ReLU\s+8\s+24x24\s+12x12\s+2x2\s+2", out)
    assert re.search(r"^logits\s.*5", out, re.MULTILINE)


def test_layers_are_the_main_line_unless_all_are_asked_for(cli):
    words = ("layers", "efficientnet_lite0", "--weights", "none", "--native-size", 64)
    _, out, _ = cli(*words)
    table = out.partition("\nlayer ")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in table.splitlines()[1:]] == [
        "stem", *(f"block{number}" for number in range(1, 17)), "head", "logits",
    ]  # fmt: skip
    assert "1000 classes, on cpu" in out
    assert out.endswith("the main line; all 197 layers with --all\n")
    _, everything, _ = cli(*words, "--all")
    assert len(everything.partition("\nlayer ")[2].splitlines()) == 1 + 197
    told = json.loads(cli(*words, "--json")[1])["layers"]
    assert len(told) == 197
    assert sum(layer["main"] for layer in told) == 19


def test_a_network_without_class_names_says_how_many_it_has(cli, tmp_path):
    (tmp_path / "seven.py").write_text(
        "from torch import nn\ndef make():\n    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), "
        "nn.Linear(4 * 36, 7))\nmake.size = 8\n"
    )
    _, out, _ = cli("layers", "seven.py:make")
    assert "7 classes without names" in out
    assert out.splitlines()[-1].split()[:3] == ["logits", "output", "7"]


def test_layers_as_json(cli, factory):
    status, out, _ = cli("layers", factory, "--json", "--mean", ".5,.5,.5", "--native-size", "40x32")
    told = json.loads(out)
    assert status == 0
    assert (told["size"], told["channels"], told["mean"], told["classes"]) == ([40, 32], 3, [0.5] * 3, 5)
    layers = {layer["name"]: layer for layer in told["layers"]}
    assert layers["mix"] == {
        "name": "mix", "kind": "Conv2d", "channels": 12, "size": [10, 8], "receptive_field": [16, 16], "stride": [4, 4],
        "calls": 1, "main": True,
    }  # fmt: skip
    assert layers["logits"]["receptive_field"] is None


def test_models_lists_what_can_be_named(cli):
    _, out, _ = cli("models")
    assert out.startswith("efficientnet_lite0 ")
    assert "\nbundled " in out
    assert {"inception_v3", "googlenet", "resnet50", "vgg19", "squeezenet1_1"} <= set(out.split())


def test_classes_may_come_from_a_file(cli, factory, tmp_path):
    (tmp_path / "names.txt").write_text("eins\nzwei\ndrei\nvier\nfünf\n", encoding="utf-8")
    words = [
        "feature",
        "logits:drei",
        "-m",
        factory,
        "--classes",
        "names.txt",
        "--size",
        32,
        "--steps",
        1,
        "-o",
        "a.png",
    ]
    assert cli(*words)[0] == 0


def test_threads_are_set(cli, factory, photo, monkeypatch):
    seen = []
    monkeypatch.setattr(torch, "set_num_threads", seen.append)
    cli("dream", photo, "-m", factory, "--layer", "block", *FAST, "--threads", 3)
    assert 3 in seen


def test_a_rerun_takes_the_records_threads(cli, factory, photo, monkeypatch):
    cli("dream", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.png")
    seen = []
    monkeypatch.setattr(torch, "set_num_threads", seen.append)
    cli("rerun", "a.png", "-m", factory, "-o", "b.png")
    assert torch.get_num_threads() in seen


@pytest.mark.parametrize("slow", [True, False])
def test_bfloat16_without_matrix_units_is_told(cli, factory, photo, monkeypatch, slow):
    monkeypatch.setattr("reverie.cli.picture_commands.matrix_units", lambda *_: not slow)
    status, _, err = cli("dream", photo, "-m", factory, "--layer", "block", "--precision", "bfloat16", *FAST)
    assert status == 0
    assert ("--precision float32 may be faster here, auto chooses\n" in err) == slow


def test_views_both_sides_and_directions_in_the_terminal(cli, refused, factory, tmp_path):
    reverie.objectives.write_directions(tmp_path / "d.safetensors", picture(3, 20, 12))
    words = ("feature", "mix:1", "-m", factory, "--size", 32, "--steps", 1)
    assert cli(*words, "--both", "-o", "a.png")[1].startswith("wrote a.png: nets.py:tiny, mix\n")
    wrote = cli(*words, "--diversity", 2, "-o", "b.png", "--singles")[1]
    assert wrote.startswith("wrote b.png and 2 pictures in b: nets.py:tiny, mix\n")
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"mix-1.png", "mix-1-view-2.png"}
    directed = ("feature", "mix:19", "-m", factory, "--size", 32, "--steps", 1, "--dictionary", "d.safetensors")
    assert cli(*directed, "-o", "c.png") == (0, "wrote c.png: nets.py:tiny, mix\n", "")
    assert cli("rerun", "c.png", "-m", factory, "-o", "again.png")[1] == "wrote again.png: nets.py:tiny, mix\n"
    assert torch.equal(read("c.png"), read("again.png"))
    assert refused(*words, "--both", "--verify") == (
        "--verify measures units alone: leave out --dictionary, --concept, --diversity and --both"
    )


def test_a_concept_and_a_second_network_in_the_terminal(cli, refused, factory, photo, grey_photo, tmp_path):
    words = ("-m", factory, "--size", 32, "--steps", 1)
    assert cli("feature", "mix", *words, "--concept", photo, "--against", grey_photo, "-o", "a.png")[0] == 0
    photo.unlink()
    assert cli("rerun", "a.png", "-m", factory, "-o", "again.png")[0] == 0
    assert torch.equal(read("a.png"), read("again.png"))
    assert refused("feature", "mix", *words, "--against", grey_photo) == (
        "--against goes with --concept: name the photos that have what these lack"
    )
    assert cli("feature", "logits:tiger", *words, "--also", f"{factory}=mix:1=0.5", "-o", "b.png")[0] == 0
    assert refused("rerun", "b.png", "-m", factory, "-o", "c.png") == (
        "the record names code or weights of its own (nets.py:tiny); name the network yourself with --also, "
        "or say --trust"
    )
    assert cli("rerun", "b.png", "-m", factory, "--also", factory, "-o", "c.png")[0] == 0
    assert torch.equal(read("b.png"), read("c.png"))
    assert cli("dream", grey_photo, "-m", factory, "--layer", "mix", *FAST, "--also", f"{factory}=block")[0] == 0


def test_a_photo_taken_further_in_the_terminal(cli, factory, photo):
    words = ("-m", factory, "--size", 48, "--steps", 1)
    wrote = cli("caricature", photo, *words, "--layer", "mix", "--toward", "logits:tiger")[1]
    written = "photo-caricature-1.png and photo-caricature-1-sheet.png"
    assert wrote.startswith(f"wrote {written}: nets.py:tiny, mix\nmix: cosine ")
    wrote = cli("accentuate", photo, "mix:1", "logits:tiger", *words)[1]
    assert wrote.startswith("wrote photo-accentuate-1.png: nets.py:tiny, mix, stem, logits and 1 more\nmix:1: ")
    wrote = cli("interpolate", "mix:1", "logits:tiger", *words, "--between", 1, "--singles")[1]
    assert wrote == "wrote interpolate-1.png and 3 pictures in interpolate-1: nets.py:tiny, mix, logits\n"
    assert cli("rerun", "interpolate-1/mix-1.png", "-m", factory, "-o", "again.png")[0] == 0
    assert torch.equal(read("interpolate-1/mix-1.png"), read("again.png"))


def test_units_that_never_fire_are_told(cli, tmp_path):
    tests = Path(__file__).parents[1]
    (tmp_path / "dead.py").write_text(
        f"import sys\nsys.path.insert(0, {str(tests)!r})\nfrom tiny import HalfDead, seeded\n"
        "def make():\n    return seeded(HalfDead)\nmake.size = 32\n"
    )
    words = ("feature", "-m", f"{tmp_path}/dead.py:make", "--steps", 2)
    before = "relu:0 never fired on the sample photos and on noise: the first steps try to wake what is silent\n"
    told = "relu:0 never fired: the picture shows nothing of it; try another --seed or --start\n"
    assert cli(*words, "relu:0") == (0, f"wrote feature-1.png: dead.py:make, relu\n{told}", before)
    status, out, err = cli(*words, "relu:0-1", "-o", "sheet.png")
    told = "1 of 2 units never fired, their pictures show nothing: relu:0\n"
    assert (status, out, err) == (0, f"wrote sheet.png: dead.py:make, relu\n{told}", before)
    assert cli(*words, "relu:1", "-o", "live.png") == (0, "wrote live.png: dead.py:make, relu\n", "")
    assert cli(*words, "relu:0", "-q", "-o", "quiet.png") == (0, "", "")
