import io
import os
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, features

from reference import colours
from reverie import image, memory
from reverie.errors import OutOfMemory, UnsuitableImage
from reverie.files import save
from reverie.image import Picture, decode, read, read_at, read_mask, read_opacity
from reverie.photo import UPRIGHT
from reverie.profiles import srgb

SPACES = {"Display P3": (colours.DISPLAY_P3, None), "Adobe RGB": (colours.ADOBE, 563 / 256)}


def refusal(call, kind=UnsuitableImage) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.fixture
def patches() -> np.ndarray:
    """Colours uint8 [8,8,3], none of which leaves sRGB in the spaces above."""
    return np.random.default_rng(0).integers(90, 170, (8, 8, 3), np.uint8)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
def test_photos_with_a_profile_are_brought_to_srgb(tmp_path, patches, space, ending):
    more = {"lossless": True} if ending == "webp" else {}
    Image.fromarray(patches).save(tmp_path / f"a.{ending}", icc_profile=colours.rgb_profile(*SPACES[space]), **more)
    wanted = colours.to_srgb(patches / 255, *SPACES[space])
    found = read(tmp_path / f"a.{ending}")[0].permute(1, 2, 0).numpy()
    assert np.abs(found - wanted).max() < 1.6 / 255
    assert np.abs(wanted - patches / 255).max() > 8 / 255
    assert Picture(tmp_path / f"a.{ending}").sha256 == Picture(found).sha256


def test_transparency_and_palettes_go_with_a_profile(tmp_path, patches):
    profile = colours.rgb_profile(*SPACES["Display P3"])
    wanted = torch.from_numpy(colours.to_srgb(patches / 255, *SPACES["Display P3"])).permute(2, 0, 1)
    half = Image.fromarray(np.dstack([patches, np.full((8, 8), 128, np.uint8)]))
    half.save(tmp_path / "half.png", icc_profile=profile)
    assert (read(tmp_path / "half.png")[0] - (wanted * 128 / 255 + 127 / 255)).abs().max() < 1.6 / 255
    Image.fromarray(patches).quantize(64).save(tmp_path / "few.png", icc_profile=profile)
    assert (read(tmp_path / "few.png")[0] - wanted).abs().max() < 2.6 / 255


def test_a_profile_of_greys_is_followed_at_8_and_at_16_bits(tmp_path):
    ramp, profile = np.arange(256, dtype=np.uint8)[None], colours.grey_profile(1.8)
    Image.fromarray(ramp).save(tmp_path / "a.png", icc_profile=profile)
    Image.fromarray(ramp.astype(np.uint16) * 257).save(tmp_path / "b.png", icc_profile=profile)
    wanted = colours.encoded((ramp / 255) ** 1.8)
    assert np.abs(wanted - ramp / 255).max() > 0.05
    for name in ("a.png", "b.png"):
        assert np.abs(read(tmp_path / name)[0, 1].numpy() - wanted).max() < 1.6 / 255


@pytest.mark.parametrize("profile", [b"nonsense", bytes(200), colours.rgb_profile(colours.SRGB, None), srgb()])
def test_damaged_profiles_and_srgbs_own_change_nothing(tmp_path, patches, profile):
    Image.fromarray(patches).save(tmp_path / "a.png", icc_profile=profile)
    assert torch.equal(read(tmp_path / "a.png"), read(patches))


def test_a_profile_of_other_numbers_than_the_picture_has_is_passed_over(tmp_path, patches):
    Image.fromarray(patches).save(tmp_path / "a.png", icc_profile=colours.grey_profile(1.8))
    assert torch.equal(read(tmp_path / "a.png"), read(patches))
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(
        tmp_path / "a.jpg", icc_profile=colours.rgb_profile(*SPACES["Display P3"])
    )
    assert float(read(tmp_path / "a.jpg")[0, 0].mean()) > 0.95


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_what_is_written_says_that_it_is_srgb(tmp_path, name):
    save(Image.new("RGB", (4, 4), "red"), tmp_path / name)
    with Image.open(tmp_path / name) as file:
        if name == "a.png":
            assert file.info["srgb"] == 0
            return
        profile = ImageCms.ImageCmsProfile(io.BytesIO(file.info["icc_profile"])).profile
        assert "sRGB" in profile.profile_description
    assert srgb()[24:36] == bytes(12)  # no date: the same picture has the same bytes


def floats(tmp_path, values) -> torch.Tensor:
    Image.fromarray(np.asarray(values, np.float32)).save(tmp_path / "a.tif")
    return read(tmp_path / "a.tif")[0, 0]


