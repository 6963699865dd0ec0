"""Who may speak to the studio: each stranger is refused with a status of 4xx before anything else looks at it."""

import asyncio
import socket
import subprocess
import sys

import httpx
import pytest
from starlette.responses import PlainTextResponse

from reverie.studio.guard import Guard, Session
from reverie.studio.server import _listening

OWN = {"Host": "127.0.0.1:8000"}
WRITES = {**OWN, "Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}


class Door:
    """The guard before an application that says yes to everything."""

    def __init__(self) -> None:
        self.session = Session()
        self.guard = Guard(PlainTextResponse("inside"), self.session, 8000)

    def answer(self, method="GET", path="/api/studio", headers=OWN, *, cookie=True, token=True) -> httpx.Response:
        cookie = f"reverie-8000={self.session.cookie}" if cookie is True else cookie
        more = {"Cookie": cookie} if cookie else {}
        more |= {"X-Reverie-Token": self.session.token} if token else {}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.guard)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
                return await client.request(method, path, headers={**headers, **more})

        return asyncio.run(ask())


@pytest.fixture
def door():
    return Door()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:9000", "LOCALHOST", "[::1]:8000"])
def test_the_names_of_the_loopback_are_answered_on_any_port(door, host):
    assert door.answer(headers={"Host": host}).text == "inside"
    assert door.answer("POST", headers={"Host": host, "Origin": f"http://{host}"}).text == "inside"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8000", "localhost.", "0.0.0.0:8000", "127.0.0.2",
             "192.168.0.7:8000", "localhost@evil.example", "[::]:8000", "localhost:8000:1", "", "2130706433"],
)  # fmt: skip
def test_a_foreign_host_is_refused_also_where_its_origin_agrees(door, host):
    assert door.answer(headers={"Host": host}).status_code == 403
    assert door.answer("POST", headers={"Host": host, "Origin": f"http://{host}"}).status_code == 403


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "http://127.0.0.1:8001", "https://127.0.0.1:8000", "http://localhost", ""]
)
def test_a_foreign_origin_is_refused(door, method, origin):
    assert door.answer(method, headers={**OWN, "Origin": origin}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_foreign_page_is_refused_also_one_on_another_port(door, site):
    assert door.answer("POST", headers={**WRITES, "Sec-Fetch-Site": site}).status_code == 403
    assert door.answer(headers={**OWN, "Sec-Fetch-Site": site}).status_code == 403
    led = {**OWN, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    assert door.answer(path="/dream", headers=led).status_code == 403


def test_a_write_says_its_origin_and_carries_the_token(door):
    assert door.answer("POST", headers=WRITES).text == "inside"
    assert door.answer("POST", headers=OWN).status_code == 403
    missing = door.answer("POST", headers=WRITES, token=False)
    assert (missing.status_code, missing.json()["error"]) == (403, "the token is missing or wrong; reload the page")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT"])
@pytest.mark.parametrize("cookie", [None, "reverie-8000=x", "reverie-8001=x", "a;b;=", "reverie-8000="])
def test_without_the_cookie_nobody_comes_in(door, method, cookie):
    assert door.answer(method, headers=WRITES, cookie=cookie).status_code == 401
    assert door.answer(method, path="/pages/studio.css", headers=WRITES, cookie=cookie).status_code == 401


def test_the_address_is_good_for_one_use_and_gives_a_cookie_that_no_script_reads(door):
    address = f"/?token={door.session.entry}"
    first = door.answer(path=address, cookie=None, token=False)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert door.answer(path=address, cookie=None, token=False).status_code == 401
    assert door.answer(path=address, cookie=cookie.partition(";")[0]).status_code == 303  # who is inside stays inside
    assert door.answer(path=f"/?token={door.session.entry}", cookie=None).status_code == 303
    assert door.answer(path="/?token=", cookie=None).status_code == 401


@pytest.mark.parametrize("headers", [OWN, {"Host": "evil.example"}])
def test_every_answer_is_sealed(door, headers):
    sealed = door.answer(headers=headers).headers
    assert sealed["x-content-type-options"] == "nosniff"
    policy = sealed["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert sealed["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in sealed


def test_two_hosts_are_none(door):
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"host", b"evil.example")],
    }  # fmt: skip
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(door.guard(scope, None, send))
    assert sent[0]["status"] == 403


def test_answers_go_out_at_once():
    """Where a socket does not name its protocol, asyncio leaves Nagle's algorithm on: each answer waits 40 ms."""

    class Listening(asyncio.Protocol):
        def connection_made(self, transport):
            made.set_result(transport)

    async def run() -> int:
        nonlocal made
        made = asyncio.get_running_loop().create_future()
        listener = _listening(0)
        server = await asyncio.get_running_loop().create_server(Listening, sock=listener)
        with socket.create_connection(listener.getsockname()):
            transport = await made
            found = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            transport.abort()
            server.close()
            await asyncio.sleep(0)
        return found

    made = None
    assert asyncio.run(run())


def test_the_web_process_loads_no_torch():
    code = "import sys, reverie.studio.server; assert not {'torch', 'scipy', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
