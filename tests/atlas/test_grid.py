import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie.atlas.activation_grid import GridRun, grid, grid_run
from reverie.atlas.grid_cells import cell_of, gathered, nearest_of_photos, spoken_for
from reverie.atlas.grid_pictures import cell_pictures
from reverie.atlas.photo_cuts import cuts
from reverie.atlas.positions import Positions, few_enough, read_positions
from reverie.attribution.class_evidence import class_evidence
from reverie.dataset.photo_sets import photo_set
from reverie.errors import InvalidSetting, UnknownName, UnsuitableImage
from reverie.image import to_pil
from reverie.models.probe import probe
from reverie.objectives.whitening import RIDGE, whitened_direction, whitening
from reverie.recipes.rerunning import read_record
from reverie.runs import read
from reverie.settings.grid import Grid
from tiny import picture

SMALL = {"cells": 3, "positions": 300, "fewest": 2, "method": "pca", "size": 24, "steps": 2, "patches": 2, "workers": 0}
COLOURS = ((200, 40, 40), (40, 60, 210))


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Noisy photos, five red and five blue ones."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(10):
        noise = picture(number, 1, 3, 48, 48)[0] * 40 - 20
        pixels = np.clip(np.array(COLOURS[number % 2])[:, None, None] + noise.numpy(), 0, 255).astype(np.uint8)
        Image.fromarray(pixels.transpose(1, 2, 0)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def made(model, photos):
    return grid(model, "block", photos=photos, **SMALL)


def test_whitened_vectors_are_uncorrelated_and_of_one_size():
    draw = torch.Generator().manual_seed(0)
    vectors = torch.randn(4000, 5, generator=draw) @ torch.randn(5, 5, generator=draw) + 2.0
    matrix = whitening(vectors)
    seen = vectors @ matrix
    second = (seen.T @ seen / len(seen)).double()
    moments = (vectors.T @ vectors / len(vectors)).double()
    ridge = RIDGE * float(moments.diagonal().mean())
    values, axes = torch.linalg.eigh(moments)  # what a ridge leaves of each axis' variance of 1
    wanted = axes @ torch.diag(values / (values + ridge)) @ axes.T
    assert torch.allclose(second, wanted, atol=1e-3)
    assert torch.allclose(matrix, matrix.T, atol=1e-6)


def test_a_dead_channel_is_not_blown_up():
    vectors = torch.randn(100, 3, generator=torch.Generator().manual_seed(1))
    vectors[:, 2] = 0
    matrix = whitening(vectors)
    assert matrix.isfinite().all()
    assert float(matrix[2, 2]) <= 1 / math.sqrt(RIDGE * float(vectors.square().mean())) + 1e-3
    assert whitening(torch.zeros(4, 3)).isfinite().all()


@pytest.mark.parametrize("cosine", [0.0, 2.0])
def test_a_whitened_direction_is_the_papers_product(model, cosine):
    image = picture(3, 2, 3, 48, 48)
    seen = probe(model, image, ["block"])["block"]
    vectors = seen.permute(0, 2, 3, 1).reshape(-1, seen.shape[1])
    matrix, vector = whitening(vectors), vectors[17]
    score = whitened_direction("block", vector, matrix, cosine=cosine).score(probe(model, image, ["block"]))
    target = matrix @ vector
    target = target / target.norm()
    for row in range(2):
        each = []
        for activation in seen[row].flatten(1).T:
            white = matrix @ activation
            dot = float(white @ target)
            each.append(dot * max(dot / float(white.norm()), 0.1) ** cosine if cosine else dot)
        assert float(score[row]) == pytest.approx(float(np.mean(each)), rel=1e-4)


def test_evidence_adds_up_to_the_logit_where_all_that_follows_is_linear(model, module):
    images = picture(5, 3, 3, 48, 48)
    found = class_evidence(model, images, "norm", 2)
    logits = probe(model, images, ["logits"])["logits"][:, :, 0, 0]
    assert torch.equal(found.classes, logits.topk(2).indices)
    bias = module.fc.bias.detach()[found.classes]  # behind the rectifier, which is its own slope times its input
    assert torch.allclose(found.evidence.sum((2, 3)), logits.gather(1, found.classes) - bias, atol=1e-4)
    assert torch.equal(found.values, probe(model, images, ["norm"])["norm"])


def test_a_network_that_takes_one_picture_at_a_time_speaks_of_each(model):
    images = picture(5, 3, 3, 48, 48)
    both, each = class_evidence(model, images, "mix", 2), class_evidence(replace(model, alone=True), images, "mix", 2)
    assert torch.equal(both.classes, each.classes)
    assert torch.allclose(both.values, each.values, atol=1e-5)
    assert torch.allclose(both.evidence, each.evidence, atol=1e-5)


def test_a_layer_that_no_logit_reads_speaks_for_nothing(model):
    found = class_evidence(model, picture(5, 1, 3, 48, 48), "logits", 2)
    assert found.evidence.shape == (1, 2, 1, 1)


def test_points_fall_into_even_cells():
    points = np.array([[0.0, 0.0], [0.49, 0.1], [0.51, 0.1], [1.0, 1.0], [0.2, 0.9]])
    assert cell_of(points, 2).tolist() == [0, 0, 1, 3, 2]
    assert cell_of(np.ones((4, 2)), 3).tolist() == [4, 4, 4, 4]  # no extent: the middle


def test_a_point_far_out_does_not_press_the_others_together():
    points = np.stack([np.linspace(0, 1, 400), np.linspace(0, 1, 400)], 1)
    points[0] = -1000
    assert len(np.unique(cell_of(points, 10))) >= 9


def test_cells_hold_enough_and_begin_with_what_is_nearest_to_their_mean():
    points = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    vectors = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [5.0, 5.0]], np.float32)
    (cell,) = gathered(points, vectors, 2, fewest=2)
    assert (cell.row, cell.column) == (0, 0)
    assert cell.members[0] == 1
    assert sorted(cell.members.tolist()) == [0, 1, 2]
    assert np.allclose(cell.mean, [2 / 3, 2 / 3])


