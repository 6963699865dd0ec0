"""Attacks on a studio that runs: each is refused or bounded, and the server stays up."""

import contextlib
import io
import socket
import struct
import zlib
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from reverie.studio.limits import BYTES, STREAMS


def resident(number: int) -> int:
    """Bytes of a process that are in memory."""
    return int(Path(f"/proc/{number}/statm").read_text().split()[1]) * 4096


def bomb(side: int) -> bytes:
    """A PNG of so many white pixels on each side, in few bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer, row = zlib.compressobj(9), bytes(1 + side // 8)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def send(live, content) -> tuple[int, str]:
    answer = live.client.post("/api/pictures", content=content)
    return answer.status_code, answer.json().get("error", "")


def announced(live, count: int) -> bytes:
    """The answer to an upload that says how long it will be, before any of it is sent."""
    host, _, port = live.base.removeprefix("http://").partition(":")
    said = {**live.client.headers, "Host": f"{host}:{port}", "Content-Length": str(count), "Cookie": cookies(live)}
    with socket.create_connection((host, int(port))) as one:
        lines = "".join(f"{key}: {value}\r\n" for key, value in said.items())
        one.sendall(f"POST /api/pictures HTTP/1.1\r\n{lines}\r\n".encode())
        return one.recv(1000)


def cookies(live) -> str:
    return "; ".join(f"{key}={value}" for key, value in live.client.cookies.items())


def test_an_upload_without_end_is_refused_while_it_comes(live):
    before = resident(live.process.pid)
    sent = []
    with contextlib.suppress(httpx.TransportError):  # it hangs up
        assert send(live, (sent.append(1) or bytes(1_000_000) for _ in range(2_000)))[0] == 413
    assert len(sent) < 2 * BYTES / 1_000_000
    assert announced(live, 2 * 10**9).startswith(b"HTTP/1.1 413")
    assert resident(live.process.pid) - before < BYTES
    assert not list((live.folder / ".studio" / "taken").iterdir())


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(live):
    content = bomb(20_000)
    assert len(content) < 1_000_000
    status, text = send(live, content)
    assert status == 400
    assert "20000x20000" in text


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"<html><script>alert(1)</script>", b"GIF89a",
     b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\x89PNG\r\n\x1a\n" + bytes(99)],
)  # fmt: skip
def test_what_is_no_picture_is_refused_in_one_sentence(live, content):
    status, text = send(live, content)
    assert status == 400
    assert len(text.splitlines()) == 1


def test_of_a_polyglot_the_pixels_alone_are_served(live):
    content = io.BytesIO()
    pixels = np.full((9, 9, 3), 77, np.uint8)
    Image.fromarray(pixels).save(content, "GIF", comment=b"*/=1;alert(1)//<script>alert(2)</script>")
    assert b"<script>" in content.getvalue()
    name = live.client.post("/api/pictures", content=content.getvalue() + b"<script>alert(3)</script>").json()["id"]
    for path in (f"/api/pictures/{name}", f"/api/pictures/{name}?full"):
        answer = live.client.get(path)
        assert answer.headers["content-type"].startswith("image/")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert b"script" not in answer.content


PATHS = [
    "/api/pictures/..%2f..%2fetc%2fpasswd", "/api/pictures/%2e%2e", "/api/pictures/work:..%2fnets", "/nets.py",
    "/api/works/..%2f..%2fnets.py", "/api/works/%00", "/api/works/../../nets.py/picture", "/pages/..%2fapp.py",
    "/pages/../app.py", "/pages/%2e%2e/%2e%2e/settings/parts.py", "/pages//etc/passwd", "/pages/", "/api/jobs/..%2fx",
    "/api/units/..%2f..%2fx/1.webp", "/api/forms/..%2fparts", "/api/pictures/sample:..%2f..%2fx", "/atlas/../x",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_to_a_file(live, path):
    request = live.client.build_request("GET", "/")
    request.url = httpx.URL(live.base).copy_with(raw_path=path.encode())
    assert live.client.send(request).status_code in (400, 404, 405)


@pytest.mark.parametrize(
    ("kind", "settings", "pictures"),
    [
        ("dream", {"photo": "/etc/passwd"}, {}),
        ("dream", {}, {"photo": "/etc/passwd"}),
        ("dream", {}, {"photo": "../nets.py"}),
        ("dream", {"guide": "nets.py"}, {"photo": "sample:flower"}),
        ("dream", {"preset": "nets.toml:a"}, {"photo": "sample:flower"}),
        ("dream", {"preset": {"base": "x.toml"}}, {"photo": "sample:flower"}),
        ("dream", {"also": ["nets.py:tiny"]}, {"photo": "sample:flower"}),
        ("dream", {"also": ["bundled"]}, {"photo": "sample:flower"}),
        ("feature", {"units": ["mix:1"], "parameterization": "nets.py:tiny"}, {}),
        ("feature", {"units": ["mix:1"], "dictionary": "x.npy"}, {}),
        ("feature", {"units": ["mix:1"], "start": "nets.py"}, {}),
        ("feature", {"units": ["mix:1"], "spectrum": "/etc"}, {}),
        ("feature", {"units": [{"terms": []}]}, {}),
        ("fool", {"transfer": ["nets.py:tiny"]}, {"photo": "sample:flower"}),
        ("card", {"unit": "mix:1", "scan": "x.db"}, {}),
        ("card", {"unit": "mix:1", "pictures": "/etc"}, {}),
        ("dream", {"model": "nets.py:tiny"}, {"photo": "sample:flower"}),
        ("dream", {"output": "/tmp/x.png"}, {"photo": "sample:flower"}),
        ("scan", {"photos": "/etc"}, {}),
        ("rerun", {}, {}),
    ],
)
def test_a_page_names_no_file_no_code_and_no_network(live, kind, settings, pictures):
    before = len(live.get("/api/jobs"))
    assert live.refused("/api/jobs", kind=kind, settings=settings, pictures=pictures)
    assert live.refused("/api/command", kind=kind, settings=settings, pictures=pictures)
    assert len(live.get("/api/jobs")) == before


@pytest.mark.parametrize("path", ["/api/jobs", "/api/ask/classes", "/api/command"])
@pytest.mark.parametrize("body", [b"", b"[", b"[" * 100_000, b"null", b'"a"', b"\xff", b'{"kind": 1}', b'{"more": 1}'])
def test_a_body_that_is_none_is_refused(live, path, body):
    answer = live.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_body_of_another_kind_or_without_end_is_refused(live):
    assert live.client.post("/api/jobs", content=b"{}").status_code == 415
    headers = {"Content-Type": "application/json"}
    assert live.client.post("/api/jobs", content=b" " * 2_000_000, headers=headers).status_code == 413


def test_a_hundred_connections_that_never_read_cost_little_and_nobody_else_waits(live):
    cookie, host = cookies(live), live.base.removeprefix("http://")
    before, open_ones = resident(live.process.pid), []
    try:
        for number in range(100):
            path = "/api/events" if number % 2 else "/api/studio"
            one = socket.create_connection((host.partition(":")[0], int(host.partition(":")[2])))
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
            open_ones.append(one)
        assert live.ended(live.job(steps=3))["state"] == "done"
        assert STREAMS < 50
        assert resident(live.process.pid) - before < 30_000_000
    finally:
        for one in open_ones:
            one.close()
