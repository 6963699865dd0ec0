"""The command that writes an atlas as a site."""

from pathlib import Path

from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.site.folder import check_folder
from reverie.atlas.site.publishing import FIRST, SiteRun
from reverie.atlas.site.reading import AtlasContents
from reverie.atlas.site.tiles import encoding
from reverie.cli.reading import kept
from reverie.paths import path_named
from reverie.settings.atlas_site import Export
from reverie.settings.parts import Output


def atlas_export(asked: Export, writing: Output) -> None:
    """A folder, whole or not at all."""
    named = f"{path_named(asked.atlas).stem}-site" if writing.output is None else writing.output
    place = check_folder(named, force=writing.force)
    run = SiteRun(AtlasContents(read_atlas(asked.atlas)), place, encoding(asked.format, asked.quality))
    kept(run, lambda made: [Path(made.path, FIRST)], quiet=writing.quiet)
