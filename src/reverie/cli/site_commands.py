"""The commands that write an atlas as a site, and open it."""

import os
import webbrowser
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.site.atlas_contents import AtlasContents
from reverie.atlas.site.folder import check_folder
from reverie.atlas.site.publishing import FIRST, SiteRun
from reverie.atlas.site.tiles import encoding
from reverie.cli.run_reader import kept
from reverie.cli.saying import say
from reverie.errors import OutputFailed
from reverie.paths import path_named
from reverie.settings.atlas_site import Export, Open
from reverie.settings.parts import Output


def atlas_export(asked: Export, writing: Output) -> None:
    """A folder, whole or not at all."""
    named = f"{path_named(asked.atlas).stem}-site" if writing.output is None else writing.output
    place = check_folder(named, force=writing.force)
    run = SiteRun(AtlasContents(read_atlas(asked.atlas)), place, encoding(asked.format, asked.quality))
    kept(run, lambda made: [Path(made.path, FIRST)], quiet=writing.quiet)


MADE_OF = ".made-of"  # in a site of the cache folder, what it was made of


def atlas_open(asked: Open) -> None:
    """The page of a site in the cache folder, one for each atlas, made anew where the atlas is another by now."""
    atlas = read_atlas(asked.atlas)
    place, state = _cached(atlas.path.resolve()), _state(atlas.path)
    known = place / MADE_OF
    if not known.is_file() or known.read_text(encoding="utf-8") != state:
        run = SiteRun(AtlasContents(atlas), check_folder(place, force=True), encoding("webp", None))
        kept(run, lambda made: [Path(made.path, FIRST)], quiet=True)
        known.write_text(state, encoding="utf-8")
    page = place / FIRST
    if not asked.quiet:
        say(f"{page}")
    if not asked.no_browser:
        webbrowser.open(page.as_uri())


def _cached(atlas: Path) -> Path:
    """Where the site of an atlas lies in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "reverie" / "sites"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(f"cannot make the folder {folder} ({error.strerror}); use atlas export -o FOLDER") from None
    return folder / f"{atlas.stem[:40]}-{sha256(str(atlas).encode()).hexdigest()[:12]}"


def _state(atlas: Path) -> str:
    found = atlas.stat()
    return f"{found.st_size} {found.st_mtime_ns} {metadata.version('reverie')}"
