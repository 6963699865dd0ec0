"""Projections: embeddings brought to the plane, by t-SNE, UMAP or principal components, and new ones put among them."""

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np

from reverie.errors import InvalidSetting
from reverie.extras import extra, installed, remedy
from reverie.randomness import undisturbed

COMPONENTS = 50  # principal components that a map is made from
PERPLEXITY = 30.0
SAME = 1e-3  # mean distance of directions from their middle that is no more than float16 rounds them by
FEWEST = 6  # embeddings that have neighbours to speak of; fewer are laid out by their principal components
FAST = 3000  # points from which on t-SNE's forces are interpolated (FIt-SNE) in place of a tree of them (Barnes-Hut)
STEPS, EVERY = 750, 50  # of t-SNE, and after how many it tells so


@dataclass(frozen=True, eq=False)
class Basis:
    """The principal components of a set of embeddings.

    Attributes:
        mean: [C].
        axes: [K,C], orthonormal, the one that explains most first.
    """

    mean: np.ndarray
    axes: np.ndarray

    def reduced(self, embeddings: np.ndarray) -> np.ndarray:
        """Embeddings [N,C], each brought to unit length, as float32 [N,K]: the map looks at directions."""
        return np.asarray((directions(embeddings.astype(np.float32)) - self.mean) @ self.axes.T, dtype=np.float32)


def directions(embeddings: np.ndarray) -> np.ndarray:
    """Embeddings [N,C] at unit length, so that the Euclidean distance orders as the cosine does; 0 stays 0."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.asarray(embeddings / np.where(lengths > 0, lengths, 1))


@undisturbed()
def principal_components(embeddings: np.ndarray, seed: int = 0) -> Basis:
    """The principal components of the directions of embeddings [N,C], at most COMPONENTS."""
    from sklearn.decomposition import PCA

    units = directions(embeddings.astype(np.float64))
    if alike(units):
        return Basis(units.mean(0).astype(np.float32), np.eye(1, units.shape[1], dtype=np.float32))
    found = PCA(min(COMPONENTS, *units.shape), random_state=seed).fit(units)
    return Basis(found.mean_.astype(np.float32), found.components_.astype(np.float32))


def alike(embeddings: np.ndarray) -> bool:
    """Whether all embeddings [N,C] point the same way: one photo, copies of one, or a layer that is dead."""
    units = directions(embeddings.astype(np.float64))
    return bool(np.square(units - units.mean(0)).sum(1).mean() < SAME**2)


def chosen_method(method: str, count: int, perplexity: float | None) -> tuple[str, float | None, str]:
    """The method and perplexity for so many embeddings, and one sentence where they are others than usual.

    Raises:
        InvalidSetting: a perplexity that there are too few photos for, or that goes with another method.
    """
    if perplexity is not None and method != "tsne":
        raise InvalidSetting(f"perplexity is t-SNE's; leave it out with '{method}'")
    largest = (count - 1) / 3
    if perplexity is not None and perplexity > largest and count >= FEWEST:
        raise InvalidSetting(
            f"a perplexity of {perplexity:g} needs {int(np.ceil(3 * perplexity)) + 1} photos, there are {count}; "
            f"take at most {np.floor(10 * largest) / 10:g}, or leave it out"
        )
    if method != "pca" and count < FEWEST:
        few = "one photo is" if count == 1 else f"{count} photos are"
        return "pca", None, f"{few} too few for {method}: laid out by their principal components"
    if method != "tsne":
        return method, None, ""
    if perplexity is None and largest < PERPLEXITY:
        return method, largest, f"perplexity {largest:.3g} in place of {PERPLEXITY:g}, for {count} photos"
    return method, PERPLEXITY if perplexity is None else float(perplexity), ""


def ensure(method: str) -> None:
    """That what a method needs is installed.

    Raises:
        MissingExtra: umap-learn is not.
    """
    if method == "umap":
        extra("umap", "umap", "UMAP")


def made_by(method: str) -> str:
    """What to say of the library that lays a map out; mostly nothing."""
    if method != "tsne" or installed("openTSNE"):
        return ""
    return f"t-SNE by scikit-learn, since openTSNE is not installed; {remedy('map')}"


def projecting(
    vectors: np.ndarray, method: str, perplexity: float | None = None, *, seed: int = 0
) -> Generator[tuple[int, int], None, np.ndarray]:
    """Brings vectors [N,K] to the plane as `projected`, which it returns, and tells t-SNE's steps, of how many."""
    flat = _first_two(vectors)
    if method == "pca" or not np.ptp(flat, axis=0).any():
        return flat
    vectors = flat if vectors.shape[1] < 2 else vectors  # a layer of one channel
    if method == "umap":
        return _by_umap(vectors, flat, seed)
    if not installed("openTSNE"):
        return _by_scikit_learn(vectors, flat, perplexity, seed)
    return (yield from _by_opentsne(vectors, perplexity, seed))


