"""Forks: what a work was made from, as a form is filled in with it, and the job that makes it again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reverie import settings
from reverie.errors import InvalidSetting
from reverie.record import BUILT, Record
from reverie.settings.setting import settings_of
from reverie.studio.companions import Companions
from reverie.studio.jobs import RERUN, Job
from reverie.studio.pictures import Pictures
from reverie.studio.requests import PICTURED, JobRequest, closed, is_plain, job, kinds
from reverie.studio.works import Work


def forked(work: Work, pictures: Pictures) -> dict[str, Any]:
    """What a work was made from, as a job is asked for: settings that differ from the defaults, pictures, changes."""
    name = work.record.recipe
    found: dict[str, Any] = {"settings": {}, "pictures": {}, "changes": changes_of(work.record)}
    if name not in kinds():
        return found
    own = {item.name: item for item in settings_of(kinds()[name])}
    for key, value in work.record.arguments.items():
        item = own.get(key)
        if item is None or closed(item):
            continue
        told = _told(value, pictures)
        if item.more.get("reads") in PICTURED and told is not value:
            found["pictures"][key] = told
        elif told is value and is_plain(value) and not (not item.required and _same(value, item.default)):
            found["settings"][key] = value
    return found


def changes_of(record: Record) -> dict[str, str]:
    """What was changed in the network that a record tells of, as `intervene` takes it."""
    told = record.model.get("interventions")
    pairs = [pair for pair in (told if isinstance(told, list) else []) if isinstance(pair, list) and len(pair) == 2]
    return {str(unit): str(change) for unit, change in pairs}


def repeatable(work: Work) -> bool:
    """Whether a work's record repeats it."""
    return work.record.recipe in (*settings.recipes(), BUILT)


def _told(value: Any, pictures: Pictures) -> Any:
    """A record's picture as a page names it; anything else as it is."""
    if isinstance(value, dict) and "sha256" in value:
        return pictures.named(str(value.get("photo", value.get("mask", ""))))
    if isinstance(value, list) and value and all(isinstance(item, dict) and "sha256" in item for item in value):
        return [_told(item, pictures) for item in value]
    return value


def _same(value: Any, default: Any) -> bool:
    return bool(value == (list(default) if isinstance(default, tuple) else default))


def job_of(request: JobRequest, pictures: Pictures, companions: Companions) -> Job:
    """The job of a request, which may be to make a work again.

    Raises:
        ReverieError: as `job`; or a work that its record does not repeat, or whose photo is not here.
    """
    if request.kind != RERUN:
        return job(request, pictures, companions)
    if request.work is None:
        raise InvalidSetting("a rerun needs the work that is to be made again")
    work = pictures.works.work(request.work)
    if not repeatable(work):
        raise InvalidSetting(f"a {work.record.recipe} is not repeated from its record; ask for it anew")
    photos = tuple(str(path) for path in _photos(work, pictures))
    return Job(RERUN, f"again: {work.title}", {"picture": str(work.path)}, photos=photos)


def _photos(work: Work, pictures: Pictures) -> Iterator[Path]:
    """Files of the photos that a work's record names and that are here."""
    for value in work.record.arguments.values():
        told = _told(value, pictures)
        for name in [] if told is value else told if isinstance(told, list) else [told]:
            if name is not None and not name.startswith("sample:"):
                yield pictures.path(name)
