import contextlib
import hashlib
import re

import numpy as np
import pytest
import torch
from PIL import Image

from reverie.errors import UnsuitableImage
from reverie.image import Picture, fit, grey, photos_in, read, resize, to_pil, to_uint8
from reverie.paths import sample
from tiny import picture


def refusal(call, kind=UnsuitableImage) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.fixture
def pixels() -> np.ndarray:
    """RGB [6,10,3]: red left, blue right, a green top row."""
    out = np.zeros((6, 10, 3), np.uint8)
    out[:, :5, 0], out[:, 5:, 2], out[0, :, 1] = 255, 255, 200
    return out


def bits(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.float32) / 255).permute(2, 0, 1)[None]


def test_a_photo_is_rgb_from_0_to_1(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = read(tmp_path / "a.png")
    assert torch.equal(found, bits(pixels))
    assert found.dtype == torch.float32


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(tmp_path, pixels, orientation):
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = Image.fromarray(pixels)
    stored = stored.transpose(turn[orientation]) if orientation > 1 else stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    assert torch.equal(read(tmp_path / "a.png"), bits(pixels))


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_becomes_three_equal_channels(tmp_path, pixels, mode):
    stored = Image.fromarray(pixels).convert(mode)
    stored.save(tmp_path / "a.png")
    assert torch.equal(read(tmp_path / "a.png"), bits(np.repeat(np.asarray(stored.convert("L"))[..., None], 3, 2)))


def test_cmyk_becomes_rgb(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    assert torch.allclose(read(tmp_path / "a.jpg").mean((2, 3)), torch.tensor([[1.0, 0, 0]]), atol=0.05)


def test_palettes_become_rgb(tmp_path, pixels):
    Image.fromarray(pixels).quantize(8).save(tmp_path / "a.png")
    assert (read(tmp_path / "a.png") - bits(pixels)).abs().max() < 0.05


def test_transparent_parts_show_white(tmp_path):
    layer = np.zeros((2, 4, 4), np.uint8)
    layer[:, 1, 3], layer[:, 2, 3] = 255, 128
    wanted = torch.tensor([1, 0, 127 / 255, 1]).expand(1, 3, 2, 4)
    Image.fromarray(layer).save(tmp_path / "a.png")
    assert torch.allclose(read(tmp_path / "a.png"), wanted, atol=1 / 255)
    assert torch.allclose(read(layer), wanted, atol=1e-6)
    assert torch.allclose(read(layer.astype(np.float64) / 255), wanted, atol=1e-6)


def test_transparent_palettes_and_greys_show_white(tmp_path):
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    palette.save(tmp_path / "a.png", transparency=0)
    assert torch.equal(read(tmp_path / "a.png")[0, :, 0].T, torch.tensor([[1.0, 1, 1], [0, 0, 1]]))
    Image.new("LA", (2, 2), (0, 0)).save(tmp_path / "b.png")
    assert torch.all(read(tmp_path / "b.png") == 1)


def test_sixteen_bits_keep_their_range(tmp_path):
    deep = np.array([[0, 16384, 65535, 200]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    wanted = torch.tensor([0, 16384 / 65535, 1, 200 / 65535])
    assert torch.allclose(read(tmp_path / "a.png")[0, 1, 0], wanted, atol=1e-6)
    Image.fromarray(np.full((2, 2), 100, np.uint16)).save(tmp_path / "dark.png")
    assert float(read(tmp_path / "dark.png").max()) == pytest.approx(100 / 65535)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3)])
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64, np.float16])
def test_arrays_of_every_kind(shape, kind):
    array = np.random.default_rng(0).random(shape)
    array = (255 * array).astype(np.uint8) if kind is np.uint8 else array.astype(kind)
    found = read(array)
    assert found.shape == (1, 3, 5, 7)
    wanted = array.astype(np.float32) / (255 if kind is np.uint8 else 1)
    assert torch.allclose(found[0, 0], torch.from_numpy(wanted.reshape(5, 7, -1)[..., 0]))


def test_tensors_come_back_as_copies_or_themselves_unharmed():
    image = picture(1, 3, 4, 5)
    assert torch.equal(read(image), image[None])
    assert torch.equal(read((image * 255).round().to(torch.uint8)), ((image * 255).round() / 255)[None])
    assert not read(image.requires_grad_()).requires_grad


@pytest.mark.parametrize(
    "array",
    [np.zeros((0, 4, 3)), np.zeros((4, 4, 2)), np.zeros((2, 4, 4, 3)), np.zeros(4), np.zeros((4, 4, 5), np.uint8)],
)
def test_arrays_of_other_shapes_are_refused(array):
    assert refusal(lambda: read(array)) == (
        f"the array has the shape {array.shape}; allowed are [H,W], [H,W,3] and [H,W,4], not empty"
    )


