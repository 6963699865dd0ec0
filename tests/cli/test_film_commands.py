from pathlib import Path

import pytest
from test_commands import ctrl_c, files

import reverie
from reverie.atlas import layer_sheets
from reverie.image import read
from reverie.video import film_dreams as films
from reverie.video import zooming as zooms
from tiny import picture

FAST = ["--size", 24, "--steps", 1, "--batch", 3]


def test_a_sheet_and_its_page(cli, factory, tmp_path):
    status, out, err = cli("sheet", "block:0-3", "logits", "-m", factory, *FAST, "--html")
    assert (status, err) == (0, "")
    assert out == (
        "wrote block-0-3.png, block-0-3.html and 4 pictures in block-0-3: nets.py:tiny, block\n"
        "wrote logits.png, logits.html and 5 pictures in logits: nets.py:tiny, logits\n"
    )
    assert len(files(tmp_path)) == 1 + 4 + 4 + 5


def test_ctrl_c_keeps_the_finished_pictures_and_the_same_command_goes_on(cli, factory, tmp_path, monkeypatch):
    run, drawn = layer_sheets.synthesize, []

    def interrupted(model, recipe):
        drawn.append(recipe.names)
        return ctrl_c() if len(drawn) == 2 else run(model, recipe)

    monkeypatch.setattr(layer_sheets, "synthesize", interrupted)
    (tmp_path / "out").mkdir()
    words = ["sheet", "block", "-m", factory, *FAST, "-o", "out"]
    message = "wrote out/block.png and {} pictures in out/block: nets.py:tiny, block{}\n"
    begun = message.format(3, " (3 of 8 pictures; the same command goes on)")
    assert cli(*words) == (130, begun, "reverie: stopped\n")
    assert cli(*words) == (0, message.format(8, ""), "")
    assert [names[0] for names in drawn] == ["block:0", "block:3", "block:3", "block:6"]


def test_one_sheet_goes_to_the_file_that_is_named(cli, factory, tmp_path):
    words = ["sheet", "block:0-1", "-m", factory, *FAST, "-o", "mine.png"]
    assert cli(*words) == (0, "wrote mine.png and 2 pictures in mine: nets.py:tiny, block\n", "")
    assert files(tmp_path) - {"nets.py"} == {"mine.png", "mine/block-0.png", "mine/block-1.png"}
    assert cli(*words)[0] == 0


def test_quiet_says_nothing(cli, factory):
    assert cli("sheet", "block:0", "-m", factory, *FAST, "-q") == (0, "", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["blokc"], "has no layer 'blokc'; nearest: 'block'"),
        (["block", "block"], "a layer is named twice; name each once"),
        (["block", "stem", "-o", "a.png"], "2 sheets do not fit in the one picture a.png; name a folder with --output"),
        (["block", "-o", "no/sheets"], "there is no folder no"),
        (["block", "--steps", "0"], "steps must be 1 or more, not 0"),
    ],
)
def test_a_wrong_word_is_one_line(refused, factory, tmp_path, words, message):
    assert message in refused("sheet", *words, "-m", factory)
    assert files(tmp_path) == {"nets.py"}


@pytest.mark.parametrize("words", [["--mean", "-inf"], ["--mean", "nan,0,0"], ["--std", "0"]])
def test_a_normalisation_that_is_none_leaves_nothing(refused, factory, photo, tmp_path, words):
    told = f"'{words[1]}' are no numbers; write them such as .485,.456,.406"
    told = "std must be numbers above 0, not (0.0,)" if words[0] == "--std" else told
    assert refused("zoom", photo, "-m", factory, *ZOOM, "=".join(words), "-o", "a.gif") == told
    assert files(tmp_path) == {"nets.py", "photo.png"}


def test_memory_that_ends_anywhere_is_one_line(refused, factory, photo, monkeypatch):
    def short(*_, **__):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr("reverie.cli.picture_commands.loaded", short)
    assert refused("dream", photo, "-m", factory) == (
        "the memory was not enough; ask for a smaller picture, batch or network"
    )


ZOOM = ["--layer", "block", "--steps", 1, "--octaves", 1, "--frames", 3]


def test_a_zoom_is_named_after_its_photo(cli, factory, photo, tmp_path):
    status, out, err = cli("zoom", photo, "-m", factory, *ZOOM, "-o", "a.gif")
    assert (status, out, err) == (0, "wrote a.gif and a.json: nets.py:tiny, block\n", "")
    assert files(tmp_path) == {"nets.py", "photo.png", "a.gif", "a.json"}
    assert read("a.gif").shape == (1, 3, 41, 53)


