"""How much a dreamt film flickers, beside a loop that dreams each frame for itself: no timing, so any machine will do.

Flicker is the mean absolute difference between a frame and the last one moved by the film's own motion, where both
show the same. The motion is known: the clip is a camera's way over a photo.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

import reverie
from measurement import table
from reverie.figures.film_writer import Film
from reverie.image import read, resize, to_uint8
from reverie.video.footage import Footage
from reverie.video.optical_flow import camera, carried

MARGIN = 8  # pixels at the edge, where the camera brings in what was not seen before


def clip(photo: Tensor, frames: int, side: int, flow: Tensor) -> Iterable[Tensor]:
    """A window in the middle of a photo that a camera moves over, [1,3,side,side] each."""
    for _ in range(frames):
        top, left = (photo.shape[-2] - side) // 2, (photo.shape[-1] - side) // 2
        yield photo[..., top : top + side, left : left + side].clamp(0, 1)
        photo = carried(photo, flow)


def differences(frames: Iterable[Tensor], flow: Tensor) -> float:
    """Mean over frames of |frame - last frame moved|, inside the margin."""
    last, total, count = None, 0.0, 0
    inside = slice(MARGIN, -MARGIN)
    for frame in frames:
        if last is not None:
            apart = (frame - carried(last, flow)).abs()[..., inside, inside]
            total, count = total + float(apart.mean()), count + 1
        last = frame
    return total / count


def main() -> None:
    """Dreams the clip in both ways and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--photo", default="sample:china", help="photo that the camera moves over")
    parser.add_argument("--layer", default=None, help="layer to amplify")
    parser.add_argument("--model", default="bundled", help="network")
    parser.add_argument("--frames", type=int, default=24, help="length of the clip")
    parser.add_argument("--side", type=int, default=160, help="of its frames")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of torch")
    parser.add_argument("--output", type=Path, default=Path("flicker"), help="folder for the films")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.output.mkdir(parents=True, exist_ok=True)
    model, photo = reverie.load(given.model), read(given.photo)
    photo = resize(photo, (round(photo.shape[-2] * 0.75), round(photo.shape[-1] * 0.75)))
    moves = {"zoom": 1.003, "rotate": 0.2, "right": 0.004, "down": 0.002}
    # the same way in pixels, round the window's middle and round the photo's
    shares = moves["right"] * given.side / photo.shape[-1], moves["down"] * given.side / photo.shape[-2]
    over = camera((int(photo.shape[-2]), int(photo.shape[-1])), **{**moves, "right": shares[0], "down": shares[1]})
    flow = camera((given.side, given.side), **moves)
    source = given.output / "clip.mp4"
    with Film(source, 25) as film:
        for frame in clip(photo, given.frames, given.side, over):
            film.write(to_uint8(frame[0]))
    plain = [frame.image for frame in reverie.film(model, source, given.layer, carry=0, silent=True).frames()]
    along = [frame.image for frame in reverie.film(model, source, given.layer, silent=True).frames()]
    footage = [frame.clamp(0, 1) for frame in Footage(source).pictures()]
    usual = differences(plain, flow)
    rows = []
    for name, frames in (("the clip itself", footage), ("plain loop", plain), ("carried along", along)):
        changed = sum(float((made - seen).abs().mean()) for made, seen in zip(frames, footage, strict=True))
        flicker = differences(frames, flow)
        rows.append([name, f"{255 * flicker:.2f}", f"{flicker / usual:.2f}", f"{255 * changed / len(frames):.1f}"])
        with Film(given.output / f"{name.replace(' ', '-')}.mp4", 25) as film:
            for frame in frames:
                film.write(to_uint8(frame[0]))
    print(f"{given.frames} frames of {given.side}x{given.side}, {given.model}, torch {torch.__version__}\n")
    print(table(["", "flicker, of 255", "of the plain loop's", "change to the clip, of 255"], rows))


if __name__ == "__main__":
    main()
