import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import reverie
from reverie.dataset.embeddings import embedded, last_layer, thumbnail
from reverie.dataset.layout import centres
from reverie.errors import InvalidSetting, OutputFailed, RecordRefused, UnknownName, UnsuitableImage
from reverie.image import read, to_pil
from reverie.imagemap.build import MapRun, image_map
from reverie.imagemap.map_file import read_map
from reverie.recipes.rerunning import read_record, recipe_of
from reverie.settings.map import Map
from tiny import Tiny, picture, seeded

COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 210)}


def fill(folder: Path, each: int, start: int = 0) -> Path:
    """Noisy one-coloured photos in a folder for each colour."""
    for number, (name, colour) in enumerate(COLOURS.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(start, start + each):
            noise = picture(97 * number + index, 1, 3, 40, 56)[0] * 60 - 30
            pixels = np.clip(np.array(colour)[:, None, None] + noise.numpy(), 0, 255).astype(np.uint8)
            Image.fromarray(pixels.transpose(1, 2, 0)).save(folder / name / f"{index}.png")
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("photos"), 8)


@pytest.fixture(scope="module")
def made(model, photos):
    return image_map(model, photos, method="pca", workers=0)


def test_the_last_layer_before_the_logits_is_the_usual_one(model, bundled, made):
    assert last_layer(model) == made.layer == "norm"
    assert last_layer(bundled) == "mixed5b"


@pytest.mark.parametrize("layer", ["stem", "block.conv1", "logits"])
def test_any_layer_embeds_by_its_mean_over_positions(model, photos, layer):
    images = torch.stack([read(path)[0, :, :48, :48] for path in sorted(photos.rglob("*.png"))[:3]])
    seen = reverie.probe(model, images, [layer])[layer]
    assert np.allclose(embedded(model, images, layer), seen.mean((2, 3)).detach().numpy(), atol=1e-6)


def test_a_thumbnail_is_the_middle_of_what_was_seen():
    image = torch.zeros(3, 8, 16)
    image[:, :, 4:12] = 1
    assert thumbnail(image, 8).min() == 255


def test_like_lies_beside_like(made):
    assert len(made) == 24
    assert sorted(set(made.classes)) == ["blue", "green", "red"]
    alike = made.quality.alike
    assert alike.embedding > 0.65
    assert alike.plane > 0.65
    assert alike.most == pytest.approx(0.7)  # of ten neighbours seven can be of the own class
    assert alike.chance == pytest.approx(7 / 23)


def test_the_same_twice(model, photos):
    pytest.importorskip("openTSNE")
    first, again = (image_map(model, photos, layer="mix", workers=0, batch=4) for _ in range(2))
    assert bytes(first) == bytes(again)
    assert first.perplexity == pytest.approx(23 / 3)
    assert first.notes == ("perplexity 7.67 in place of 30, for 24 photos",)
    assert first.about[0] == "24 photos: mix of Tiny, t-SNE of perplexity 7.67"


