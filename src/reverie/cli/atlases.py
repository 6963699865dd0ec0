"""The commands of the atlas."""

from pathlib import Path

from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.building import BuildRun
from reverie.cli.reading import kept
from reverie.cli.runs import model_of
from reverie.paths import path_named, shortened
from reverie.settings.atlas import Build, Named
from reverie.settings.parts import Network, Output


def atlas_build(asked: Build, network: Named, writing: Output) -> None:
    """One file, that grows until it is whole."""
    named = Network.made(**{name: value for name, value in network.flat().items() if name != "network"})
    if network.network is not None:
        named = named.changed(model=network.network)
    title = str(named.model).rpartition("/")[2].rpartition(":")[2]
    path = Path(f"{shortened(title)}.atlas") if writing.output is None else path_named(writing.output)
    model = model_of(_with_its_threads(path, named, writing))
    run = BuildRun(model, asked, path, force=writing.force)
    kept(run, lambda _: [path], quiet=writing.quiet)


def _with_its_threads(path: Path, network: Network, writing: Output) -> Network:
    """Goes on with the number of threads that an atlas was begun with, on which its last bits depend."""
    if network.threads is None and path.is_file() and path.stat().st_size and not writing.force:
        return network.changed(threads=read_atlas(path).about.threads)
    return network
