"""Motion: how a picture goes from one frame to the next, by a camera's move or by the optical flow of a film.

A flow [1,2,H,W] says, in pixels to the right and down, from where in the last frame each pixel of the new one comes.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from reverie.extras import extra
from reverie.image import Size, grey, to_uint8

# Source: Sundaram, Brox, Keutzer 2010, eq. 5: how far there and back may differ, by the way's length and at least
LOOSE, LEAST = 0.01, 0.5
SMALLEST = 16  # side of a frame that the search can work on; smaller ones get more of their edge


def camera(size: Size, *, zoom: float = 1.0, rotate: float = 0.0, right: float = 0.0, down: float = 0.0) -> Tensor:
    """The flow of a camera that nears its middle `zoom` times, turns by `rotate` degrees, and moves.

    Args:
        zoom: above 1 towards the picture.
        rotate: clockwise turn of the camera: the picture turns the other way.
        right, down: as shares of the picture's width and height.
    """
    height, width = size
    down_by, right_by = torch.meshgrid(
        torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij"
    )
    angle = math.radians(rotate)
    cosine, sine = math.cos(angle) / zoom, math.sin(angle) / zoom
    x = cosine * right_by - sine * down_by - right_by + right * width
    y = sine * right_by + cosine * down_by - down_by + down * height
    return torch.stack([x, y])[None]


def optical_flow(last: Tensor, new: Tensor) -> Tensor:
    """The flow from one frame [1,C,H,W] to the next.

    Source: Kroeger et al. 2016, dense inverse search, as OpenCV has it.

    Raises:
        MissingExtra: OpenCV is not installed.
    """
    cv2 = extra("cv2", "video", "optical flow")
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)  # its half resolution shifts fine detail by a part of a pixel, which is seen as flicker
    height, width = last.shape[-2:]
    more = (0, max(0, SMALLEST - height)), (0, max(0, SMALLEST - width))
    seen = [np.pad(_luminance(frame), more, mode="edge") for frame in (new, last)]
    found = search.calc(*seen, None)[:height, :width]
    return torch.from_numpy(np.ascontiguousarray(found)).permute(2, 0, 1)[None]


def _luminance(frame: Tensor) -> np.ndarray:
    """The luminance of a frame [1,C,H,W], uint8 [H,W]."""
    return to_uint8(grey(frame)[0] if frame.shape[1] == 3 else frame[0, :1])[..., 0]


def carried(image: Tensor, flow: Tensor) -> Tensor:
    """The image [1,C,H,W] moved by a flow: bicubic, mirrored at its edges; its values may leave its range a little."""
    height, width = image.shape[-2:]
    rows, columns = torch.arange(height, device=image.device), torch.arange(width, device=image.device)
    x = (2 * (columns + flow[:, 0].to(image.device)) + 1) / width - 1
    y = (2 * (rows[:, None] + flow[:, 1].to(image.device)) + 1) / height - 1
    grid = torch.stack([x, y], 3)
    return functional.grid_sample(image, grid, mode="bicubic", padding_mode="reflection", align_corners=False)


def seen_before(there: Tensor, back: Tensor) -> Tensor:
    """Where the new frame shows what the last one showed, [1,1,H,W], 1 or 0.

    A pixel that is taken to the last frame and comes back elsewhere was hidden there.

    Args:
        there: flow from the last frame to the new one.
        back: flow from the new one to the last.
    """
    height, width = there.shape[-2:]
    columns, rows = torch.arange(width) + there[:, 0], torch.arange(height)[:, None] + there[:, 1]
    inside = (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
    returned = carried(back, there)
    apart = (there + returned).square().sum(1)
    allowed = LOOSE * (there.square() + returned.square()).sum(1) + LEAST
    return ((apart <= allowed) & inside)[:, None].float()
