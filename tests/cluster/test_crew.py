"""A cluster's atlas is that of one process, whoever dies on the way."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import reverie
from killing import contents
from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.building import BuildRun
from reverie.cluster.crew import RayCrew, _check_there, _joined
from reverie.cluster.hand import Hand
from reverie.errors import InvalidSetting, MissingExtra
from reverie.runs import finished, read
from reverie.settings.atlas import Build
from reverie.settings.parts import Network
from tiny import Tiny, seeded

SMALL = {"layers": ("block", "mix"), "size": 24, "steps": 3, "batch": 2, "diversity": 2, "views": "max,diverse"}
MACHINE = {"num_cpus": 1, "object_store_memory": 100_000_000}
TINY = Path(__file__).parents[1] / "tiny.py"


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Network:
    """A network that any process can load: by a path to its code and one to its weights."""
    weights = tmp_path_factory.mktemp("network") / "tiny.safetensors"
    save_file({name: value.contiguous() for name, value in seeded(Tiny).state_dict().items()}, weights)
    return Network.made(model=f"{TINY}:Tiny", weights=str(weights), native_size=48, threads=1)


@pytest.fixture(scope="module")
def model(network):
    torch.set_num_threads(1)
    return reverie.load(network.model, loading=network)


@pytest.fixture(scope="module")
def alone(model, tmp_path_factory):
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("alone") / "a.atlas"
    return contents(finished(BuildRun(model, Build.made(**SMALL), path)).path)


@pytest.fixture(scope="module")
def cluster():
    """Two machines of one processor each, in this one."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}  # workers do not wait behind all else
    made = Cluster(initialize_head=True, head_node_args={"include_dashboard": False, **MACHINE})
    made.second = made.add_node(**MACHINE)
    yield made
    ray.shutdown()
    made.shutdown()


def run_with(model, network, cluster, path: Path, **more) -> tuple[BuildRun, RayCrew]:
    run = BuildRun(model, Build.made(**SMALL), path)
    run.crew = RayCrew(network, run.about, cluster.address, **more)
    return run, run.crew


@pytest.mark.filterwarnings("ignore")
def test_whoever_dies_the_atlas_is_that_of_one_process(model, network, cluster, alone, tmp_path, monkeypatch):
    """A worker is killed, then a machine is taken away, then one comes late."""
    torch.set_num_threads(1)
    pids = _watched(monkeypatch)
    run, _ = run_with(model, network, cluster, tmp_path / "a.atlas")
    done, killed, gone, workers = 0, False, False, set()
    with contextlib.closing(read(run)) as events:
        for event in events:
            done += len(event.finished)
            workers |= {item.batch.worker for item in event.finished}
            if done >= 1 and not killed:
                os.kill(next(iter(pids.values())), signal.SIGKILL)
                killed = True
            if done >= 3 and not gone:
                cluster.remove_node(cluster.second, allow_graceful=False)
                cluster.second = cluster.add_node(wait=False, **MACHINE)
                gone = True
    assert killed
    assert gone
    assert contents(run.path) == alone


def _watched(monkeypatch) -> dict[object, int]:
    """The processes of the workers that are ready, as they become so."""
    import ray

    from reverie.cluster import crew

    pids: dict[object, int] = {}
    welcome = crew._Pool._welcome

    def told(pool, item):
        hand = pool.coming[item]
        welcome(pool, item)
        if hand in pool.free:
            pids[hand] = ray.get(hand.pid.remote())

    monkeypatch.setattr(crew._Pool, "_welcome", told)
    return pids


def test_an_atlas_whose_driver_was_killed_goes_on(model, network, cluster, alone, tmp_path):
    torch.set_num_threads(1)
    path = tmp_path / "a.atlas"
    words = [sys.executable, "-m", "reverie", "atlas", "build", "-o", str(path)]
    words += ["--model", network.model, "--weights", network.weights, "--native-size", "48", "--threads", "1"]
    for name, value in {**SMALL, "cluster": cluster.address, "cluster_workers": 1}.items():
        for item in value if isinstance(value, tuple) else (value,):
            words += [f"--{'layer' if name == 'layers' else name.replace('_', '-')}", str(item)]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until = time.monotonic() + 100
    while time.monotonic() < until and child.poll() is None and not _batches(path):
        time.sleep(0.02)
    child.kill()
    _, told = child.communicate()
    assert _batches(path), told.decode()
    assert contents(finished(BuildRun(model, Build.made(**SMALL), path)).path) == alone


def _batches(path: Path) -> int:
    if not path.is_file() or not path.stat().st_size:
        return 0
    with contextlib.closing(sqlite3.connect(path, timeout=5)) as database:
        try:
            return database.execute("SELECT count(*) FROM batches WHERE view != 'facts'").fetchone()[0]
        except sqlite3.Error:
            return 0


def test_a_cluster_without_room_is_told(model, network, cluster, tmp_path):
    run, _ = run_with(model, network, cluster, tmp_path / "a.atlas", gpus=1)
    with pytest.raises(InvalidSetting, match=r"no machine of the cluster has 1 processors and 1 GPUs"):
        finished(run)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere.invalid:1", "127.0.0.1:port"])
def test_a_cluster_that_is_not_there_is_told(address):
    with pytest.raises(InvalidSetting, match=r"there is no Ray cluster at '.*' \(.*\); start one with 'ray start"):
        _check_there(address)


def test_a_ray_that_does_not_start_is_told(monkeypatch):
    ray = pytest.importorskip("ray")
    ended = []

    def fails(*_, **__):
        raise Exception("The current node timed out during startup.\nMore")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", fails)
    monkeypatch.setattr(ray, "shutdown", lambda: ended.append(True))
    told = r"Ray does not start here \(The current node .* startup\.\); leave out"
    with pytest.raises(InvalidSetting, match=told), _joined("local"):
        pass
    assert ended


def test_a_worker_that_cannot_load_the_network_says_why(model, network, tmp_path):
    run = BuildRun(model, Build.made(**SMALL), tmp_path / "a.atlas")
    hand = Hand(network.changed(weights="/nowhere/tiny.safetensors"), run.about)
    assert "/nowhere/tiny.safetensors" in hand.ready()
    torch.set_num_threads(1)
    assert Hand(network, run.about).ready() == ""
    other = Hand(network.changed(mean=(0.1, 0.1, 0.1)), run.about).ready()
    assert other.startswith("the atlas and this worker have other weights or settings of the network")


def test_without_ray_one_sentence_names_the_extra(model, network, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    run = BuildRun(model, Build.made(**SMALL), tmp_path / "a.atlas")
    run.crew = RayCrew(network, run.about)
    with pytest.raises(MissingExtra, match=r"--cluster needs the library 'ray'; .* '\.\[cluster\]'"):
        finished(run)


def test_an_atlas_that_is_whole_starts_no_cluster(model, tmp_path, network, monkeypatch):
    finished(BuildRun(model, Build.made(**SMALL), tmp_path / "a.atlas"))
    monkeypatch.setitem(sys.modules, "ray", None)
    run = BuildRun(model, Build.made(**SMALL), tmp_path / "a.atlas")
    run.crew = RayCrew(network, run.about)
    assert len(finished(run)) == len(read_atlas(tmp_path / "a.atlas"))