def test_the_picture_shows_each_photo_at_its_cell(made):
    side, gap = made.sprites.side, max(1, made.sprites.side // 32)
    pixels = np.asarray(made.picture).astype(int)
    assert pixels.shape == (5 * (side + gap) + gap, 5 * (side + gap) + gap, 3)
    for index, cell in enumerate(made.cells):
        x, y = centres(np.array([cell]), made.shape)[0]
        middle = pixels[int(y * (side + gap)), int(x * (side + gap))]
        assert np.abs(middle - COLOURS[made.classes[index]]).max() < 50, made.names[index]


def test_a_map_is_saved_whole_and_read_again(made, tmp_path):
    written = made.save("map.png")
    assert [path.name for path in written] == ["map.png", "map.html", "map.safetensors"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.html", "map.png", "map.safetensors"]
    for name in ("map.safetensors", "map.png", "map.html"):
        again = read_map(Path(name))
        assert bytes(again) == bytes(made)
        assert again.quality == made.quality
    record = read_record("map.png")
    assert record.arguments["photos"]["count"] == 24
    assert record.automatic["quality"] == str(made.quality)
    with pytest.raises(RecordRefused, match="run 'reverie map FOLDER' again"):
        recipe_of(record, None)


def test_nothing_half_is_left_where_the_picture_cannot_be_written(made, tmp_path, monkeypatch):
    def full(*_):
        raise OutputFailed("no space")

    monkeypatch.setattr("reverie.imagemap.image_map.save", full)
    with pytest.raises(OutputFailed):
        made.save("map.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_few_photos_make_a_map(model, photos, tmp_path, count):
    for path in sorted((photos / "red").iterdir())[:count]:
        shutil.copy(path, tmp_path)
    made = image_map(model, tmp_path, workers=0)
    assert made.method == "pca"
    assert made.classes == (None,) * count
    assert made.quality.neighbours == count - 1
    assert f"{'one photo is' if count == 1 else f'{count} photos are'} too few for tsne" in made.notes[0]
    assert len(made.save("few.png")) == 3


def test_copies_of_one_photo_make_a_map(model, photos, tmp_path):
    pytest.importorskip("openTSNE")
    for index in range(9):
        shutil.copy(photos / "red" / "0.png", tmp_path / f"{index}.png")
    made = image_map(model, tmp_path, workers=0)
    assert sorted(made.cells) == list(range(9))
    assert len(made.save("copies.png")) == 3


def test_photos_that_cannot_be_read_are_passed_over(model, photos, tmp_path):
    folder = tmp_path / "set"
    shutil.copytree(photos, folder)
    (folder / "blue" / "3.png").write_bytes(b"no picture")
    (folder / "red" / "0.png").write_bytes((folder / "red" / "0.png").read_bytes()[:200])
    made = image_map(model, folder, method="pca", workers=0)
    assert len(made) == 22
    assert [name for name, _ in made.failures] == ["blue/3.png", "red/0.png"]
    assert "is not a picture that can be read" in made.failures[0][1]


def test_nothing_to_lay_out(model, tmp_path):
    with pytest.raises(UnsuitableImage, match="holds no photo"):
        image_map(model, tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(UnsuitableImage, match=r"none of the 1 photos of .* can be read"):
        image_map(model, tmp_path, workers=0)


def test_a_grey_network_maps_photos_too(photos):
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(3))
    module(torch.zeros(1, 1, 32, 32))
    made = image_map(reverie.load(module, size=32), photos, "1", method="pca", workers=0)
    assert len(made) == 24


def test_progress_is_told(model, photos):
    run = MapRun(model, Map.made(photos=photos, method="pca", workers=0, batch=10))
    assert [(event.task, event.done, event.total) for event in run.events()] == [
        ("photos", 10, 24), ("photos", 20, 24), ("photos", 24, 24),
    ]  # fmt: skip
    assert run.result().notes == ()


def test_a_map_that_is_left_early_is_of_the_photos_that_were_read(model, photos, tmp_path):
    run = MapRun(model, Map.made(photos=photos, workers=0, batch=10))
    assert len(run.result()) == 0
    for event in run.events():
        if event.done == 20:
            break
    made = run.result()
    assert (len(made), made.method, made.perplexity) == (20, "pca", None)
    assert made.notes == ("ended after 20 of 24 photos: laid out by their principal components",)
    grown = image_map(model, photos, into=made.save(tmp_path / "some.png")[0], workers=0)
    assert len(grown) == 44


def test_a_layout_that_is_left_early_ends(model, photos):
    pytest.importorskip("openTSNE")
    run = MapRun(model, Map.made(photos=photos, workers=0))
    events = run.events()
    assert next(event for event in events if event.task == "layout").total == 750
    events.close()
    assert run.result().notes == ("ended after 24 of 24 photos: laid out by their principal components",)
    whole = MapRun(model, Map.made(photos=photos, workers=0))
    assert [event.done for event in whole.events() if event.task == "layout"] == list(range(50, 751, 50))
    assert np.array_equal(whole.result().points, image_map(model, photos, workers=0).points)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_new_photos_are_placed_and_the_others_stay(model, photos, tmp_path, method):
    if method == "tsne":
        pytest.importorskip("openTSNE")
    old = image_map(model, photos, method=method, workers=0)
    old.save(tmp_path / "old.png")
    more = fill(tmp_path / "more", 2, start=50)
    made = image_map(model, more, into=tmp_path / "old.png", workers=0)
    assert (len(made), made.original) == (30, 24)
    assert np.array_equal(made.points[:24], old.points)
    ways = np.linalg.norm(made.points[24:, None] - made.points[None, :24], axis=2)
    nearest = [made.classes[index] for index in ways.argmin(1)]
    assert nearest == list(made.classes[24:])
    assert made.about[0].startswith("30 photos, 6 of them placed into the map of the others: norm of Tiny")
    made.save(tmp_path / "new.png")
    for image, index in ((read(more / "blue" / "50.png")[0], made.names.index("blue/50.png")),):
        thumbs = list(read_map(tmp_path / "new.png").sprites.thumbnails())
        assert np.abs(thumbs[index].mean((0, 1)) - 255 * image.mean((1, 2)).numpy()).max() < 12


def test_photos_unlike_all_others_are_no_ones_neighbours(model, tmp_path):
    """In components of red photos alone, blue and green ones would all seem to be in their middle."""
    red, others = fill(tmp_path / "all", 12) / "red", tmp_path / "all"
    image_map(model, red, method="pca", workers=0).save("red.png")
    for path in list(red.iterdir()):
        path.unlink()
    grown = image_map(model, others, into="red.png", workers=0)
    assert set(grown.neighbours[:12, :5].ravel()) <= set(range(12))


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_placing_twice_is_placing_both(model, photos, tmp_path, method):
    if method == "tsne":
        pytest.importorskip("openTSNE")
    image_map(model, photos, method=method, workers=0).save(tmp_path / "old.png")
    one, two = fill(tmp_path / "one", 1, start=60), fill(tmp_path / "two", 1, start=70)
    both = fill(fill(tmp_path / "both", 1, start=60), 1, start=70)
    image_map(model, one, into=tmp_path / "old.png", workers=0).save(tmp_path / "first.png")
    stepwise = image_map(model, two, into=tmp_path / "first.png", workers=0)
    at_once = image_map(model, both, into=tmp_path / "old.png", workers=0)
    places = [dict(zip(made.names, made.points, strict=True)) for made in (stepwise, at_once)]
    assert len(places[0]) == len(stepwise) == len(at_once) == 30
    assert all(np.allclose(places[0][name], places[1][name], atol=1e-3) for name in places[0])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"layer": "stem"}, "the map is made with layer norm, not stem: leave out --layer, "
                            "or make a map of all photos anew"),
        ({"method": "umap"}, "the map is made with method pca, not umap"),
        ({"seed": 3}, "the map is made with seed 0, not 3"),
        ({"thumbnail": 64}, "the map is made with thumbnail 48, not 64"),
    ],
)  # fmt: skip
def test_a_map_keeps_its_settings(model, made, photos, given, message):
    made.save("map.png")
    with pytest.raises(InvalidSetting) as caught:
        image_map(model, photos, into="map.png", **given)
    assert str(caught.value).startswith(message)


