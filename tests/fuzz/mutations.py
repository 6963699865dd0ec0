"""Changes to texts, bytes and trees of JSON values, all drawn from one generator."""

import contextlib
import random
import sqlite3
from pathlib import Path
from typing import Any

TEXTS = (
    "", " ", "0", "-1", "1e309", "nan", "inf", "-inf", "true", "null", "none", "\x00", "\x1b[2J", "\n", "\r", "\u202e",
    "\ud800", "a" * 300, "9" * 40, "9" * 5000, "é" * 200, "~nosuchuser/x", "~", "/", "..", "../../etc/passwd",
    "/dev/zero", "//", "C:\\x", "%s%n", "{0}", "[red]", "$(id)", ":", "::", "@", "=", "~", "~2", '"', "+", ",", "-",
    "@:,:", "0-99999", "5-2", "99999999x99999999", "0x0", "1x1x1", "os:getcwd", "evil.py:make", "timm:", "timm:x.",
    "sample:", "sample:../x", "x.toml", "x.toml:", "http://nowhere.invalid/", "=nan", "l2=inf", "total-variation=",
)  # fmt: skip
WHOLE = (0, -1, 1, 2, 3, 7, 10**6, 2**31, 2**63, 10**30, -(10**30))
NUMBERS = (*WHOLE, 0.5, -0.0, 1e-320, 1e308, float("nan"), float("inf"))
VALUES: tuple[Any, ...] = (*NUMBERS, None, True, False, [], {}, [[]], [None], {"": None})


def text(random_: random.Random, given: str, most: int = 3) -> str:
    """A text with a few places cut, doubled, swapped or replaced."""
    for _ in range(random_.randint(1, most)):
        at = random_.randint(0, len(given))
        end = min(len(given), at + random_.randint(0, 4))
        kind = random_.randrange(5)
        if kind == 0:
            given = given[:at] + given[end:]
        elif kind == 1:
            given = given[:at] + random_.choice(TEXTS) + given[end:]
        elif kind == 2:
            given = given[:end] + given[at:]
        elif kind == 3:
            given = given[:at] + chr(random_.choice((random_.randrange(32), random_.randrange(0x3000)))) + given[end:]
        else:
            given = random_.choice(TEXTS) if random_.random() < 0.2 else given[at:] + given[:at]
    return given


def content(random_: random.Random, given: bytes) -> bytes:
    """Bytes with flipped bits, a part cut out, doubled, zeroed or replaced, or the end gone."""
    changed = bytearray(given)
    for _ in range(random_.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        at = min(random_.randrange(len(changed)), random_.randrange(len(changed)))  # heads are what is read first
        length = random_.choice((1, 1, 2, 4, 8, 64))
        kind = random_.randrange(6)
        if kind == 0:
            changed[at] ^= 1 << random_.randrange(8)
        elif kind == 1:
            changed[at : at + length] = random_.randbytes(length)
        elif kind == 2:
            del changed[at : at + length]
        elif kind == 3:
            changed[at:at] = changed[at : at + length]
        elif kind == 4:
            changed[at : at + length] = bytes([random_.choice((0, 255, 127))]) * length
        else:
            del changed[at:]
    return bytes(changed)


def value(random_: random.Random) -> Any:
    """A value that nobody asked for."""
    return random_.choice(TEXTS) if random_.random() < 0.5 else random_.choice(VALUES)


def tree(random_: random.Random, given: Any) -> Any:
    """JSON values of which one, somewhere, is another, is gone, or is wrapped."""
    if isinstance(given, dict) and given and random_.random() < 0.85:
        key = random_.choice(list(given))
        if random_.random() < 0.1:
            return {name: item for name, item in given.items() if name != key}
        if random_.random() < 0.05:
            return {**given, random_.choice(TEXTS): value(random_)}
        return {**given, key: tree(random_, given[key])}
    if isinstance(given, list) and given and random_.random() < 0.6:
        at = random_.randrange(len(given))
        return [*given[:at], tree(random_, given[at]), *given[at + 1 :]]
    kind = random_.randrange(6)
    if kind == 0 and isinstance(given, str):
        return text(random_, given)
    if kind == 1:
        return [given]
    if kind == 2:
        return {"photo": given, "sha256": "0" * 64}
    return value(random_)


def rows(random_: random.Random, path: Path) -> str:
    """Changes a value in a row or two of a database, or takes a row away; what was done."""
    done = []
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1")]
        for _ in range(random_.choice((1, 1, 2))):
            table = random_.choice(tables)
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
            column, at = random_.choice(columns), random_.randrange(max(1, count))
            where = f"WHERE rowid IN (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {at})"
            old = database.execute(f"SELECT {column} FROM {table} {where}").fetchone()
            try:
                if random_.random() < 0.1:
                    database.execute(f"DELETE FROM {table} {where}")
                    done.append(f"a row of {table} is gone")
                else:
                    new = _another(random_, old[0] if old else None)
                    database.execute(f"UPDATE {table} SET {column} = ? {where}", (new,))
                    done.append(f"{table}.{column} = {new!r:.60}")
            except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
                done.append(f"{table}.{column}: {error}")
    return "; ".join(done)


def _another(random_: random.Random, old: Any) -> Any:
    """A value of the same type, mostly, that nobody wrote there."""
    if isinstance(old, bytes) and random_.random() < 0.9:
        return content(random_, old)
    if isinstance(old, str) and random_.random() < 0.9:
        return text(random_, old) if random_.random() < 0.5 else random_.choice(TEXTS)
    if isinstance(old, int | float) and random_.random() < 0.9:
        return random_.choice(NUMBERS) if isinstance(old, float) else random_.choice(WHOLE)
    return random_.choice((None, b"", b"\0" * 9, "", 0, 0.5, float("inf")))
