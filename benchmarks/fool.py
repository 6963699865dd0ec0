"""Success rates of fooling at one radius and step count, foolbox's PGD and reverie's, asked of the 8-bit file."""

import argparse
from collections.abc import Callable

import foolbox
import torch
from torch import Tensor, nn

import reverie
from measurement import machine, network, table
from reverie.image import photos_in, read, resize
from reverie.parameterizations.lattice import on_lattice
from reverie.recipes.verdicts import reread

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Fooling = Callable[[Tensor, int, int | None], Tensor]  # photo, its class, the class aimed at -> picture


def cropped(path: str, side: int) -> Tensor:
    """The middle of a photo, of 8 bits."""
    image = read(path)
    scale = side / min(image.shape[-2:])
    image = resize(image, (max(side, round(image.shape[-2] * scale)), max(side, round(image.shape[-1] * scale))))
    top, left = (image.shape[-2] - side) // 2, (image.shape[-1] - side) // 2
    return on_lattice(image.clamp(0, 1)[..., top : top + side, left : left + side])


def theirs(net: nn.Module, norm: str, radius: float, steps: int) -> Fooling:
    """That of foolbox with its defaults, seeded."""
    preprocessing = {"mean": list(MEAN), "std": list(STD), "axis": -3}
    model = foolbox.PyTorchModel(net, bounds=(0, 1), preprocessing=preprocessing, device="cpu")
    attack = (foolbox.attacks.LinfPGD if norm == "linf" else foolbox.attacks.L2PGD)(steps=steps)

    def run(image: Tensor, own: int, aim: int | None) -> Tensor:
        torch.manual_seed(0)
        criterion = (
            foolbox.criteria.Misclassification(torch.tensor([own]))
            if aim is None
            else foolbox.criteria.TargetedMisclassification(torch.tensor([aim]))
        )
        _, clipped, _ = attack(model, image, criterion, epsilons=radius / 255 if norm == "linf" else radius)
        return clipped.detach()

    return run


def ours(net: nn.Module, norm: str, radius: float, steps: int, side: int) -> Fooling:
    """That of reverie with its defaults."""
    model = reverie.load(net, size=side)

    def run(image: Tensor, own: int, aim: int | None) -> Tensor:
        del own
        return reverie.fool(model, image, target=aim, norm=norm, radius=radius, steps=steps, size=side).images

    return run


def fooled(net: nn.Module, image: Tensor, own: int, aim: int | None) -> bool:
    """Whether the network is taken in."""
    mean, std = (torch.tensor(item).view(1, 3, 1, 1) for item in (MEAN, STD))
    with torch.no_grad():
        taken = int(net((image - mean) / std).argmax())
    return taken == aim if aim is not None else taken != own


def within(image: Tensor, photo: Tensor, norm: str, radius: float) -> bool:
    """Whether the change keeps to the radius."""
    change = image - photo
    size = float(change.abs().max()) * 255 if norm == "linf" else float(change.norm())
    return size <= radius * 1.001 + 1e-4


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("photos", help="a folder of photos")
    parser.add_argument("--network", metavar="FILE.py:factory", required=True, help="a classifier in eval mode")
    parser.add_argument("--norm", choices=("linf", "l2"), default="linf")
    parser.add_argument("--radius", type=float, action="append", help="levels of 255, or the L2 norm; repeatable")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--count", type=int, default=24, help="photos, evenly taken from the folder")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--targeted", action="store_true", help="towards the class 500 numbers on, else any other")
    given = parser.parse_args()
    net, rows = network(given.network), []
    paths = photos_in(given.photos)
    photos = [cropped(path, given.side) for path in paths[:: max(1, len(paths) // given.count)][: given.count]]
    radii = given.radius or ([1.0, 2.0] if given.norm == "linf" else [0.25, 0.5])
    for radius in radii:
        sides = {
            "foolbox": theirs(net, given.norm, radius, given.steps),
            "reverie": ours(net, given.norm, radius, given.steps, given.side),
        }
        for name, run in sides.items():
            counts = [0, 0, 0]
            for photo in photos:
                mean, std = (torch.tensor(item).view(1, 3, 1, 1) for item in (MEAN, STD))
                with torch.no_grad():
                    logits = net((photo - mean) / std)
                own = int(logits.argmax())
                aim = (own + logits.shape[1] // 2) % logits.shape[1] if given.targeted else None
                image = run(photo, own, aim)
                file = reread(image)
                counts[0] += fooled(net, image, own, aim)
                counts[1] += fooled(net, file, own, aim)
                counts[2] += within(file, photo, given.norm, radius)
            rows.append([f"{name}, radius {radius:g}", *(f"{100 * count / len(photos):.0f} %" for count in counts)])
    print(f"PGD in {given.norm}, {given.steps} steps, {'targeted' if given.targeted else 'untargeted'}, ", end="")
    print(f"{len(photos)} photos at {given.side} px, {given.network}. {machine()}\n")
    print(table(["", "fooled", "fooled by the file", "file within the radius"], rows))


if __name__ == "__main__":
    main()
