"""Answers: JSON out, JSON in with a limit, and one sentence for each refusal."""

import traceback
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from reverie.errors import UnknownName
from reverie.studio import limits
from reverie.studio.pictures import TooLarge
from reverie.studio.scheduler import Busy

T = TypeVar("T")
ASKED = {"cache-control": "no-cache"}  # of what changes under its address: a browser asks for it anew
KEPT = {"cache-control": "private, max-age=86400"}  # of what is named by its content


def json_answer(data: Any, status: int = 200) -> Response:
    """Plain values as JSON."""
    return Response(msgspec.json.encode(data), status, ASKED, "application/json")


def announced(request: Request) -> int:
    """How many bytes a request says that it will send."""
    said = request.headers.get("content-length", "0")
    return int(said) if said.isdecimal() and len(said) < 16 else 0


async def read_json(request: Request, kind: type[T]) -> T:
    """A request's JSON body as a type has it; never more of it than is allowed."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415, "send JSON, and say so: Content-Type: application/json")
    content = b""
    async for part in _limited(request, limits.BODY):
        content += part
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise HTTPException(400, f"this cannot be read ({error})") from None


async def _limited(request: Request, most: int) -> AsyncIterator[bytes]:
    count = 0
    async for part in request.stream():
        count += len(part)
        if count > most:
            raise HTTPException(413, f"more than {most // 1000} kB; send less")
        yield part


async def refused(_: Request, error: Exception) -> Response:
    """What a user can mend, in one sentence."""
    status = 404 if isinstance(error, UnknownName) else 413 if isinstance(error, TooLarge) else 400
    answer = json_answer({"error": str(error)}, 503 if isinstance(error, Busy) else status)
    if status == 413:  # nobody reads the rest
        answer.headers["connection"] = "close"
    return answer


async def unknown(_: Request, error: Exception) -> Response:
    """What there is not, or not so."""
    status = getattr(error, "status_code", 404)
    return json_answer({"error": str(getattr(error, "detail", "there is nothing here"))}, status)


async def failed(_: Request, error: Exception) -> Response:
    """What nobody foresaw: the terminal is told all of it."""
    if not isinstance(error, ClientDisconnect):
        traceback.print_exception(error)
    return json_answer({"error": "the studio failed at this; its terminal tells more"}, 500)
