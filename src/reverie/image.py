"""Photos in, pictures out: RGB tensors [N,C,H,W] in [0,1] everywhere."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from reverie import memory
from reverie.errors import UnsuitableImage
from reverie.paths import photo_path
from reverie.photo import array, decoded, hashed, opacity, opened, reduced, unpacked
from reverie.photo import photos_in as photos_in

Size = tuple[int, int]  # (height, width)
Given = str | Path | Image.Image | np.ndarray | Tensor

LARGE = 16_000_000  # pixels, from which on the memory is asked before they are made


@dataclass(frozen=True, eq=False)
class Picture:
    """A photo that is opened and decoded once, when it is first looked at, however often it is read.

    Attributes:
        photo: as it was given.
    """

    photo: Given

    @classmethod
    def of(cls, photo: "Photo") -> "Picture":
        """The picture of a photo; itself of one that is one."""
        return photo if isinstance(photo, Picture) else cls(photo)

    @property
    def name(self) -> str:
        """What records call it: its file without the folder."""
        if not isinstance(self.photo, str | Path):
            return "array"
        return str(self.photo) if str(self.photo).startswith("sample:") else Path(self.photo).name

    @cached_property
    def _layers(self) -> tuple[Image.Image | Tensor, np.ndarray | None]:
        photo = self.photo
        if isinstance(photo, Image.Image):
            return decoded(photo, "the picture", floats=False), opacity(photo)
        if isinstance(photo, str | Path):
            with opened(path := photo_path(photo)) as picture:
                return decoded(picture, str(path), floats=False), opacity(picture)
        colours = photo.shape[2] if isinstance(photo, np.ndarray) and photo.ndim == 3 and photo.size else 0
        if colours == 3 and photo.dtype == np.uint8:
            return Image.fromarray(np.asarray(photo)), None
        return read(photo), np.asarray(photo)[..., 3] if colours == 4 else None

    @property
    def pixels(self) -> Image.Image | Tensor:
        """Upright and in sRGB: RGB, F in [0,1], or a tensor [1,3,H,W] in [0,1]."""
        return self._layers[0]

    @property
    def size(self) -> Size:
        """Height and width."""
        found = self.pixels
        return (found.shape[2], found.shape[3]) if isinstance(found, Tensor) else (found.height, found.width)

    @property
    def opacity(self) -> Tensor | None:
        """Its opacity [1,1,H,W] in [0,1] where it is transparent anywhere."""
        layer = self._layers[1]
        values = np.ones(0) if layer is None else layer / (255 if layer.dtype == np.uint8 else 1)
        return torch.from_numpy(values.astype(np.float32))[None, None] if values.min(initial=1) < 1 else None

    @cached_property
    def mask(self) -> Tensor:
        """Where a picture may change, [1,1,H,W] in [0,1]: its opacity, or its brightness where it has none.

        Raises:
            UnsuitableImage: as `read`; or black all over, so that nothing may change.
        """
        given = self.photo
        if isinstance(given, Tensor) and given.ndim in (3, 4) and given.shape[-3] == 1:
            found = read(given.expand(*given.shape[:-3], 3, -1, -1))[:, :1]
        else:
            opaque = self.opacity
            found = grey(read(self)) if opaque is None else opaque
        if float(found.max()) == 0:
            raise UnsuitableImage("the mask is black all over: nothing may change; make it white where it may")
        return found

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of its pixels at 8 bits: the same for every container of the same pixels."""
        found = self.pixels
        return hashed(to_pil(read(self)[0]) if isinstance(found, Tensor) or found.mode == "F" else found)

    @cached_property
    def mask_sha256(self) -> str:
        """The same of what it is as a mask."""
        return hashed(to_pil(self.mask[0]))

    def plain(self, kind: str = "photo") -> dict[str, str]:
        """A photo or mask as records name it."""
        return {kind: self.name, "sha256": self.mask_sha256 if kind == "mask" else self.sha256}

    def forget(self) -> None:
        """Lets go of the pixels, not of their hash: whoever reads the photo again decodes it again."""
        _ = self.sha256
        self.__dict__.pop("_layers", None)


