import torch

import reverie
from reverie.attribution.effective_field import effective_box, fired, gradient_at
from tiny import picture


def test_the_box_holds_the_middle_of_the_weight():
    gradient = torch.zeros(3, 40, 60)
    gradient[:, 10:20, 30:50] = -1.0
    assert effective_box(gradient, held=1.0) == ((10, 20), (30, 50))
    assert effective_box(gradient, held=0.55) == ((12, 18), (34, 46))
    assert effective_box(torch.zeros(3, 4, 4)) is None


def test_a_position_answers_to_what_lies_about_it(model):
    image, unit = picture(1, 3, 48, 62), model.units("block:3")[0]
    seen = reverie.probe(model, image[None], ["block"])["block"][0, 3]
    row, column = divmod(int(seen.argmax()), seen.shape[1])
    gradient = gradient_at(model, image, unit, (row, column))
    image = image.requires_grad_()
    with torch.enable_grad():
        value = reverie.probe(model, image[None], ["block"])["block"][0, 3, row, column]
    (wanted,) = torch.autograd.grad(value, image)
    assert torch.allclose(gradient, wanted, atol=1e-5)


def test_only_large_patches_get_an_outline(model):
    image, unit = picture(1, 3, 48, 62), model.units("block:3")[0]
    assert fired(model, image, unit, (2, 2), ((0, 20), (0, 20))) is None
    found = fired(model, image, unit, (2, 2), ((0, 48), (0, 62)))
    assert fired(model, image, model.units("logits:3")[0], (0, 0), ((0, 48), (0, 62))) is None  # it has no positions
    assert found is None or (found[0][1] - found[0][0]) * (found[1][1] - found[1][0]) < 0.6 * 48 * 62
