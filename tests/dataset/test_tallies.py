import numpy as np
import pytest
import torch

from reverie.dataset.histograms import BINS, MAGNITUDES, Histogram, binned, edges
from reverie.dataset.layer_tallies import Keeping, LayerTallies
from reverie.dataset.tallies import NOBODY, PICKS, Maps, lots

CHANNELS, SIZE, PHOTOS = 5, (4, 6), 23


def maps_of(values: torch.Tensor, first: int = 0, last: bool = False) -> Maps:
    """A batch, laid out as the network pleases."""
    values = values.contiguous(memory_format=torch.channels_last) if last else values
    return Maps(values, np.arange(first, first + len(values)), 3)


@pytest.fixture
def values() -> torch.Tensor:
    """[PHOTOS,CHANNELS,*SIZE]: with ties, a silent channel, a negative one, and one that is nearly constant."""
    drawn = torch.randn((PHOTOS, CHANNELS, *SIZE), generator=torch.Generator().manual_seed(0))
    drawn[:, 1] = drawn[:, 1].mul(2).round()
    drawn[:, 2] = 0
    drawn[:, 3] = -drawn[:, 3].abs()
    drawn[:, 4] = 100 + drawn[:, 4] / 100
    return drawn


def tallied(values: torch.Tensor, cuts, keeping: Keeping, *, first: int = 0, last: bool = False) -> LayerTallies:
    """Tallies fed with batches that end at the cuts."""
    tallies = LayerTallies.empty(CHANNELS, SIZE, keeping)
    for start, stop in zip([0, *cuts], [*cuts, len(values)], strict=True):
        tallies.add(maps_of(values[start:stop], first + start, last))
    return tallies


def assert_same(one: LayerTallies, other: LayerTallies, rtol: float = 1e-12) -> None:
    for (key, left), right in zip(one.state().items(), other.state().values(), strict=True):
        if key in (("moments", "sums"), ("moments", "squares")):
            np.testing.assert_allclose(left, right, rtol=rtol, atol=1e-4 * (rtol > 1e-12), err_msg=str(key))
        else:
            np.testing.assert_array_equal(left, right, err_msg=str(key))


SMALL = Keeping(4, True, samples=15, examples=6)


@pytest.mark.parametrize("keeping", [SMALL, Keeping(30, True, samples=500, examples=50), Keeping(4, False, 15, 6)])
@pytest.mark.parametrize("cut", [1, 9, 22])
def test_half_and_half_make_the_whole_in_either_order(values, keeping, cut):
    whole = tallied(values, [7, 14], keeping)
    for swapped in (False, True):
        halves = [tallied(values[:cut], [], keeping), tallied(values[cut:], [], keeping, first=cut)]
        one, other = reversed(halves) if swapped else halves
        one.merge(other)
        assert_same(one, whole)


def test_the_layout_in_memory_does_not_matter(values):
    """But for the order in which a photo's values are summed, in float32."""
    assert_same(tallied(values, [7], SMALL), tallied(values, [11], SMALL, last=True), rtol=1e-5)


def test_merging_nothing_changes_nothing(values):
    one = tallied(values, [], SMALL)
    one.merge(LayerTallies.empty(CHANNELS, SIZE, SMALL))
    assert_same(one, tallied(values, [], SMALL))


@pytest.mark.parametrize("one_per_photo", [True, False])
@pytest.mark.parametrize("largest", [True, False])
def test_extremes_are_those_of_a_plain_sort(values, largest, one_per_photo):
    tallies = tallied(values, [5, 6, 20], Keeping(4, one_per_photo, 15, 6))
    found = tallies.top if largest else tallies.bottom
    for channel in range(CHANNELS):
        flat = values[:, channel].flatten(1).tolist()
        ranking = sorted(
            (-value if largest else value, photo, place)
            for photo, row in enumerate(flat)
            for place, value in enumerate(row)
        )
        if one_per_photo:
            best: dict[int, tuple] = {}
            for entry in ranking:
                best.setdefault(entry[1], entry)
            ranking = sorted(best.values())
        for rank, (value, photo, place) in enumerate(ranking[:4]):
            assert found.values[channel, rank] == np.float32(-value if largest else value)
            assert (found.photos[channel, rank], found.places[channel, rank]) == (photo, place)


