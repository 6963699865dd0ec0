"""What a network's logits mean: the one place where they become probabilities."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from reverie.errors import InvalidSetting

_SIGMOIDS = ("sigmoid", "hardsigmoid")
_SOFTMAXES = ("_softmax", "softmax", "_safe_softmax")
_ONE_SIDED = ("relu", "softplus", "exp", "elu", "abs", "square", "pow", "celu")
LEAST = 1e-12  # of a probability whose logarithm is taken


@dataclass(frozen=True)
class Output:
    """How logits [N,C,...] are read.

    Attributes:
        kind: `softmax` or `sigmoid` makes probabilities of them; they are `probability` already; `raw` has none.
        exclusive: whether one class at a time is there, so that the likeliest wins; else each is there or not.
        told: the reading as a sentence.
    """

    kind: str = "softmax"
    exclusive: bool = True
    told: str = ""

    @property
    def probable(self) -> bool:
        """Whether there are probabilities."""
        return self.kind != "raw"

    def probabilities(self, logits: Tensor) -> Tensor:
        """[N,C,...] in [0,1], of a raw output what it is."""
        if self.kind == "softmax":
            return logits.softmax(1)
        return logits.sigmoid() if self.kind == "sigmoid" else logits

    def logarithms(self, logits: Tensor, *, absent: bool = False) -> Tensor:
        """The logarithms of the probabilities, or of those that each class is absent; exact where they round to 0."""
        if self.kind == "softmax" and not absent:
            return logits.log_softmax(1)
        if self.kind == "sigmoid":
            return functional.logsigmoid(-logits if absent else logits)
        share = self.probabilities(logits)
        return (1 - share if absent else share).clamp_min(LEAST).log()

    def shares(self, logits: Tensor) -> Tensor:
        """[N,C] probabilities, the mean over positions where there are several."""
        return self.probabilities(logits).flatten(2).mean(2) if logits.ndim > 2 else self.probabilities(logits)

    def lead(self, logits: Tensor, index: int) -> Tensor:
        """[N,...] above 0 where a class that does not exclude others is there: its probability is above one half."""
        return logits[:, index] - (0.5 if self.kind == "probability" else 0.0)


def output_of(logits: Tensor, ending: str, asked: str = "auto") -> Output:
    """The reading of logits [N,C,...] of a few pictures.

    Args:
        ending: name of the operator that made their numbers.
        asked: one of the settings' OUTPUTS; `auto` decides by the ending, then by how many channels there are.

    Raises:
        InvalidSetting: a reading that these have not.
    """
    count = logits.shape[1]
    one = count > 1 and bool((logits.detach().float().sum(1) - 1).abs().max() < 1e-3) and bool(logits.min() >= 0)
    if asked == "softmax" and count == 1:
        raise InvalidSetting("a softmax of one output is always 1; allowed for it are sigmoid, probability and raw")
    if asked != "auto":
        return Output(asked, asked in ("softmax", "raw") or (asked == "probability" and one), _said(asked, count))
    if ending in _SIGMOIDS:
        return Output("probability", one, f"the forward ends in a {ending}: its outputs are probabilities already")
    if one:
        how = "ends in a softmax" if ending in _SOFTMAXES else "returns numbers that add up to 1"
        return Output("probability", True, f"the forward {how}: its outputs are probabilities already")
    if count > 1:
        return Output("softmax", True, _said("softmax", count) + "; --output-as sigmoid where they are independent")
    if ending in _ONE_SIDED:
        return Output("raw", False, f"the forward ends in {ending}: its one output is no probability")
    return Output("sigmoid", False, _said("sigmoid", 1) + "; --output-as raw where it is a quantity")


def _said(kind: str, count: int) -> str:
    several = f"the {count} outputs are" if count > 1 else "the one output is"
    return {
        "softmax": f"{several} made probabilities by a softmax",
        "sigmoid": f"{several} made {'probabilities' if count > 1 else 'a probability'} by the sigmoid",
        "probability": f"{several} taken as {'probabilities' if count > 1 else 'a probability'}",
        "raw": f"{several} taken as {'they are' if count > 1 else 'it is'}, without probabilities",
    }[kind]
