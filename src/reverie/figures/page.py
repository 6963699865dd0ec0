"""Pages: a sheet as one HTML file that any browser opens without a network, to zoom and to search in."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import jinja2
from PIL import Image

from reverie.photo import opaque

QUALITY = 90  # of the pictures inside a page, as WebP


def page(title: str, paths: Sequence[Path], captions: Sequence[str]) -> str:
    """A page of picture files with their captions; the pictures are inside it."""
    world = jinja2.Environment(loader=jinja2.PackageLoader("reverie", "figures"), autoescape=True)
    pictures = [{"caption": caption, "source": _embedded(path)} for path, caption in zip(paths, captions, strict=True)]
    return world.get_template("page.html").render(title=title, pictures=pictures)


def _embedded(path: Path) -> str:
    """A picture file as a `data:` address."""
    buffer = io.BytesIO()
    with Image.open(path) as picture:
        opaque(picture).save(buffer, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
