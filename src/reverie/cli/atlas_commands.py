"""The commands of the atlas."""

from dataclasses import astuple
from pathlib import Path

import typer

from reverie.atlas.assessing import AssessRun
from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.building import BuildRun
from reverie.atlas.merging import MergeRun
from reverie.atlas.state import state_of
from reverie.atlas.verifying import VerifyRun
from reverie.cli.picture_commands import model_of
from reverie.cli.printed_tables import show
from reverie.cli.run_reader import kept
from reverie.cli.saying import say
from reverie.cluster.crew import RayCrew, ensure_cluster
from reverie.errors import InvalidSetting
from reverie.models.loading import use_threads
from reverie.paths import path_named, shortened
from reverie.settings.atlas import Build, Building, Merge, Named, Score, Status, Verify
from reverie.settings.parts import Network, Output, Recorded


def atlas_build(asked: Build, network: Named, writing: Building) -> None:
    """One file, that grows until it is whole."""
    if writing.cluster is not None:
        ensure_cluster()
    elif writing.cluster_workers is not None or writing.gpus_per_worker:
        raise InvalidSetting("--cluster-workers and --gpus-per-worker are those of a cluster; name it with --cluster")
    named = Network.made(**{name: value for name, value in network.flat().items() if name != "network"})
    if network.network is not None:
        named = named.changed(model=network.network)
    title = str(named.model).rpartition("/")[2].rpartition(":")[2]
    path = Path(f"{shortened(title)}.atlas") if writing.output is None else path_named(writing.output)
    model = model_of(_with_its_threads(path, named, writing))
    run = BuildRun(model, asked, path, force=writing.force)
    if writing.cluster is not None:
        run.crew = RayCrew(named, run.about, writing.cluster, writing.cluster_workers, writing.gpus_per_worker)
    kept(run, lambda _: [path], quiet=writing.quiet)


def atlas_status(asked: Status) -> None:
    """A table of layers."""
    atlas = read_atlas(asked.atlas)
    state = state_of(atlas)
    say(f"{atlas.about.title}: {len(atlas)} pictures of {atlas.about.job.size} px, {_bytes(state.bytes)}", "")
    heads = ("layer", "units", "of", "pictures", "failed", "to come", "bytes")
    show(heads, *([*map(str, astuple(row)[:-1]), _bytes(row.bytes)] for row in state.layers))
    if state.rate is not None:
        say("", f"{state.rate:.0f} pictures an hour of each worker")
    say(*state.failures)


def atlas_verify(asked: Verify, network: Recorded) -> None:
    """Lines of what was looked at, and of what is wrong."""
    options = {} if network.weights == "default" else {"weights": network.weights}
    run = VerifyRun(
        asked.atlas, network.model, most=None if asked.all else asked.sample, trust=network.trust,
        threads=network.threads, device=network.device, **options,
    )  # fmt: skip
    found = kept(run, lambda _: [], quiet=asked.quiet)
    if asked.quiet:
        say(*found.problems)
    if found.problems:
        raise typer.Exit(1)


def atlas_score(asked: Score, network: Recorded) -> None:
    """More rows in the atlas."""
    use_threads(network.threads)
    options = {} if network.weights == "default" else {"weights": network.weights}
    run = AssessRun(
        asked.atlas, network.model, judge=asked.judge, photos=asked.photos, limit=asked.limit, force=asked.force,
        trust=network.trust, device=network.device, **options,
    )  # fmt: skip
    kept(run, lambda atlas: [atlas.path], quiet=asked.quiet)
    if not asked.quiet:
        say(*run.missing)


def atlas_merge(asked: Merge, writing: Output) -> None:
    """Joins atlases of one network into one file."""
    if writing.output is None:
        raise InvalidSetting("merge needs a file for the whole: name it with --output")
    path = path_named(writing.output)
    kept(MergeRun(asked.atlases, path, force=writing.force), lambda _: [path], quiet=writing.quiet)


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1000:.1f} kB"


def _with_its_threads(path: Path, network: Network, writing: Output) -> Network:
    """Goes on with the number of threads that an atlas was begun with, on which its last bits depend."""
    if network.threads is None and path.is_file() and path.stat().st_size and not writing.force:
        return network.changed(threads=read_atlas(path).about.threads)
    return network