Photo = Given | Picture


class Pictures(dict[str | int, Picture]):
    """Photos as pictures, the same one wherever the same photo is named."""

    def of(self, photo: Photo) -> Picture:
        """The picture of a photo."""
        return self.setdefault(str(photo) if isinstance(photo, str | Path) else id(photo), Picture.of(photo))


def read(photo: Photo, enough: int | None = None) -> Tensor:
    """A photo as RGB [1,3,H,W] float32 in [0,1].

    Files are turned by their EXIF orientation and brought to sRGB from their own colours, 16-bit greys keep their
    range, and transparent parts show white. Arrays are [H,W], [H,W,3] or [H,W,4], uint8 or floats in [0,1]; tensors
    are [3,H,W] or [1,3,H,W].

    Args:
        enough: pixels along the short side that are wanted: a file or picture with more than twice as many may come
            reduced.

    Raises:
        UnsuitableImage: no such file, not a picture, cut off, empty, or an array of another shape.
        OutOfMemory: a picture that does not fit.
    """
    if isinstance(photo, Tensor):
        return _from_tensor(photo)
    if isinstance(photo, np.ndarray):
        return _from_array(photo, "the array")
    if isinstance(photo, Picture):
        found = photo.pixels
        return read(found if isinstance(found, Tensor) else array(reduced(found, enough)))
    if isinstance(photo, Image.Image):
        return _from_array(unpacked(photo, "the picture"), "the picture")
    if not isinstance(photo, str | Path):
        raise UnsuitableImage(f"a {type(photo).__name__} is no photo; give a file's name, a picture or an array")
    return decode(path := photo_path(photo), str(path), enough)


def read_at(photo: Photo, size: int | Size | None) -> Tensor:
    """A photo as `read` gives it, at a size: its long side, or (height, width); its own unless one is given."""
    picture = read(photo, None if size is None else size if isinstance(size, int) else max(size))
    own = int(picture.shape[-2]), int(picture.shape[-1])
    wanted = own if size is None else fit(own, size) if isinstance(size, int) else size
    return resize(picture, wanted).clamp(0, 1)


def decode(content: Path | bytes, name: str, enough: int | None = None) -> Tensor:
    """A picture file, or its bytes, as `read` gives a file, RGB [1,3,H,W] in [0,1]; messages call it `name`.

    Raises:
        UnsuitableImage: not a picture, cut off, empty.
        OutOfMemory: a picture that does not fit.
    """
    with opened(content, name) as picture:
        return _from_array(unpacked(picture, name, enough), name)


def read_mask(mask: Photo) -> Tensor:
    """Where a picture may change, as `Picture.mask` tells it."""
    return Picture.of(mask).mask


def read_opacity(photo: Photo, size: Size) -> Tensor | None:
    """The opacity [1,1,*size] in [0,1] of a photo that is transparent anywhere; None of another one.

    Raises:
        UnsuitableImage: as `read`.
    """
    found = Picture.of(photo).opacity
    return None if found is None else resize(found, size).clamp(0, 1)


def see_through(image: Tensor, opacity: Tensor) -> Tensor:
    """An image [N,C,H,W] with its opacity as one more channel, the same image before white: [N,C+1,H,W]."""
    colours = 1 - (1 - image) / opacity.clamp_min(1e-3)
    return torch.cat([colours.clamp(0, 1), opacity.expand(len(image), -1, -1, -1)], 1)