def test_another_network_is_refused(made, photos):
    made.save("map.png")
    other = reverie.load(seeded(Tiny, seed=1), size=48)
    with pytest.raises(RecordRefused, match=r"the map was made by Tiny, and Tiny has other weights; name the map's"):
        image_map(other, photos, into="map.png")


def damaged(made, change=lambda arrays, described: None):
    """A map's file with something changed."""
    Path("a.safetensors").write_bytes(bytes(made))
    arrays = load_file("a.safetensors")
    with safe_open("a.safetensors", "numpy") as file:
        described = json.loads(file.metadata()["reverie"])
    change(arrays, described)
    save_file(arrays, "a.safetensors", {"reverie": json.dumps(described)})
    return Path("a.safetensors")


def test_an_unchanged_copy_is_read(made):
    assert read_map(damaged(made)).names == made.names


def _record(described, **changes):
    record = json.loads(described["record"])
    record["arguments"].update(changes)
    described["record"] = json.dumps(record)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays, _: arrays.pop("points"),
        lambda arrays, _: arrays.update(points=arrays["points"] * np.float32(np.nan)),
        lambda arrays, _: arrays.update(points=arrays["points"][:5]),
        lambda arrays, _: arrays.update(points=arrays["points"].astype(np.float64)),
        lambda arrays, _: arrays.update(vectors=arrays["vectors"][:, :1]),
        lambda arrays, _: arrays.update(cells=arrays["cells"] + 10_000),
        lambda arrays, _: arrays.update(cells=arrays["cells"] * 0),
        lambda arrays, _: arrays.update(cells=arrays["cells"] - 100),
        lambda arrays, _: arrays.pop("sprites_0"),
        lambda _, described: described.pop("names"),
        lambda _, described: described.update(names=["a"], classes=[None]),
        lambda _, described: described.update(classes=[3] * 24),
        lambda _, described: described.update(names=7),
        lambda _, described: described.update(sprites=[7, 24]),
        lambda _, described: described.update(sprites=[48, 23]),
        lambda _, described: described.update(sprites=[48, -1, 25]),
        lambda _, described: described.update(sprites=["48", 24]),
        lambda _, described: described.update(sprites=[100000000, 24]),
        lambda _, described: described.update(original=25),
        lambda _, described: described.update(original=0),
        lambda _, described: described.update(original="x"),
        lambda _, described: described.update(record="[" * 100_000),
        lambda _, described: _record(described, method="exec"),
        lambda _, described: _record(described, method=["tsne"]),
        lambda _, described: _record(described, perplexity=float("nan")),
        lambda _, described: _record(described, method="tsne", perplexity=9.0),
        lambda _, described: _record(described, method="tsne", perplexity=5),
        lambda _, described: _record(described, seed=-1),
        lambda _, described: _record(described, layer=None),
    ],
)
def test_a_strangers_damaged_map_is_refused_in_one_sentence(made, change):
    path = damaged(made, change)
    with pytest.raises(RecordRefused) as caught:
        read_map(path)
    assert str(caught.value) == "a.safetensors is not a map, or is damaged; make it anew with 'reverie map'"


