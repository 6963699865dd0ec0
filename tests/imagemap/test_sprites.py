import numpy as np
import pytest

from reverie.errors import RecordRefused
from reverie.imagemap.mosaic import GROUND, mosaic
from reverie.imagemap.sprites import LARGEST, Sprites, SpriteSheets, thumbnail_side


def flat(value, side):
    return np.full((side, side, 3), value, np.uint8)


@pytest.mark.parametrize(("count", "side"), [(1, 128), (2563, 128), (10_000, 64), (100_000, 16), (10**7, 8)])
def test_thumbnails_shrink_where_there_are_many(count, side):
    assert thumbnail_side(count, 128) == side
    assert side % 8 == 0
    assert side == 8 or count * side**2 <= LARGEST


def test_thumbnails_come_back_in_their_order():
    sheets = SpriteSheets(Sprites(512))
    for index in range(37):  # 16 in a file
        sheets.add(flat(6 * index, 512))
    sprites = sheets.sprites
    assert sprites.counts == (16, 16, 5)
    assert len(sprites) == 37
    for index, thumbnail in enumerate(sprites.thumbnails()):
        assert thumbnail.shape == (512, 512, 3)
        assert np.abs(thumbnail.astype(int) - 6 * index).max() <= 3


def test_more_are_added_without_touching_the_others():
    first = SpriteSheets(Sprites(64))
    first.add(flat(10, 64))
    second = SpriteSheets(first.sprites)
    second.add(flat(200, 64))
    assert second.sprites.files[0] == first.sprites.files[0]
    assert second.sprites.counts == (1, 1)
    assert [int(thumbnail.mean().round(-1)) for thumbnail in second.sprites.thumbnails()] == [10, 200]


@pytest.mark.parametrize("file", [b"", b"GIF89a" + bytes(100), None])
def test_files_that_are_no_sprites_are_refused(file):
    other = Sprites(64).adding([flat(0, 64)] * 2).files[0] if file is None else file
    with pytest.raises(RecordRefused, match="the map's thumbnails are damaged"):
        list(Sprites(64, (other,), (1,)).thumbnails())


def test_a_mosaic_has_a_place_for_each_and_dark_gaps():
    sprites = Sprites(64).adding([flat(50, 64), flat(100, 64), flat(150, 64)])
    pixels = np.asarray(mosaic(sprites, [3, 0, 2], (2, 2)))
    assert pixels.shape == (134, 134, 3)
    assert [int(pixels[y, x, 0].round(-1)) for y, x in ((30, 30), (100, 30), (100, 100))] == [100, 150, 50]
    assert tuple(pixels[30, 100]) == tuple(pixels[0, 0]) == tuple(pixels[66, 66]) == GROUND