def test_extremes_of_fewer_photos_leave_places_free(values):
    found = tallied(values[:2], [], SMALL).top
    assert (found.photos[:, 2:] == NOBODY).all()
    assert np.isneginf(found.values[:, 2:]).all()


def test_moments_are_those_of_all_values(values):
    found = tallied(values, [3], SMALL).moments
    flat = values.double().transpose(0, 1).flatten(1).numpy()
    np.testing.assert_allclose(found.mean, flat.mean(1), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.deviation[:4], flat.std(1)[:4], rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(found.firing, (flat > 0).sum(1))
    np.testing.assert_array_equal(found.fired, (values.amax((2, 3)) > 0).sum(0).numpy())
    np.testing.assert_allclose(found.density, (flat > 0).mean(1))
    assert int(found.photos[0]) == PHOTOS
    assert int(found.positions[0]) == PHOTOS * SIZE[0] * SIZE[1]


def test_every_value_lies_within_its_bins_edges():
    low, high = edges()[:-1], edges()[1:]
    drawn = np.random.default_rng(0).normal(size=4000) * 10.0 ** np.random.default_rng(1).uniform(-3, 3, 4000)
    drawn = drawn.astype(np.float32)
    bins = binned(drawn)
    inside = np.abs(drawn) < 4096
    assert ((low[bins] <= drawn) & (drawn <= high[bins]))[inside].all()
    assert len(low) == BINS == 2 * MAGNITUDES + 3
    assert (np.diff(edges()) > 0).all()
    assert binned(np.array([0.0, -0.0, 1e-9, np.nan], np.float32)).tolist() == [MAGNITUDES + 1] * 4
    assert binned(np.array([1e30, -np.inf], np.float32)).tolist() == [BINS - 1, 0]
    assert (high - low)[np.abs(low + high) > 2e-3].max() > 0
    middle = np.abs(low + high) / 2
    assert ((high - low) <= 0.126 * middle + 1e-12)[(middle > 2.0**-12) & (middle < 4096)].all()


def test_quantiles_are_known_to_an_eighth_of_an_octave():
    drawn = np.random.default_rng(0).normal(1, 3, (20000, 1)).astype(np.float32)
    counted = Histogram.empty(1)
    counted.add(Maps(torch.from_numpy(drawn)[:, :, None, None], np.arange(len(drawn))))
    assert int(counted.counts.sum()) == len(drawn)
    for share in (0.05, 0.3, 0.5, 0.9, 0.99):
        wanted = np.quantile(drawn, share)
        assert abs(counted.quantile(share)[0] - wanted) <= 0.04 * abs(wanted) + 0.01
        assert abs(counted.percentile(0, float(wanted)) - 100 * share) < 1.5
    assert np.isnan(Histogram.empty(1).quantile(0.5)[0])


def test_samples_are_values_of_the_photos_at_their_places(values):
    found = tallied(values, [4, 9], SMALL).samples
    assert len(found) == 15
    for photo, place, row in zip(found.photos, found.places, found.values, strict=True):
        np.testing.assert_array_equal(row, values[photo].flatten(1)[:, place].numpy())
    assert len(set(found.photos.tolist())) > 5


def test_all_picks_are_counted(values):
    assert (tallied(values, [], SMALL).values.counts.sum(1) == PHOTOS * PICKS).all()
    assert (tallied(values, [], SMALL).maxima.counts.sum(1) == PHOTOS).all()


def test_examples_are_whole_photos_and_tell_the_median(values):
    found = tallied(values, [4, 9], Keeping(4, True, 15, 50)).examples
    assert len(found) == PHOTOS
    peaks = values.amax((2, 3)).numpy()
    for photo, row in zip(found.photos[:PHOTOS], found.values, strict=False):
        np.testing.assert_array_equal(row, peaks[photo])
    for channel in (0, 4):
        (nearest,) = found.median(channel, 1)
        assert peaks[nearest, channel] == np.median(peaks[:, channel])


def test_lots_are_even_and_stay():
    drawn = lots(np.arange(5000), 4, 7)
    assert drawn.min() >= 0
    assert drawn.max() < 2**62
    assert len(np.unique(drawn)) == 20000
    assert abs(drawn.mean() / 2**61 - 1) < 0.02
    np.testing.assert_array_equal(drawn[100:200], lots(np.arange(100, 200), 4, 7))
    assert (lots(np.arange(50), 4, 8) != drawn[:50]).all()