def grey(image: Tensor) -> Tensor:
    """Luminance [N,1,H,W] of RGB [N,3,H,W] (ITU-R 601, as Pillow)."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=image.device, dtype=image.dtype)
    return (image * weights.view(1, 3, 1, 1)).sum(1, keepdim=True)


def in_channels(image: Tensor, channels: int) -> Tensor:
    """Pictures [N,C,H,W] as a network of so many channels takes them: colours as their luminance, greys as colours."""
    if image.shape[1] == channels or 1 not in (image.shape[1], channels):
        return image
    return grey(image) if channels == 1 else image.expand(-1, channels, -1, -1)


def resize(image: Tensor, size: Size) -> Tensor:
    """The image at another size: bicubic, low-pass filtered where it shrinks."""
    if image.shape[-2:] == size:
        return image
    _require_room(size, 8 * image[..., 0, 0].numel())
    shrinks = size[0] < image.shape[-2] or size[1] < image.shape[-1]
    return functional.interpolate(image, size=size, mode="bicubic", align_corners=False, antialias=shrinks)


def _require_room(size: Size, each: int) -> None:
    """Asks the memory for `each` pixel's bytes of a large picture."""
    if size[0] * size[1] > LARGE:
        memory.require(each * size[0] * size[1], f"a picture of {size[1]}x{size[0]}", "lower --size")


def fit(size: Size, long_side: int) -> Size:
    """The size of the same aspect whose long side is `long_side`."""
    scale = long_side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def to_uint8(image: Tensor) -> np.ndarray:
    """[C,H,W] in [0,1] to uint8 [H,W,C], in bands of rows so that a huge picture needs no second copy as floats."""
    channels, height, width = image.shape
    out = np.empty((height, width, channels), dtype=np.uint8)
    for top in range(0, height, 256):
        band = image[:, top : top + 256].detach().float().clamp(0, 1).mul(255).round().to(torch.uint8)
        out[top : top + 256] = band.permute(1, 2, 0).cpu().numpy()
    return out


def to_pil(image: Tensor, *, alpha: bool = False) -> Image.Image:
    """[C,H,W] in [0,1] to a Pillow picture: grey or RGB by its channels; of any other number, all as greys in a row.

    Args:
        alpha: the last channel is the opacity.
    """
    colours = image.shape[0] - alpha
    if colours not in (1, 3):
        row = torch.cat([channel.expand(1, -1, -1) for channel in image[:colours]], -1)
        image = torch.cat([row, image[colours:].repeat(1, 1, colours)])
    pixels = to_uint8(image)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _from_array(array: np.ndarray, what: str) -> Tensor:
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise UnsuitableImage(f"{what} has the shape {array.shape}; allowed are [H,W], [H,W,3] and [H,W,4], not empty")
    _require_room((array.shape[0], array.shape[1]), 15)
    if array.dtype == np.uint8 and array.shape[2] == 3:  # straight on: a photo of 200 megapixels has no second copy
        return torch.from_numpy(array.transpose(2, 0, 1).copy())[None].float().div_(255)
    if array.dtype == np.uint8:
        values = array.astype(np.float32) / 255
    elif np.issubdtype(array.dtype, np.floating):
        values = array.astype(np.float32)
    else:
        raise UnsuitableImage(f"{what} holds {array.dtype}; allowed are uint8 and floats in [0,1]")
    if values.shape[2] == 4:
        values = values[..., :3] * values[..., 3:] + (1 - values[..., 3:])
    colours = values if values.shape[2] == 3 else np.repeat(values, 3, axis=2)
    return _from_tensor(torch.from_numpy(np.ascontiguousarray(colours)).permute(2, 0, 1))


def _from_tensor(image: Tensor) -> Tensor:
    image = image.detach()[None] if image.ndim == 3 else image.detach()
    if image.ndim != 4 or image.shape[0] != 1 or image.shape[1] != 3 or 0 in image.shape:
        raise UnsuitableImage(
            f"the tensor has the shape {list(image.shape)}; allowed are [3,H,W] and [1,3,H,W], not empty"
        )
    image = image.float() / 255 if image.dtype == torch.uint8 else image.float()
    if not bool(image.isfinite().all()):
        raise UnsuitableImage("the picture has values that are NaN or infinite; mend what made them")
    if float(image.min()) < -1e-3 or float(image.max()) > 1 + 1e-3:
        raise UnsuitableImage("the picture has values outside [0,1]; divide by 255, or undo its normalisation")
    return image.clamp(0, 1).contiguous()
