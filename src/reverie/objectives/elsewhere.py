"""Terms that ask more than the network's own view of the picture: another network, or a photo seen just so."""

import torch
from torch import Tensor

from reverie.image import grey, resize
from reverie.models.model import Model
from reverie.models.probe import Activations, probe
from reverie.objectives.objective import Objective, Term


def elsewhere(model: Model, objective: Objective) -> Objective:
    """An objective on another network, which is shown what the first one sees, so that one picture excites both.

    Greys and colours are brought to what it takes.
    """
    tiles = objective.tiles and not model.takes_one_size(objective.layers)

    def statistics(activations: Activations) -> Tensor:
        image = _in_colours(activations.seen, model.channels).to(model.device)
        score = objective.score(probe(model, image, objective.layers))
        return score.unsqueeze(1).to(activations.picture.device)

    text = f"{model.title}/({objective!r})" if len(objective.terms) > 1 else f"{model.title}/{objective!r}"
    term = Term(text, (), statistics, lambda scores: scores[:, 0], tiles=tiles, couples=objective.couples)
    return Objective(((1.0, term),))


def kept(model: Model, layer: str, photo: Tensor) -> Objective:
    """Minus the squared distance of a layer's activation from what it returns for a photo, over the latter's square.

    The photo is seen through the same shifts and zooms as the picture in each step. The score is 0 where the two
    agree, and -1 where nothing of the photo's features is left.

    Args:
        photo: [1,C,H,W]; it is brought to the picture's size.

    Source: the regularisation of Hamblin et al. 2024, "Feature Accentuation: Revealing 'What' Features Respond to in
    Natural Images"; differs: squared, and relative to the photo's own features.
    """

    def statistics(activations: Activations) -> Tensor:
        value, picture = activations[layer], activations.picture
        with torch.no_grad():
            shown = resize(photo.to(picture.device), (int(picture.shape[-2]), int(picture.shape[-1])))
            wanted = probe(model, shown.expand_as(picture), [layer], view=activations.view)[layer]
        return torch.stack([(value - wanted).square().flatten(1).sum(1), wanted.square().flatten(1).sum(1)], 1)

    def score(sums: Tensor) -> Tensor:
        return -sums[:, 0] / sums[:, 1].clamp_min(1e-12)

    return Objective(((1.0, Term(f"kept({layer})", (layer,), statistics, score, tiles=False, excites=False)),))


def _in_colours(image: Tensor, channels: int) -> Tensor:
    if image.shape[1] == channels:
        return image
    return grey(image) if channels == 1 else image.expand(-1, channels, -1, -1)