def test_the_command_gives_the_librarys_zoom(cli, factory, photo):
    words = ["--zoom", 1.1, "--rotate", -3, "--right", 0.01, "--down", -0.02, "--steady", 0, "--fps", 10, "--seed", 2]
    cli("zoom", photo, "-m", factory, *ZOOM, *words, "-o", "a.gif")
    reverie.zoom(
        factory, photo, "block", steps=1, octaves=1, frames=3, zoom=1.1, rotate=-3, right=0.01, down=-0.02, steady=0,
        fps=10, seed=2,
    ).save("b.gif")  # fmt: skip
    assert Path("a.gif").read_bytes() == Path("b.gif").read_bytes()


def test_ctrl_c_writes_the_finished_frames_and_the_same_command_goes_on(cli, factory, photo, tmp_path, monkeypatch):
    run, made = zooms.synthesize, []

    def interrupted(model, recipe):
        made.append(recipe.seed)
        return ctrl_c() if len(made) == 2 else run(model, recipe)

    words = ["zoom", photo, "-m", factory, *ZOOM]
    assert cli(*words, "-o", "whole.gif")[0] == 0
    monkeypatch.setattr(zooms, "synthesize", interrupted)
    made_with, far = "nets.py:tiny, block", "2 of 3 frames, in a.gif.frames; the same command goes on"
    message = f"wrote a.gif and a.json: {made_with} ({far})\n"
    assert cli(*words, "-o", "a.gif") == (130, message, "reverie: stopped\n")
    assert (tmp_path / "a.gif.frames").is_dir()
    assert cli(*words, "-o", "a.gif") == (0, f"wrote a.gif and a.json: {made_with}\n", "")
    assert made == [1, 2, 2]
    assert not (tmp_path / "a.gif.frames").exists()
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "whole.gif").read_bytes()


def test_ctrl_c_before_the_first_frame_of_a_film_writes_none(cli, factory, tmp_path, monkeypatch):
    footage(tmp_path)
    monkeypatch.setattr(films, "synthesize", lambda *_: ctrl_c())
    assert cli("film", "in.mp4", "-m", factory, "--layer", "block") == (130, "", "reverie: stopped\n")
    assert not (tmp_path / "in-dream.mp4").exists()


def footage(folder):
    """Four frames of noise as a film."""
    pytest.importorskip("av")
    pytest.importorskip("cv2")
    from reverie.figures.film_writer import Film
    from reverie.image import to_uint8

    with Film(folder / "in.mp4", 10) as film:
        for seed in range(4):
            film.write(to_uint8(picture(seed, 3, 36, 48)))


def test_a_film_is_named_after_its_footage(cli, factory, tmp_path):
    footage(tmp_path)
    words = ["film", "in.mp4", "-m", factory, "--layer", "block", "--steps", 2, "--octaves", 1, "--every", 2]
    assert cli(*words) == (0, "wrote in-dream.mp4 and in-dream.json: nets.py:tiny, block\n", "")
    assert files(tmp_path) == {"nets.py", "in.mp4", "in-dream.mp4", "in-dream.json"}
    assert "in-dream.mp4 exists already; say --force to overwrite it" in cli(*words)[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--frames", "0"], "frames must be 1 or more, not 0"),
        (["--zoom", "9"], "zoom must be 0.5 to 2, not 9"),
        (["--layer", "block", "--layer", "mix at 3"], "give every layer its frame or none, each later than the one"),
        (["-o", "a.avi"], "cannot write 'a.avi': its ending must be one of .mp4, .webm, .gif, .webp"),
        (["-o", "no/a.gif"], "cannot write no/a.gif: there is no folder no; make it first"),
        (["--fps", "0"], "a .gif film has up to 50 frames a second, not 0"),
    ],
)
def test_a_wrong_word_of_a_zoom_is_one_line(refused, factory, photo, tmp_path, words, message):
    output = [] if "-o" in words else ["-o", "a.gif"]
    assert message in refused("zoom", photo, "-m", factory, *words, *output)
    assert files(tmp_path) == {"nets.py", "photo.png"}


def test_bad_footage_is_one_line(refused, factory, photo):
    pytest.importorskip("av")
    assert refused("film", "no.mp4", "-m", factory) == "there is no file no.mp4; name a film"
