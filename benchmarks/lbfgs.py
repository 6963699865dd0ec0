"""Gradients that L-BFGS takes, and the loss it comes to: reverie's own, and torch's with one iteration a step."""

import argparse
from collections.abc import Callable

import torch
from torch import Tensor

import reverie
from measurement import machine, table
from reverie import recipes
from reverie.synthesis import ascent
from reverie.synthesis.lbfgs import LBFGS, MEMORY, TRIES, Slope

AFTER = 40  # gradients after which both are compared
JOBS: dict[str, Callable[[reverie.Model, int], reverie.Recipe]] = {
    **{
        f"invert {layer}": lambda model, steps, layer=layer: recipes.invert(
            model, "sample:flower", layers=layer, size=96, steps=steps
        )
        for layer in ("mixed3b", "mixed4c", "logits")
    },
    "style": lambda model, steps: recipes.style(
        model, "sample:flower", "sample:china", size=160, octaves=1, steps=steps
    ),
}


class Torchs:
    """torch.optim.LBFGS, which keeps its memory from one step to the next."""

    note = ""

    def __init__(self, latents: Tensor, rate: float, *, steady: bool) -> None:
        del rate, steady
        self.latents = latents
        self.steps = torch.optim.LBFGS(
            [latents], 1.0, max_iter=1, max_eval=TRIES + 1, history_size=MEMORY, tolerance_grad=0, tolerance_change=0,
            line_search_fn="strong_wolfe",
        )  # fmt: skip

    def __call__(self, slope: Slope, along: float) -> Tensor:
        """One iteration."""
        del along
        scores: list[Tensor] = []

        def closure() -> Tensor:
            score, gradient = slope()
            scores.append(score.detach())
            self.latents.grad = gradient.detach().clone()
            return -score.detach().sum()

        self.steps.step(closure)
        return scores[-1]


def losses(climb: type, model: reverie.Model, job: str, steps: int) -> list[float]:
    """The loss at each gradient of a run."""
    found: list[float] = []

    class Counted(climb):  # type: ignore[misc]
        def __call__(self, slope: Slope, along: float) -> Tensor:
            def counted() -> tuple[Tensor, Tensor]:
                score, gradient = slope()
                found.append(-float(score.detach().sum()))
                return score, gradient

            return super().__call__(counted, along)

    ascent.LBFGS = Counted  # type: ignore[misc, assignment]
    try:
        reverie.synthesize(model, JOBS[job](model, steps))
    finally:
        ascent.LBFGS = LBFGS  # type: ignore[misc]
    return found


def main() -> None:
    """Prints a row for each job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    model = reverie.load("bundled")
    rows = []
    for job in JOBS:
        own, other = (losses(climb, model, job, given.steps) for climb in (LBFGS, Torchs))
        ratio = min(other[:AFTER]) / min(own[:AFTER])
        rows.append([job, str(len(own)), f"{min(own):.4g}", str(len(other)), f"{min(other):.4g}", f"{ratio:.2f}"])
    print(machine())
    heads = ["", "own: gradients", "loss", "torch: gradients", "loss", f"torch's loss over own after {AFTER} gradients"]
    print(table(heads, rows))


if __name__ == "__main__":
    main()
