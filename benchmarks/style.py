"""Milliseconds per style step at 384 px: a plain Gatys loop of the same loss and reverie, in turn in one process."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

import reverie
from measurement import CLOCKS, Side, in_turn, machine, median, options, table
from reverie.image import read, resize
from reverie.models.readiness import calibrate, pink_noise
from reverie.models.zoos import import_torchvision
from reverie.synthesis import iterate

STYLE, CONTENT = ("features.1", "features.6", "features.11", "features.20", "features.29"), "features.22"
SHARE = 0.1  # the content's weight
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def vgg19(weights: str | None) -> nn.Module:
    """The network that both sides copy: random weights unless a state dict is named, for the time is the same."""
    torch.manual_seed(0)
    net: nn.Module = import_torchvision().models.vgg19(weights=None)
    if weights is not None:
        net.load_state_dict(torch.load(weights, weights_only=True))
    calibrate(net, pink_noise(1, 3, (224, 224)))
    return net.eval()


class Plain:
    """What one writes first: frozen, cut behind the last layer, taps by index, one Gram matrix each, Adam on pixels."""

    def __init__(self, net: nn.Module, content: Tensor, style: Tensor) -> None:
        last = int(STYLE[-1].split(".")[1])
        self.layers = copy.deepcopy(net.features[: last + 1]).requires_grad_(False)
        for part in self.layers:
            if isinstance(part, nn.ReLU):
                part.inplace = False
        self.taps = {int(name.split(".")[1]): name for name in (*STYLE, CONTENT)}
        self.content, self.image = content, content.clone()
        with torch.no_grad():
            self.shapes = self.seen(content)[CONTENT]
            found = self.seen(style)
            self.grams = {name: gram(found[name]) for name in STYLE}

    def seen(self, image: Tensor) -> dict[str, Tensor]:
        """The tapped layers."""
        mean, std = (torch.tensor(item).view(1, 3, 1, 1) for item in (MEAN, STD))
        value, out = (image - mean) / std, {}
        for index, layer in enumerate(self.layers):
            value = layer(value)
            if index in self.taps:
                out[self.taps[index]] = value
        return out

    def loss(self, image: Tensor) -> Tensor:
        """The loss that reverie climbs against, with the same weights."""
        seen = self.seen(image)
        total = SHARE * functional.mse_loss(seen[CONTENT], self.shapes) / self.shapes.square().mean()
        for name in STYLE:
            aim = self.grams[name]
            total = total + (gram(seen[name]) - aim).square().sum() / aim.square().sum() / len(STYLE)
        return total

    def run(self, steps: int) -> Tensor:
        """A run of Adam, clipped after each step."""
        image = self.content.clone().requires_grad_()
        adam = torch.optim.Adam([image], 0.02)
        for _ in range(steps):
            adam.zero_grad()
            loss = self.loss(image)
            loss.backward()
            adam.step()
            with torch.no_grad():
                image.clamp_(0, 1)
        return image.detach()


def gram(value: Tensor) -> Tensor:
    """Mean products of channels."""
    flat = value.flatten(2)
    return torch.bmm(flat, flat.transpose(1, 2)) / flat.shape[2]


def ours(net: nn.Module, content: Tensor, style: Tensor, precision: str) -> Side:
    """A run of reverie's, of as many steps at one size; the target is made before the clock starts."""
    model = reverie.load(net, precision=precision, size=224)
    made = {}

    def run(steps: int) -> object:
        if steps not in made:
            made[steps] = reverie.recipes.style(
                model, content, [style], list(STYLE), content_layers=CONTENT, content=SHARE, octaves=1, steps=steps,
                ascent="adam", prior=[], tile=0,
            )  # fmt: skip
        return [step.score for step in iterate(model, made[steps])]

    return run


def agreement(net: nn.Module, content: Tensor, style: Tensor) -> tuple[float, float, float]:
    """Both sides' loss at the content's picture with a little noise, and the cosine of their gradients."""
    image = (content + 0.02 * torch.randn(content.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    leaf = image.clone().requires_grad_()
    plain = Plain(net, content, style).loss(leaf)
    (slope,) = torch.autograd.grad(plain, leaf)
    model = reverie.load(net, size=224)
    recipe = reverie.recipes.style(
        model, content, [style], list(STYLE), content_layers=CONTENT, content=SHARE, octaves=1, steps=1, prior=[],
        tile=0,
    )  # fmt: skip
    (objective,) = recipe.stages[0].objectives
    own = image.clone().requires_grad_()
    score = objective.score(reverie.probe(model, own, objective.layers))
    (mine,) = torch.autograd.grad(-score.sum(), own)
    cosine = functional.cosine_similarity(slope.flatten(), mine.flatten(), dim=0)
    return float(plain.detach()), -float(score.detach()), float(cosine)


def main() -> None:
    """Measures and prints the table."""
    parser = options(str(__doc__), steps=12, repeats=5)
    parser.add_argument("--short", type=int, default=4, help="steps of the short run that is subtracted")
    parser.add_argument("--side", type=int, default=384, help="side of the square picture")
    parser.add_argument("--weights", help="a state dict of VGG19; random weights unless given")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu, with --threads 1: for a machine in use")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where, net = machine(), vgg19(given.weights)
    size = (given.side, given.side)
    content, style = (resize(read(f"sample:{name}"), size).clamp(0, 1) for name in ("china", "flower"))
    plain = Plain(net, content, style)
    sides = {
        "plain loop": plain.run,
        "reverie float32": ours(net, content, style, "float32"),
        "reverie bfloat16": ours(net, content, style, "bfloat16"),
    }
    theirs, own, cosine = agreement(net, content, style)
    taken = in_turn(sides, (given.short, given.steps), given.repeats, given.clock)
    each = {name: median(values) for name, values in taken.items()}
    rows = [[name, f"{value:.0f}", f"{each['plain loop'] / value:.2f}x"] for name, value in each.items()]
    print(f"One Adam step of Gatys' loss on VGG19 at {given.side} px, median of {given.repeats} turns of ", end="")
    print(f"{given.steps} - {given.short} steps, {given.clock} clock. {where}\n")
    print(table(["", "ms per step", "the plain loop takes"], rows))
    print(f"\nThe same loss: {theirs:.6f} and {own:.6f}; cosine of the two gradients {cosine:.7f}.")


if __name__ == "__main__":
    main()
