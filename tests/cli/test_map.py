import numpy as np
import pytest
from PIL import Image

from reverie.imagemap.map_file import read_map
from tiny import picture


@pytest.fixture
def folder(tmp_path):
    for index in range(9):
        place = tmp_path / "pets" / ("cat" if index % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        pixels = (picture(index, 40, 40, 3).numpy() * 255).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"{index}.png")
    return tmp_path / "pets"


def test_a_picture_a_page_and_a_file_are_written(cli, folder, factory, tmp_path):
    pytest.importorskip("openTSNE")
    status, out, err = cli("map", folder, "-m", factory, "--workers", 0)
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0] == "wrote pets-map-1.png, pets-map-1.html and pets-map-1.safetensors"
    assert lines[1].startswith("9 photos: norm of ")
    assert lines[1].endswith(", t-SNE of perplexity 2.67")
    assert lines[2] == "perplexity 2.67 in place of 30, for 9 photos"
    assert lines[3].startswith("of the 8 nearest neighbours 100% are kept")
    assert "of the same class" in lines[3]
    assert cli("map", folder, "-m", factory, "--workers", 0, "-q") == (0, "", "")
    assert read_map(tmp_path / "pets-map-2.png").classes == ("cat",) * 4 + ("dog",) * 5


def test_new_photos_go_into_a_map(cli, folder, factory, photo, tmp_path):
    (tmp_path / "new").mkdir()
    photo.rename(tmp_path / "new" / "one.png")
    assert cli("map", folder, "-m", factory, "--method", "pca", "-o", "old.png", "--workers", 0)[0] == 0
    status, out, _ = cli("map", "new", "-m", factory, "--into", "old.png", "-o", "all.png", "--workers", 0)
    assert status == 0
    assert "10 photos, 1 of them placed into the map of the others: norm of " in out
    assert read_map(tmp_path / "all.png").names[-1] == "one.png"


def test_photos_that_are_passed_over_are_named(cli, folder, factory):
    for index in range(10):
        (folder / f"bad{index}.png").write_bytes(b"bad")
    status, out, err = cli("map", folder, "-m", factory, "--method", "pca", "--workers", 0)
    assert status == 0
    assert "9 photos" in out
    assert err.count("is not a picture that can be read") == 8
    assert err.splitlines()[-1] == "reverie: passed over 2 more photos"


def test_nothing_is_overwritten_unasked(refused, cli, folder, factory, tmp_path):
    (tmp_path / "m.html").write_text("mine")
    said = refused("map", folder, "-m", factory, "-o", "m.png")
    assert said == "m.html exists already; say --force to overwrite it, or name another with --output"
    assert cli("map", folder, "-m", factory, "-o", "m.png", "--force", "--method", "pca", "--workers", 0)[0] == 0
    assert "mine" not in (tmp_path / "m.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "there is no folder nowhere; name a folder of photos, a .tar file or a .txt file of paths"),
        (["pets", "--layer", "nrom"], "has no layer 'nrom'; nearest: 'norm'"),
        (["pets", "--method", "som"], "there is no method 'som' here; allowed are tsne, umap, pca"),
        (["pets", "--into", "old.png"], "there is no map old.safetensors; name the .safetensors file that lies"),
        (["pets", "--perplexity", "5"], "a perplexity of 5 needs 16 photos, there are 9; take at most 2.6"),
        (["pets", "-o", "map.txt"], "cannot write 'map.txt': its ending must be one of"),
    ],
)
def test_what_does_not_go_is_one_sentence(refused, folder, factory, words, message, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert message in refused("map", *words, "-m", factory, "--workers", 0)
    assert [path for path in sorted(tmp_path.rglob("*")) if "__pycache__" not in str(path)] == before


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_ctrl_c_while_a_map_is_laid_out_keeps_the_photos(cli, folder, factory, tmp_path, monkeypatch):
    monkeypatch.setattr("reverie.imagemap.build.projecting", interrupted)
    status, out, err = cli("map", folder, "-m", factory, "--workers", 0)
    assert (status, err) == (130, "reverie: stopped\n")
    assert "ended after 9 of 9 photos: laid out by their principal components" in out
    assert len(read_map(tmp_path / "pets-map-1.png")) == 9


def test_ctrl_c_before_the_first_photo_leaves_nothing(cli, folder, factory, tmp_path, monkeypatch):
    monkeypatch.setattr("reverie.imagemap.build.embeddings", interrupted)
    status, out, err = cli("map", folder, "-m", factory, "--workers", 0)
    assert (status, out, err) == (130, "", "reverie: stopped\n")
    assert not list(tmp_path.glob("*map*"))
