"""A crew on a Ray cluster: it hands batches to workers on many machines, and again where a worker dies."""

import contextlib
import itertools
import os
import socket
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from reverie.atlas.atlas_writer import Done
from reverie.atlas.described import Described
from reverie.atlas.entries import AtlasBatch
from reverie.atlas.plan import Batch
from reverie.cluster.hand import Hand
from reverie.errors import InvalidSetting, ReverieError, printable
from reverie.extras import ensure, extra
from reverie.settings.parts import Network

STORE = 100_000_000  # bytes of the object store: a batch of 32 pictures takes some 150 kB
PATIENCE = 1.0  # seconds that are waited for a worker before whoever reads is told that nothing has happened
TRIES = 4  # of a batch, before it is told as failed: a worker's death is seldom its fault
STARTS = 8  # of workers that die before they are ready, one after the other


def ensure_cluster() -> None:
    """That Ray is installed.

    Raises:
        MissingExtra: it is not.
    """
    ensure("ray", "cluster", "--cluster")


@dataclass(frozen=True)
class RayCrew:
    """Workers on a Ray cluster.

    Attributes:
        network: which they load, by names and paths that hold on every machine.
        about: what the atlas is of; a worker with another network, device or number of threads is refused.
        address: local, for this machine alone; auto, for the cluster that this machine is of; or HOST:PORT.
        workers: how many; as many as the cluster has room for unless given, those of machines that come later too.
        gpus: of each worker, such as 1 or 0.5.
    """

    network: Network
    about: Described
    address: str = "local"
    workers: int | None = None
    gpus: float = 0

    def drawn(self, batches: Iterator[Batch]) -> Generator[Done | None, None, None]:
        """Hands batches to workers as they become free; what is done, in any order, and None where nothing was.

        Raises:
            MissingExtra: Ray is not installed.
            InvalidSetting: there is no such cluster, it has no machine with room for a worker, or a worker cannot load
                the network.
        """
        first = next(batches, None)
        if first is None:
            return
        with _joined(self.address) as ray:
            self._check_room(ray)
            pool = _Pool(ray, self._maker(ray), itertools.chain([first], batches))
            try:
                while pool.goes_on():
                    pool.grow(self._room(ray) if self.workers is None else self.workers)
                    found = pool.finished()
                    yield from found
                    if not found:
                        yield None
            finally:
                pool.close()

    def _maker(self, ray: Any) -> Callable[[], Any]:
        hand = ray.remote(Hand).options(
            num_cpus=self.about.threads, num_gpus=self.gpus, max_restarts=0, max_task_retries=0
        )
        return lambda: hand.remote(self.network, self.about)

    def _room(self, ray: Any) -> int:
        """For how many workers the machines that are there now have room."""
        return sum(self._fits(node["Resources"]) for node in ray.nodes() if node["Alive"])

    def _fits(self, resources: dict[str, float]) -> int:
        room = int(resources.get("CPU", 0) // self.about.threads)
        return room if not self.gpus else min(room, int(resources.get("GPU", 0) / self.gpus + 1e-9))

    def _check_room(self, ray: Any) -> None:
        if not self._room(ray):
            gpus = f" and {self.gpus:g} GPUs" if self.gpus else ""
            raise InvalidSetting(
                f"no machine of the cluster has {self.about.threads} processors{gpus} for a worker; "
                "start one that has, or lower --threads or --gpus-per-worker"
            )


@contextlib.contextmanager
def _joined(address: str) -> Iterator[Any]:
    """Ray, connected; where it was not before, it is left again."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray = extra("ray", "cluster", "--cluster")
    if ray.is_initialized():
        yield ray
        return
    _check_there(address)
    own = {"object_store_memory": STORE, "include_dashboard": False} if address == "local" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ray.init(address, logging_level="ERROR", log_to_driver=False, **own)
        except Exception as error:  # Ray's own, of no class in particular
            ray.shutdown()
            raise _nowhere(address, str(error)) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_there(address: str) -> None:
    """That somebody listens at HOST:PORT, where Ray itself would ask for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon or "/" in host:
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _nowhere(address, str(error)) from None


def _nowhere(address: str, why: str) -> InvalidSetting:
    first = printable((why.strip().splitlines() or ["nobody answers"])[0], 120)
    if address == "local":
        return InvalidSetting(f"Ray does not start here ({first}); leave out --cluster, or try again later")
    return InvalidSetting(
        f"there is no Ray cluster at '{printable(address, 60)}' ({first}); start one with 'ray start --head', "
        "or say --cluster local"
    )


class _Pool:
    """Workers in three states: on their way, free, and with a batch."""

    def __init__(self, ray: Any, make: Callable[[], Any], batches: Iterator[Batch]) -> None:
        self.ray, self.make, self.batches = ray, make, batches
        self.coming: dict[Any, Any] = {}
        self.busy: dict[Any, tuple[Any, Batch]] = {}
        self.free: list[Any] = []
        self.again: deque[Batch] = deque()
        self.tries: Counter[Batch] = Counter()
        self.lost, self.ended = 0, False

    def __len__(self) -> int:
        return len(self.coming) + len(self.busy) + len(self.free)

    def goes_on(self) -> bool:
        """Gives each free worker a batch; whether there is anything to wait for."""
        while self.free and not self.ended:
            batch = self.again.popleft() if self.again else next(self.batches, None)
            if batch is None:
                self.ended = True
                break
            hand = self.free.pop()
            self.busy[hand.draw.remote(batch)] = hand, batch
        return bool(self.busy) or not self.ended

    def grow(self, wanted: int) -> None:
        """Starts workers until there are as many."""
        while len(self) < wanted and not self.ended:
            hand = self.make()
            self.coming[hand.ready.remote()] = hand

    def finished(self) -> list[Done]:
        """What workers have done meanwhile.

        Raises:
            InvalidSetting: one cannot load the network.
            ReverieError: they die as they start.
        """
        waited = [*self.coming, *self.busy]
        if not waited:  # all machines are gone: others may come
            time.sleep(PATIENCE)
            return []
        ready, _ = self.ray.wait(waited, timeout=PATIENCE)
        for item in [item for item in ready if item in self.coming]:
            self._welcome(item)
        found = [self._taken(item) for item in ready if item in self.busy]
        return [done for done in found if done is not None]

    def _welcome(self, item: Any) -> None:
        hand = self.coming.pop(item)
        try:
            sentence = self.ray.get(item)
        except self.ray.exceptions.RayError as error:
            self.lost += 1
            if self.lost > STARTS:
                raise ReverieError(f"workers die as they start: {_said(error)}; look at Ray's own logs") from None
            return
        if sentence:
            raise InvalidSetting(
                f"a worker of the cluster cannot begin: {sentence}; all that names the network must hold on every "
                "machine, such as a path on a shared disk"
            )
        self.lost = 0
        self.free.append(hand)

    def _taken(self, item: Any) -> Done | None:
        """A batch that is done; one whose worker died is handed out again."""
        hand, batch = self.busy.pop(item)
        try:
            done: Done = self.ray.get(item)
        except self.ray.exceptions.RayTaskError as error:  # the worker itself is well
            self.free.append(hand)
            return self._missed(batch, _said(error))
        except self.ray.exceptions.RayError as error:
            return self._missed(batch, _said(error))
        self.free.append(hand)
        return done

    def _missed(self, batch: Batch, sentence: str) -> Done | None:
        self.tries[batch] += 1
        if self.tries[batch] < TRIES:
            self.again.append(batch)
            self.ended = False
            return None
        told = f"tried {TRIES} times, at last: {sentence}"
        about = AtlasBatch(batch.layer, batch.view, batch.first, batch.count, "", "failed", told, 0.0, "")
        return Done(about, "{}")

    def close(self) -> None:
        """Ends all workers."""
        for hand in (*self.coming.values(), *(hand for hand, _ in self.busy.values()), *self.free):
            with contextlib.suppress(self.ray.exceptions.RayError):
                self.ray.kill(hand)


def _said(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(lines[-1] if lines else type(error).__name__, 200)
