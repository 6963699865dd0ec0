"""Photos in, pictures out: RGB tensors [N,C,H,W] in [0,1] everywhere."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional

from reverie import memory
from reverie.errors import UnsuitableImage
from reverie.paths import photo_path
from reverie.photo import loaded, opened, unpacked

Size = tuple[int, int]  # (height, width)
Photo = str | Path | Image.Image | np.ndarray | Tensor

LARGE = 16_000_000  # pixels, from which on the memory is asked before they are made


def photos_in(name: str) -> list[str]:
    """The photos that an argument names: itself, or all pictures of a folder in the order of their names.

    Raises:
        UnsuitableImage: a folder without a picture.
    """
    path = photo_path(name)
    if not path.is_dir():
        return [name]
    known = {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    found = sorted(str(item) for item in path.iterdir() if item.is_file() and item.suffix.lower() in known)
    if not found:
        raise UnsuitableImage(
            f"the folder {path} holds no photo; allowed are JPEG, PNG, WebP and what else Pillow reads"
        )
    return found


def read(photo: Photo, enough: int | None = None) -> Tensor:
    """A photo as RGB [1,3,H,W] float32 in [0,1].

    Files are turned by their EXIF orientation and brought to sRGB from their own colours, 16-bit greys keep their
    range, and transparent parts show white. Arrays are [H,W], [H,W,3] or [H,W,4], uint8 or floats in [0,1]; tensors
    are [3,H,W] or [1,3,H,W].

    Args:
        enough: pixels along the short side that are wanted: a file with more than twice as many may come reduced.

    Raises:
        UnsuitableImage: no such file, not a picture, cut off, empty, or an array of another shape.
        OutOfMemory: a picture that does not fit.
    """
    if isinstance(photo, Tensor):
        return _from_tensor(photo)
    if isinstance(photo, np.ndarray):
        return _from_array(photo, "the array")
    return _from_array(_pixels(photo, enough), str(photo))


def read_at(photo: Photo, size: int | Size | None) -> Tensor:
    """A photo as `read` gives it, at a size: its long side, or (height, width); its own unless one is given."""
    picture = read(photo, None if size is None else size if isinstance(size, int) else max(size))
    own = int(picture.shape[-2]), int(picture.shape[-1])
    wanted = own if size is None else fit(own, size) if isinstance(size, int) else size
    return resize(picture, wanted).clamp(0, 1)


def _pixels(photo: str | Path | Image.Image, enough: int | None = None) -> np.ndarray:
    """The pixels of a file or picture, as `unpacked` gives them."""
    if isinstance(photo, Image.Image):
        return unpacked(photo, "the picture")
    path = photo_path(photo)
    with opened(path) as picture:
        return unpacked(picture, str(path), enough)


def decode(content: bytes, name: str, enough: int | None = None) -> Tensor:
    """A picture file's bytes as `read` gives a file, RGB [1,3,H,W] in [0,1]; messages call it `name`.

    Raises:
        UnsuitableImage: not a picture, cut off, empty.
        OutOfMemory: a picture that does not fit.
    """
    with opened(content, name) as picture:
        return _from_array(unpacked(picture, name, enough), name)


def read_mask(mask: Photo) -> Tensor:
    """Where a picture may change, [1,1,H,W] in [0,1].

    It is the opacity of a picture that is transparent anywhere, else the brightness.

    Raises:
        UnsuitableImage: as `read`; or black all over, so that nothing may change.
    """
    if isinstance(mask, str | Path):
        with opened(photo_path(mask)) as picture:
            loaded(picture)
            return read_mask(picture)
    found = _opacity(mask)
    found = grey(read(mask)) if found is None else found
    if float(found.max()) == 0:
        raise UnsuitableImage("the mask is black all over: nothing may change; make it white where it may")
    return found


def read_opacity(photo: Photo, size: Size) -> Tensor | None:
    """The opacity [1,1,*size] in [0,1] of a photo that is transparent anywhere; None of another one.

    Raises:
        UnsuitableImage: as `read`.
    """
    if isinstance(photo, str | Path):
        with opened(photo_path(photo)) as picture:
            if not picture.has_transparency_data:
                return None
            loaded(picture)
            return read_opacity(picture, size)
    layered = not isinstance(photo, Tensor)
    found = _opacity(photo) if layered else None
    return None if found is None else resize(found, size).clamp(0, 1)


def see_through(image: Tensor, opacity: Tensor) -> Tensor:
    """An image [N,C,H,W] with its opacity as one more channel, the same image before white: [N,C+1,H,W]."""
    colours = 1 - (1 - image) / opacity.clamp_min(1e-3)
    return torch.cat([colours.clamp(0, 1), opacity.expand(len(image), -1, -1, -1)], 1)


def _opacity(mask: Photo) -> Tensor | None:
    """The opacity [1,1,H,W] of a picture or array that is transparent anywhere."""
    if isinstance(mask, Image.Image) and mask.has_transparency_data:
        values = np.asarray(ImageOps.exif_transpose(mask).convert("RGBA"))[..., 3] / 255
    elif isinstance(mask, np.ndarray) and mask.ndim == 3 and mask.shape[2] == 4:
        values = mask[..., 3] / (255 if mask.dtype == np.uint8 else 1)
    elif isinstance(mask, Tensor) and mask.ndim in (3, 4) and mask.shape[-3] == 1:
        return read(mask.expand(*mask.shape[:-3], 3, -1, -1))[:, :1]
    else:
        return None
    return torch.from_numpy(values.astype(np.float32))[None, None] if values.min(initial=1) < 1 else None


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
    if size[0] * size[1] > LARGE:
        memory.require(
            8 * image[..., 0, 0].numel() * size[0] * size[1], f"a picture of {size[1]}x{size[0]}", "lower --size"
        )
    shrinks = size[0] < image.shape[-2] or size[1] < image.shape[-1]
    return functional.interpolate(image, size=size, mode="bicubic", align_corners=False, antialias=shrinks)


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


def digest(photo: Photo) -> str:
    """SHA-256 of a photo's pixels as `read` gives them, at 8 bits: the same for every container of the same pixels."""
    if isinstance(photo, np.ndarray | Tensor):
        return _digest(to_uint8(read(photo)[0]))
    found = _pixels(photo)
    return _digest(found if found.dtype == np.uint8 else to_uint8(_from_array(found, str(photo))[0]))


def mask_digest(mask: Photo) -> str:
    """The same of a mask, as `read_mask` gives it."""
    return _digest(to_uint8(read_mask(mask)[0]))


def _digest(pixels: np.ndarray) -> str:
    found = hashlib.sha256(str(pixels.shape).encode())
    found.update(np.ascontiguousarray(pixels).data)
    return found.hexdigest()


def _from_array(array: np.ndarray, what: str) -> Tensor:
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise UnsuitableImage(f"{what} has the shape {array.shape}; allowed are [H,W], [H,W,3] and [H,W,4], not empty")
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
    if not bool(image.isfinite().all()) or float(image.min()) < -1e-3 or float(image.max()) > 1 + 1e-3:
        raise UnsuitableImage("the picture has values outside [0,1]; divide by 255, or undo its normalisation")
    return image.clamp(0, 1).contiguous()