def test_floats_over_1_keep_their_picture(tmp_path):
    assert torch.allclose(floats(tmp_path, [[0.25, 0.5, 1]]), torch.tensor([[0.25, 0.5, 1]]))
    assert torch.allclose(floats(tmp_path, [[0.25, 0.5, 7.5]]), torch.tensor([[0.25, 0.5, 1]]))  # a light in the dark
    assert torch.allclose(floats(tmp_path, [[0, 51, 255]]), torch.tensor([[0, 0.2, 1]]))
    assert torch.allclose(floats(tmp_path, [[0, 13107, 65535]]), torch.tensor([[0, 0.2, 1]]))
    said = "and nobody says which is white; save it with floats in [0,1], or as 8 or 16 bits"
    for odd in ([[20.5, 100, 200]], [[0, 70000, 1]], [[0, np.nan, 1]]):
        message = refusal(lambda odd=odd: floats(tmp_path, odd))
        assert message.endswith(said)
        assert message.startswith(f"{tmp_path / 'a.tif'} holds numbers from ")


def bars(height: int, width: int) -> np.ndarray:
    """A smooth picture uint8 [H,W,3]."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([127 + 120 * np.sin(rows / 19), 127 + 120 * np.cos(columns / 23), rows % 2 * 0 + 90], 2).astype(
        np.uint8
    )


@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_large_photos_come_reduced_and_upright(tmp_path, ending, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(bars(400, 600))
    opposite = {
        Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
        Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
    }
    turn = UPRIGHT.get(orientation)
    stored = stored if turn is None else stored.transpose(opposite.get(turn, turn))
    stored.save(tmp_path / f"a.{ending}", exif=exif, quality=95)
    assert read(tmp_path / f"a.{ending}", 100).shape == (1, 3, 200, 300)
    assert read(tmp_path / f"a.{ending}", 101).shape == ((1, 3, 400, 600))
    found = read_at(tmp_path / f"a.{ending}", 90)
    assert found.shape == (1, 3, 60, 90)
    assert (found - read_at(bars(400, 600), 90)).abs().mean() < 1.5 / 255


def test_a_photo_of_200_megapixels_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow's own limit strikes at twice as many
    Image.fromarray(bars(200, 300)).save(tmp_path / "a.png")
    assert read(tmp_path / "a.png").shape == (1, 3, 200, 300)
    assert Image.MAX_IMAGE_PIXELS == 1000
    assert decode((tmp_path / "a.png").read_bytes(), "a", 20).shape == (1, 3, 40, 60)


def test_what_does_not_fit_the_memory_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    Image.new("L", (1000, 1000)).save(tmp_path / "a.png")
    monkeypatch.setattr(memory, "available", lambda: 22_000_000)
    message = refusal(lambda: read(tmp_path / "a.png"), OutOfMemory)
    assert message == (
        f"{tmp_path / 'a.png'}, unpacked to 1 million pixels, needs 0.023 GB of memory, and 0.022 GB are free; "
        "shrink it first"
    )
    assert read(tmp_path / "a.png", 100).shape == (1, 3, 200, 200)


def test_a_picture_takes_room_for_floats_only_where_they_are_made(tmp_path, monkeypatch):
    Image.new("L", (1000, 1000)).save(tmp_path / "a.png")
    monkeypatch.setattr(memory, "available", lambda: 9_000_000)
    monkeypatch.setattr(image, "LARGE", 500_000)
    found = Picture(tmp_path / "a.png")
    assert read_at(found, 100).shape == (1, 3, 100, 100)
    assert refusal(lambda: read(found), OutOfMemory) == (
        "a picture of 1000x1000 needs 0.015 GB of memory, and 0.009 GB are free; lower --size"
    )


def test_a_file_that_claims_a_huge_size_is_refused(tmp_path):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2_000_000, 2_000_000, 8, 2, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")))
    assert "unpacked to 4000000 million pixels, needs 9.2e+04 GB" in refusal(
        lambda: read(tmp_path / "a.png"), OutOfMemory
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    assert refusal(lambda: read(tmp_path / "a.png")) == (
        f"{tmp_path / 'a.png'} is a pipe or a device; save the picture as a file first"
    )
    assert "is a pipe" in refusal(lambda: Picture(tmp_path / "a.png").sha256)


def test_no_program_is_run_for_a_picture(tmp_path):
    (tmp_path / "a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    assert "is not a picture that can be read" in refusal(lambda: read(tmp_path / "a.eps"))


def test_the_memory_that_is_left_is_known():
    left = memory.available()
    assert left is None or 0 < left < 2**50
    assert features.check("littlecms2")


@pytest.mark.parametrize("reading", [read, read_mask, lambda path: read_opacity(path, (4, 4))])
def test_of_a_damaged_tiff_nobody_but_us_speaks(tmp_path, capfd, reading):
    path = tmp_path / "a.tif"
    Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(32, 32, 4)).save(path, compression="tiff_lzw")
    content = bytearray(path.read_bytes())
    for place in range(20, len(content) - 200, 7):
        content[place] ^= 0x5A
    path.write_bytes(content)
    with pytest.raises(UnsuitableImage):
        reading(path)
    assert capfd.readouterr().err == ""