def test_classes_are_ranked_by_their_mean_evidence():
    classes, evidence = np.array([[0, 1], [1, 2]]), np.array([[3.0, 2.0], [2.0, -1.0]])
    assert spoken_for(classes, evidence, ["a", "b", "c"]) == (("b", 2.0), ("a", 1.5))
    assert spoken_for(np.empty((2, 0), int), np.empty((2, 0)), []) == ()


def test_patches_are_of_different_photos_first():
    assert nearest_of_photos(np.array([4, 2, 0, 1]), np.array([7, 8, 9, 7, 9]), 3) == [4, 0, 1]
    assert nearest_of_photos(np.array([4, 2, 0, 1]), np.array([7, 8, 9, 7, 9]), 4) == [4, 0, 1, 2]


def test_positions_are_drawn_by_name_within_the_rim(model, photos):
    def drawn(found, batch):
        into = Positions(found)
        list(read_positions(model, into, "block", 100, seed=0, batch=batch, workers=0))
        return into

    found = photo_set(photos)
    one, other = drawn(found, 3), drawn(found.named(found.names[::-1]), 4)
    assert len(one) == 100
    places = np.concatenate(one.places)
    rows, columns = divmod(places, 24)
    assert rows.min() > 0
    assert columns.max() < 23
    assert [each.tolist() for each in one.places] == [each.tolist() for each in other.places[::-1]]
    seen = probe(model, found.framed(4, (48, 48))[None], ["block"])["block"][0].flatten(1).T
    assert np.allclose(one.vectors[4], seen[one.places[4]], atol=1e-6)


def test_of_very_many_photos_some_are_read(photos):
    found = photo_set(photos)
    fewer = few_enough(found, 4, 0)
    assert len(fewer) == 4
    assert set(fewer.names) < set(found.names)
    assert few_enough(found, 10, 0) is found


def test_a_cut_lies_round_its_place(model, photos):
    found = photo_set(photos)
    (cut,) = cuts(model, "block", found, [(0, 1, 0)])  # the upper left corner
    side = 48 * 0.4
    wanted = to_pil(found.framed(1, (48, 48))).crop((0, 0, round(side), round(side)))
    assert np.abs(np.asarray(cut.resize(wanted.size), float) - np.asarray(wanted, float)).mean() < 12


