"""The commands that read a dataset: scan it, and look up what excites a unit."""

from pathlib import Path

from reverie.atlas.atlas_file import scan_in
from reverie.atlas.patch_sheets import PatchesRun, scanned_model
from reverie.cli.picture_commands import keep, model_of, target_for
from reverie.cli.run_reader import kept
from reverie.dataset.scanning import ScanRun
from reverie.dataset.store import begun
from reverie.models.loading import use_threads
from reverie.paths import path_named, photo_path, shortened
from reverie.settings.parts import Network, Output, Pictured, Recorded
from reverie.settings.patches import Patches
from reverie.settings.scan import Scan


def scan(asked: Scan, network: Network, writing: Output) -> None:
    """One file, that grows until it is whole."""
    stem = shortened(photo_path(asked.photos).stem or "photos")
    path = Path(f"{stem}-scan.db") if writing.output is None else path_named(writing.output)
    model = model_of(_with_its_threads(path, network, writing))
    run = ScanRun(model, asked, path, force=writing.force)
    kept(run, lambda _: [path], quiet=writing.quiet)


def _with_its_threads(path: Path, network: Network, writing: Output) -> Network:
    """Goes on with the number of threads that a scan began with, on which its last bits depend."""
    if network.threads is None and path.is_file() and path.stat().st_size and not writing.force:
        return network.changed(threads=max(1, min(1024, begun(path).threads)))
    return network


def patches(asked: Patches, network: Recorded, writing: Pictured) -> None:
    """Writes the sheet of the units' patches."""
    source = scan_in(asked.scan)
    use_threads(network.threads)
    options = {} if network.weights == "default" else {"weights": network.weights}
    ready = scanned_model(source, network.model, trust=network.trust, device=network.device, **options)
    run = PatchesRun(ready, asked.changed(scan=source))
    keep(run, target_for(writing, "patches"), writing)