def test_other_arrays_and_tensors_are_refused():
    assert refusal(lambda: read(np.zeros((2, 2), np.int64))) == (
        "the array holds int64; allowed are uint8 and floats in [0,1]"
    )
    assert refusal(lambda: read(torch.zeros(2, 3, 4, 4))) == (
        "the tensor has the shape [2, 3, 4, 4]; allowed are [3,H,W] and [1,3,H,W], not empty"
    )
    outside = "the picture has values outside [0,1]; divide by 255, or undo its normalisation"
    for wrong in (np.full((2, 2), 3.0), np.full((2, 2), -1.0)):
        assert refusal(lambda wrong=wrong: read(wrong)) == outside
    for wrong in (np.full((2, 2), np.nan), torch.full((3, 2, 2), torch.inf)):
        assert "NaN or infinite" in refusal(lambda wrong=wrong: read(wrong))
    assert refusal(lambda: read(["a.png", "b.png"])).startswith("a list is no photo; give a file's name")


def test_a_missing_file_is_one_sentence():
    assert refusal(lambda: read("nowhere.jpg")) == (
        "there is no file nowhere.jpg; name a photo, a folder of photos, or 'sample:flower'"
    )


@pytest.mark.parametrize("content", [b"", b"hello, I am text", b"\x89PNG\r\n\x1a\n", bytes(1000)])
def test_what_is_no_picture_is_one_sentence(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    message = refusal(lambda: read(tmp_path / "a.png"))
    assert message.startswith(f"{tmp_path / 'a.png'} is ")
    assert re.search("is not a picture that can be read; save it as JPEG or PNG first|is damaged", message)
    assert "\n" not in message


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.bmp", "a.tif"])
def test_cut_and_corrupt_files_are_one_sentence(tmp_path, name):
    to_pil(picture(1, 3, 64, 64)).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    message = refusal(lambda: read(tmp_path / name))
    assert re.search("is cut off before its end; fetch it again$|is damaged|is not a picture that can be read", message)
    (tmp_path / name).write_bytes(whole[:20] + bytes(200) + whole[220:])
    with contextlib.suppress(UnsuitableImage):  # some formats live with it; none may raise anything else
        read(tmp_path / name)


def test_folders_are_refused_as_photos_and_listed_as_folders(tmp_path):
    assert refusal(lambda: read(tmp_path)) == f"{tmp_path} is a folder; name a photo in it"
    assert refusal(lambda: photos_in(str(tmp_path))) == (
        f"the folder {tmp_path} holds no photo; allowed are JPEG, PNG, WebP and what else Pillow reads"
    )
    for name in ("b.PNG", "a.jpg", "notes.txt", "c.webp"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert photos_in(str(tmp_path)) == [str(tmp_path / name) for name in ("a.jpg", "b.PNG", "c.webp")]
    assert photos_in("anything") == ["anything"]


def test_sample_photos_have_names():
    assert read("sample:flower").shape == read(sample("china")).shape == (1, 3, 427, 640)
    assert refusal(lambda: read("sample:cat")) == (
        "there is no sample photo 'cat'; there are 'sample:flower' and 'sample:china'"
    )


def test_digests_are_those_of_the_pixels(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(pixels).save(tmp_path / "b.bmp")
    photos = (tmp_path / "a.png", str(tmp_path / "b.bmp"), pixels, bits(pixels), Image.fromarray(pixels))
    assert {Picture(photo).sha256 for photo in photos} == {hashlib.sha256(b"(6, 10, 3)" + pixels.tobytes()).hexdigest()}
    assert Picture(pixels).sha256 != Picture(pixels.transpose(1, 0, 2).copy()).sha256


def test_resize_keeps_means_and_shape():
    image = picture(1, 1, 3, 40, 60)
    assert resize(image, (40, 60)) is image
    small = resize(image, (10, 15))
    assert small.shape == (1, 3, 10, 15)
    assert float(small.mean()) == pytest.approx(float(image.mean()), abs=0.01)
    assert float(small.std()) < 0.5 * float(image.std())
    assert fit((427, 640), 320) == (214, 320)
    assert fit((1, 1000), 10) == (1, 10)


def test_grey_is_pillows():
    found = grey(bits(np.arange(90, dtype=np.uint8).reshape(5, 6, 3)))
    wanted = np.asarray(Image.fromarray(np.arange(90, dtype=np.uint8).reshape(5, 6, 3)).convert("L"))
    assert np.abs(found[0, 0].numpy() * 255 - wanted).max() < 1.01


def test_bytes_are_rounded_in_bands():
    image = picture(1, 3, 600, 5) * 1.2 - 0.1
    wanted = np.floor(image.clamp(0, 1).mul(255).double().numpy().transpose(1, 2, 0) + 0.5)
    assert np.abs(to_uint8(image) - wanted).max() <= 1
    assert (to_uint8(image) == wanted).mean() > 0.999
    assert to_pil(image[:1]).mode == "L"
    assert to_pil(torch.zeros(4, 3, 3), alpha=True).mode == "RGBA"