def test_an_atlas_parts_what_the_layer_tells_apart(made, photos):
    assert 2 <= len(made) <= 9
    assert sum(cell.count for cell in made.cells) <= 300
    for cell in made.cells:
        assert cell.picture.size == (24, 24)
        assert 1 <= len(cell.patches) <= 2
        for patch, photo in cell.patches:
            red, _, blue = np.asarray(patch, float).mean((0, 1))
            assert (red > blue) == (int(photo.removesuffix(".png")) % 2 == 0)
    reds, blues = (
        [
            cell
            for cell in made.cells
            if all(np.asarray(patch, float).mean((0, 1))[axis] > 120 for patch, _ in cell.patches)
        ]
        for axis in (0, 2)
    )
    assert reds
    assert blues
    assert len(reds) + len(blues) >= len(made.cells) - 1


def test_an_atlas_is_the_same_again(made, model, photos):
    again = grid(model, "block", photos=photos, **SMALL)
    assert np.array_equal(np.asarray(made.poster), np.asarray(again.poster))
    assert made.page == again.page


def test_cells_begin_from_the_same_noise(model):
    vectors = [torch.ones(8), torch.ones(8)]
    recipe = cell_pictures(model, Grid.made(layer="block", photos="x", **SMALL), vectors, None)
    one, other = reverie.synthesize(model, recipe).images
    assert torch.equal(one, other)


def test_an_atlas_is_written_with_its_page_and_record(made, tmp_path):
    picture_file, page = made.save(tmp_path / "atlas.png")
    assert read_record(picture_file).recipe == "grid"
    assert read_record(picture_file).arguments["photos"]["count"] == 10
    text = page.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    assert [(cell["row"], cell["column"]) for cell in data["cells"]] == [(cell.row, cell.column) for cell in made.cells]
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert made.told([picture_file, page])[0] == f"wrote {picture_file} and {page}: {len(made)} cells"


@pytest.mark.parametrize("after", [0, 3, 7])
def test_an_atlas_can_be_left_at_any_event(model, photos, after):
    run = GridRun(model, Grid.made(layer="block", photos=photos, **{**SMALL, "batch": 2}))
    events = read(run)
    for _ in range(after):
        next(events)
    events.close()
    stands = run.result()
    assert len(stands) <= len(stands.cells)
    assert stands.poster.width
    if after == 7:
        assert 0 < len(stands) < len(stands.cells)
        missing = f"{len(stands.cells) - len(stands)} of {len(stands.cells)} cells are not drawn"
        assert missing in stands.told([Path("a.png")])


def test_a_photos_grid_has_a_picture_for_each_place_as_large_as_it_is_strong(model, photo):
    made = grid(model, "mix", photo=photo, size=24, steps=2)
    seen = probe(model, reverie.recipes.framing.native_photo(model, photo, None), ["mix"])["mix"][0]
    assert made.shape == tuple(seen.shape[-2:])
    strength = seen.norm(dim=0).flatten()
    assert np.allclose([cell.share for cell in made.cells], strength / strength.max(), atol=1e-5)
    assert len(made) == strength.numel()


@pytest.mark.parametrize(
    ("asked", "kind", "sentence"),
    [
        ({}, InvalidSetting, "name a folder of photos with --photos"),
        ({"photos": ".", "photo": "sample:flower"}, InvalidSetting, "or one photo with --photo"),
        ({"photos": "nowhere"}, UnsuitableImage, "there is no folder"),
        ({"layer": "logits", "photo": "sample:flower"}, InvalidSetting, "has no grid of places"),
        ({"layer": "blok", "photo": "sample:flower"}, UnknownName, "nearest: 'block'"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_sentence(model, asked, kind, sentence):
    with pytest.raises(kind, match=re.escape(sentence)):
        grid_run(model, Grid.made(**{"layer": "block", "size": 24, **asked}))


def test_too_few_activations_for_any_cell_are_told(model, photos):
    with pytest.raises(InvalidSetting, match="lower --fewest or --cells"):
        grid(model, "block", photos=photos, **{**SMALL, "fewest": 10_000})