def test_other_files_are_no_maps(tmp_path, made):
    with pytest.raises(RecordRefused, match=r"there is no map .*nowhere.safetensors; name the .safetensors file"):
        read_map(tmp_path / "nowhere.png")
    (tmp_path / "b.safetensors").write_bytes(b"PK" * 500)
    with pytest.raises(RecordRefused, match="is not a map, or is damaged"):
        read_map(tmp_path / "b.safetensors")
    save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "c.safetensors")
    with pytest.raises(RecordRefused, match="is no map of this version of reverie"):
        read_map(tmp_path / "c.safetensors")
    (tmp_path / "d.safetensors").write_bytes(bytes(made)[:-100])
    with pytest.raises(RecordRefused, match="is not a map, or is damaged"):
        read_map(tmp_path / "d.safetensors")


def test_a_map_of_another_width_is_refused(model, made, photos):
    def narrow(arrays, _):
        arrays.update(mean=arrays["mean"][:-1])
        arrays.update({name: arrays[name][:, :-1].copy() for name in ("axes", "vectors")})

    path = damaged(made, narrow)
    with pytest.raises(RecordRefused, match="the map does not fit 'norm' of Tiny; make it anew"):
        image_map(model, photos, into=path)


def test_thumbnails_shrink_as_a_map_grows(model, made, photos, tmp_path, monkeypatch):
    made.save("old.png")
    monkeypatch.setattr("reverie.imagemap.sprites.LARGEST", 30 * 40**2)
    monkeypatch.setattr("reverie.imagemap.map_file.thumbnail_side", lambda _, side: side)
    grown = image_map(model, fill(tmp_path / "more", 2, start=80), into="old.png", workers=0)
    assert (made.sprites.side, grown.sprites.side, len(grown.sprites)) == (48, 40, 30)
    for before, after in zip(made.sprites.thumbnails(), grown.sprites.thumbnails(), strict=False):
        assert np.abs(before.mean((0, 1)) - after.mean((0, 1))).max() < 4


def test_thumbnails_that_are_something_else_are_refused(made):
    def swap(arrays, _):
        to_pil(picture(0, 3, 64, 64)).save("x.webp")
        arrays["sprites_0"] = np.frombuffer(Path("x.webp").read_bytes(), np.uint8)

    with pytest.raises(RecordRefused, match="the map's thumbnails are damaged"):
        _ = read_map(damaged(made, swap)).picture


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"layer": "nrom"}, UnknownName, "Tiny has no layer 'nrom'; nearest: 'norm'"),
        ({"method": "isomap"}, UnknownName, "there is no method 'isomap' here; nearest: 'umap'"),
        ({"thumbnail": 8}, InvalidSetting, "thumbnail must be 16 to 512, not 8"),
        ({"perplexity": 20.0}, InvalidSetting, "a perplexity of 20 needs 61 photos, there are 24; take at most 7.6"),
        ({"batch": 0}, InvalidSetting, "batch must be 1 to 4096, not 0"),
        ({"perplexity": 0.5}, InvalidSetting, "perplexity must be 1 or more, not 0.5"),
        ({"seed": -1}, InvalidSetting, "seed must be 0 to 4.29497e+09, not -1"),
    ],
)
def test_what_does_not_go_is_refused_before_the_work(model, photos, given, error, message):
    with pytest.raises(error) as caught:
        image_map(model, photos, workers=0, **given)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_copies_of_one_photo_make_a_map_that_says_so(model, tmp_path, method):
    pytest.importorskip("openTSNE")
    for number in range(7):
        to_pil(picture(1, 3, 40, 56)).save(tmp_path / f"{number}.png")
    made = image_map(model, tmp_path, method=method, workers=0, batch=3)
    assert made.notes == (
        "all photos look the same to 'norm': what is near to what says nothing; name another --layer",
    )
    assert len(set(made.cells)) == 7
    assert made.save(tmp_path / "map.png")[0].is_file()
    more = image_map(model, tmp_path, into=tmp_path / "map.png", workers=0)  # the map's own picture is among them
    assert len(more) == 15


def test_a_dead_layer_says_so(photos):
    with torch.no_grad():
        dead = seeded(Tiny)
        dead.mix.weight.mul_(1e-6)
        dead.mix.bias.copy_(torch.arange(12.0))
    made = image_map(reverie.load(dead, size=48), photos, "mix", workers=0)
    assert made.method == "pca"
    assert "all photos look the same to 'mix'" in made.about[1]
