"""Seconds for an occlusion map of ResNet-50 (by default): captum and reverie in turn, and how far they are apart."""

import sys
from collections.abc import Callable

import torch
from torch import Tensor, nn

import reverie
from measurement import CLOCKS, SIDE, machine, median, network, options, seconds, table
from reverie.attribution import attribute
from reverie.attribution.occlusion import Occlusion
from reverie.models.readiness import calibrate, pink_noise
from reverie.models.zoos import import_torchvision
from reverie.objectives import logit

Map = Callable[[], Tensor]  # [H,W]


def resnet() -> nn.Module:
    """Torchvision's ResNet-50 with random weights and batch norms calibrated on 1/f noise."""
    models = import_torchvision().models
    torch.manual_seed(0)
    net: nn.Module = models.resnet50(weights=None)
    calibrate(net, (pink_noise(4, 3, (SIDE, SIDE)) - 0.45) / 0.225)
    return net.eval()


def ours(net: nn.Module, precision: str, image: Tensor, target: int, window: int, stride: int) -> Map:
    """A map by reverie; the network is made ready once, as captum's is."""
    model = reverie.load(net, precision=precision, size=SIDE)
    method = Occlusion(window, stride, "mean")  # zero in what the network takes: captum's own
    return lambda: attribute(model, image, logit(target), method)[0]


def theirs(net: nn.Module, image: Tensor, target: int, window: int, stride: int, together: int) -> Map:
    """A map by captum with so many windows per forward."""
    from captum.attr import Occlusion as Peer  # type: ignore[import-not-found, unused-ignore]

    shown = reverie.load(net, size=SIDE).normalised(image).contiguous()
    peer = Peer(net.requires_grad_(False))

    def run() -> Tensor:
        found: Tensor = peer.attribute(
            shown, sliding_window_shapes=(3, window, window), strides=(3, stride, stride), target=target,
            perturbations_per_eval=together,
        )  # fmt: skip
        return found[0, 0].float()

    return run


def main() -> None:
    """Measures and prints the table."""
    parser = options(str(__doc__), steps=1, repeats=3)
    parser.add_argument("--window", type=int, default=32, help="side of the window")
    parser.add_argument("--stride", type=int, default=16, help="pixels between windows")
    parser.add_argument("--target", type=int, default=281, help="the class")
    parser.add_argument("--together", type=int, nargs="+", default=[1, 8, 32], help="captum's perturbations_per_eval")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu, with --threads 1: for a machine in use")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where = machine()
    net = resnet() if given.network is None else network(given.network)
    image = pink_noise(1, 3, (SIDE, SIDE), seed=7)
    about = image, given.target, given.window, given.stride
    sides: dict[str, Map] = {f"captum, {count} at once": theirs(net, *about, count) for count in given.together}
    sides |= {f"reverie {precision}": ours(net, precision, *about) for precision in ("float32",)}
    taken: dict[str, list[float]] = {name: [] for name in sides}
    maps: dict[str, Tensor] = {}
    for turn in range(given.repeats):
        for name, run in sides.items():
            taken[name].append(seconds(lambda _, run=run, name=name: maps.update({name: run()}), 1, given.clock))
        print(f"turn {turn + 1} of {given.repeats} done", file=sys.stderr)
    each = {name: median(values) for name, values in taken.items()}
    peers = [name for name in each if name.startswith("captum")]
    fastest = min(peers, key=lambda name: each[name])
    truth = maps[fastest]
    rows = []
    for name, value in each.items():
        error = float((maps[name] - truth).abs().max() / truth.abs().max())
        rows.append([name, f"{value:.2f}", f"{each[fastest] / value:.2f}x", f"{error:.1e}"])
    name = "ResNet-50 with random weights" if given.network is None else given.network
    print(f"Occlusion of {name} at {SIDE}, window {given.window}, stride {given.stride}, median of ", end="")
    print(f"{given.repeats} turns, {given.clock} clock. {where}\n")
    print(table(["", "s", "captum's fastest takes", "largest error / largest loss"], rows))


if __name__ == "__main__":
    main()
