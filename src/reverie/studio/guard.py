"""The guard: who may speak to the studio, from where, and how much they may send; in front of everything else."""

import re
import secrets
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
READING = ("GET", "HEAD")
TOKEN = "x-reverie-token"
STRANGER = "This is a reverie studio. Open it at the address that its terminal shows: it is good for one browser."


class Session:
    """What lets a browser in: a token for one use, then a cookie, and for writes a second token.

    Attributes:
        entry: the token that is good for one use.
        token: what writes carry, beside the cookie.
    """

    def __init__(self) -> None:
        self.entry, self.cookie, self.token = (secrets.token_urlsafe(24) for _ in range(3))

    def admits(self, entry: str) -> bool:
        """Whether a token opens the door; it does so once, then another one does."""
        if not secrets.compare_digest(entry.encode(), self.entry.encode()):
            return False
        self.entry = secrets.token_urlsafe(24)
        return True

    def knows(self, headers: Mapping[str, str], name: str) -> bool:
        """Whether a request carries the cookie."""
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(name)
        except CookieError:
            return False
        return found is not None and secrets.compare_digest(found.value.encode(), self.cookie.encode())


class Guard:
    """Refuses what does not come from the studio's own page, and seals what goes out.

    Args:
        port: cookies hold for all ports of a host, so each studio's has its own name.
    """

    def __init__(self, app: ASGIApp, session: Session, port: int) -> None:
        self.app, self.session, self.name = app, session, f"reverie-{port}"
        self.entered: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or hands on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._answer(scope, Headers(scope=scope))
            await (answer or self.app)(scope, receive, _sealed(send))

    def _answer(self, scope: Scope, headers: Headers) -> Response | None:
        """The refusal, or the redirection of who has just come in; None lets a request through."""
        refused = self._refused(scope, headers)
        if refused:
            return _said(scope, 403, refused)
        inside = self.session.knows(headers, self.name)
        entry = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and scope["method"] == "GET" and entry:
            return RedirectResponse("/", 303) if inside else self._enter(scope, entry)
        if not inside:
            return _said(scope, 401, STRANGER)
        if scope["method"] not in READING:
            given = headers.get(TOKEN, "")
            if not secrets.compare_digest(given.encode(), self.session.token.encode()):
                return _said(scope, 403, "the token is missing or wrong; reload the page")
        return None

    def _enter(self, scope: Scope, entry: str) -> Response:
        if not self.session.admits(entry):
            return _said(scope, 401, f"This address has been used. {STRANGER}")
        self.entered()
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self.name, self.session.cookie, httponly=True, samesite="strict", path="/")
        return answer

    def _refused(self, scope: Scope, headers: Headers) -> str:
        """What is wrong with where a request comes from; empty where nothing is."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not LOOPBACK.fullmatch(hosts[0]):
            return "the studio answers to the names of this machine's loopback alone, such as 127.0.0.1"
        if any(origin != f"http://{hosts[0]}" for origin in origins):
            return "the studio answers its own pages alone"
        writes = scope["method"] not in READING
        if writes and len(origins) != 1:
            return "a write says its origin; the studio's own page does"
        site, mode = headers.get("sec-fetch-site", "same-origin"), headers.get("sec-fetch-mode", "")
        leads_here = scope["path"] == "/" and mode == "navigate" and not writes  # a link to the studio's page
        if site not in ("same-origin", "none") and not leads_here:
            return "the studio answers its own pages alone"
        return ""


def _said(scope: Scope, status: int, text: str) -> Response:
    """A refusal: plain text to who opens a page, JSON to a page's questions."""
    asked = scope["path"].startswith("/api/")
    return JSONResponse({"error": text}, status) if asked else PlainTextResponse(text, status)


def _sealed(send: Send) -> Send:
    """Adds the headers that every answer has, unless it has its own."""

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            more = [(key.encode(), value.encode()) for key, value in HEADERS.items() if key.encode() not in own]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sealed