def projected(vectors: np.ndarray, method: str, perplexity: float | None = None, *, seed: int = 0) -> np.ndarray:
    """Places [N,2] of vectors [N,K] in the plane, float32; the same for the same seed, machine and versions.

    t-SNE: van der Maaten and Hinton 2008, as openTSNE makes it, or scikit-learn where that is not installed: started
    from the principal components, 250 steps of early exaggeration and 500 more. UMAP: McInnes et al. 2018, of 15
    neighbours.

    Args:
        vectors: as `Basis.reduced` gives them.
        method: tsne, umap or pca.
        perplexity: of t-SNE, at most a third of the others' number.
        seed: of all that is drawn by chance.

    Raises:
        MissingExtra: umap-learn is not installed.
    """
    steps = projecting(vectors, method, perplexity, seed=seed)
    while True:
        try:
            next(steps)
        except StopIteration as whole:
            return np.asarray(whole.value)


@undisturbed()
def _by_umap(vectors: np.ndarray, flat: np.ndarray, seed: int) -> np.ndarray:
    umap = extra("umap", "umap", "UMAP")
    start = flat / np.abs(flat).max() * 10
    near = min(15, len(vectors) - 1)
    made = umap.UMAP(n_neighbors=near, init=start, random_state=seed, n_jobs=1).fit_transform(vectors)
    return np.asarray(made, dtype=np.float32)


def _by_opentsne(
    vectors: np.ndarray, perplexity: float | None, seed: int
) -> Generator[tuple[int, int], None, np.ndarray]:
    """t-SNE in a thread, since it tells its steps only to a function; it ends when nobody reads them any more."""
    with undisturbed():
        tsne = extra("openTSNE", "map", "t-SNE")
    told: SimpleQueue[int] = SimpleQueue()
    left = threading.Event()

    def tell(step: int, *_: object) -> bool:
        told.put(step)
        return left.is_set()

    def work() -> np.ndarray:
        try:
            made = tsne.TSNE(
                perplexity=perplexity, random_state=seed, n_jobs=1, negative_gradient_method=_forces(len(vectors)),
                callbacks=tell, callbacks_every_iters=EVERY,
            ).fit(vectors.astype(np.float64))  # fmt: skip
            return np.asarray(made, dtype=np.float32)
        finally:
            told.put(0)

    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(work)
        try:
            for number, _ in enumerate(iter(told.get, 0), 1):
                yield number * EVERY, STEPS
        finally:
            left.set()
        return made.result()


@undisturbed()
def _by_scikit_learn(vectors: np.ndarray, flat: np.ndarray, perplexity: float | None, seed: int) -> np.ndarray:
    """t-SNE that comes with a library which is there in any case; the start is as small as its paper has it."""
    from sklearn.manifold import TSNE

    start = (flat / max(float(flat[:, 0].std()), 1e-12) * 1e-4).astype(np.float32)
    made = TSNE(perplexity=perplexity, init=start, random_state=seed, max_iter=750, n_jobs=1).fit_transform(vectors)
    return np.asarray(made, dtype=np.float32)


@undisturbed()
def placed(
    new: np.ndarray,
    vectors: np.ndarray,
    places: np.ndarray,
    method: str,
    perplexity: float | None = None,
    *,
    seed: int = 0,
) -> np.ndarray:
    """Places [M,2] of new vectors [M,K] among those of others, which stay; each new one for itself.

    Principal components are kept. t-SNE moves each new point in the field of the others alone (Poličar et al. 2021,
    "Embedding to reference t-SNE space"). UMAP's new points stand between their nearest neighbours, the nearer to
    the nearer ones: its own way needs the fitted model, which no file of numbers holds.

    Args:
        vectors, places: [N,K] and [N,2], those that the map was made of.

    """
    if method == "pca":
        return _first_two(new)
    if method == "umap" or not np.ptp(places, axis=0).any() or not installed("openTSNE"):
        return _among_neighbours(new, vectors, places)
    tsne = extra("openTSNE", "map", "placing photos in a map by t-SNE")
    affinities = tsne.affinity.PerplexityBasedNN(
        vectors.astype(np.float64), perplexity=perplexity, n_jobs=1, random_state=seed
    )
    field = tsne.TSNEEmbedding(
        places.astype(np.float64), affinities, n_jobs=1, random_state=seed,
        negative_gradient_method=_forces(len(vectors)),
    )  # fmt: skip
    middle = (places.max(0) + places.min(0)) / 2  # openTSNE moves the field there, and tells places relative to it
    near = min(10, len(vectors) - 1)
    made = field.transform(new.astype(np.float64), perplexity=min(5.0, near / 3), k=near)
    return np.asarray(made + middle, dtype=np.float32)


def _first_two(vectors: np.ndarray) -> np.ndarray:
    """The first two numbers of each vector, the second 0 where there is one only."""
    flat = np.zeros((len(vectors), 2), np.float32)
    flat[:, : vectors.shape[1]] = vectors[:, :2]
    return flat


def _forces(count: int) -> str:
    return "fft" if count >= FAST else "bh"


def _among_neighbours(new: np.ndarray, vectors: np.ndarray, places: np.ndarray, k: int = 15) -> np.ndarray:
    """The mean place [M,2] of the k nearest vectors, weighted by one over their distance: a copy stands on its twin."""
    from sklearn.neighbors import NearestNeighbors

    ways, found = NearestNeighbors(n_neighbors=min(k, len(vectors))).fit(vectors).kneighbors(new)
    weights = 1 / np.maximum(ways, 1e-6)
    weights /= weights.sum(1, keepdims=True)
    return np.asarray((places[found] * weights[..., None]).sum(1), dtype=np.float32)
