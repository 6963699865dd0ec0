import subprocess
import sys

import torch
from PIL import Image

from reverie.randomness import generator, integers, normal, uniform


def test_generators_come_from_seed_and_name_alone():
    first, again = generator(3, "a"), generator(3, "a")
    assert torch.equal(torch.rand(5, generator=first), torch.rand(5, generator=again))
    others = [generator(4, "a"), generator(3, "b"), generator(-3, "a")]
    draws = {float(torch.rand(1, generator=item)) for item in [generator(3, "a"), *others]}
    assert len(draws) == 4


def test_rows_are_drawn_each_from_its_own_generator():
    for make in (lambda g: normal((2, 3), g), lambda g: uniform(-1, 3, (2, 3), g), lambda g: integers(0, 99, 6, g)):
        three = make([generator(0, name) for name in "abc"])
        assert torch.equal(torch.as_tensor(make([generator(0, "b")])), torch.as_tensor(three[1:2]))


def test_ranges_are_kept():
    sources = [generator(0, str(index)) for index in range(50)]
    values = uniform(-1, 3, (40,), sources)
    assert -1 <= float(values.min()) < -0.9
    assert 2.9 < float(values.max()) < 3
    assert {value for row in integers(-2, 2, 9, sources) for value in row} == {-2, -1, 0, 1, 2}


def test_the_global_random_state_is_left_alone():
    before = torch.random.get_rng_state()
    normal((3,), [generator(0, "a")])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_loading_scanning_and_mapping_disturb_neither_the_global_generator_nor_the_filters_of_warnings(tmp_path):
    """In a process of its own: the first import of a library is what sets filters."""
    (tmp_path / "nets.py").write_text(
        "import torch, warnings\nfrom torch import nn\n"
        "def net():\n    warnings.simplefilter('ignore')\n    torch.manual_seed(3)\n    return nn.Conv2d(3, 4, 3)\n"
    )
    (tmp_path / "photos").mkdir()
    for number in range(8):
        Image.effect_noise((20, 16), 20 + 20 * number).convert("RGB").save(tmp_path / "photos" / f"{number}.png")
    code = """
import warnings, torch, numpy
import reverie
from reverie.dataset.layout import snapped
from reverie.dataset.projection import placed, principal_components
torch.manual_seed(7)
before = torch.random.get_rng_state(), list(warnings.filters)
reverie.load("bundled")
reverie.load("nets.py:net", size=16)
reverie.load("squeezenet1_1", weights=None, size=64)
principal_components(numpy.random.default_rng(0).random((12, 5)))
snapped(numpy.random.default_rng(0).random((6, 2)), (3, 3))
for workers in (0, 1):
    reverie.scan("bundled", "photos", f"{workers}.db", layers=["mixed3a"], workers=workers)
    reverie.image_map("bundled", "photos", workers=workers)
assert torch.equal(torch.random.get_rng_state(), before[0])
assert list(warnings.filters) == before[1], [item for item in warnings.filters if item not in before[1]]
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
