"""Ensembles: terms that ask another network of the same picture."""

from torch import Tensor

from reverie.image import in_channels
from reverie.models.model import Model
from reverie.models.probe import Activations, probe
from reverie.objectives.objective import Objective, Term, constructor


@constructor
def elsewhere(model: Model, objective: Objective) -> Objective:
    """An objective on another network, which is shown what the first one sees, so that one picture excites both.

    Greys and colours are brought to what it takes.
    """
    tiles = objective.tiles and not model.takes_one_size(objective.layers)

    def statistics(activations: Activations) -> Tensor:
        image = in_channels(activations.seen, model.channels).to(model.device)
        score = objective.score(probe(model, image, objective.layers))
        return score.unsqueeze(1).to(activations.picture.device)

    text = f"{model.title}/({objective!r})" if len(objective.terms) > 1 else f"{model.title}/{objective!r}"
    term = Term(text, (), statistics, lambda scores: scores[:, 0], tiles=tiles, couples=objective.couples)
    return Objective(((1.0, term),))
