"""The feed: newest states, in order, never more of them than there are things."""

import asyncio

from reverie.studio.feed import Feed
from reverie.studio.limits import STREAMS


def read(feed: Feed, after: int = 0) -> list[str]:
    """All that a reader gets until the feed is closed."""

    async def collect() -> list[str]:
        feed.closed = False
        found = []
        async for frame in feed.stream(after):
            found.append(frame.decode())
            if len(found) > len(feed.states):  # the first one says how soon to come back
                feed.close()
        return found[1:]

    return asyncio.run(collect())


def test_a_reader_gets_the_newest_state_of_each_thing_in_the_order_of_their_changes():
    feed = Feed()
    for value in range(50):
        feed.publish("a", "job", lambda value=value: {"value": value})
    feed.publish("b", "job", lambda: {"value": "b"})
    assert read(feed) == [
        'id: 50\nevent: job\ndata: {"value":49}\n\n',
        'id: 51\nevent: job\ndata: {"value":"b"}\n\n',
    ]


def test_a_state_is_told_as_it_is_when_it_is_sent():
    feed, state = Feed(), {"value": 1}
    feed.publish("a", "job", lambda: state)
    state["value"] = 2
    assert '"value":2' in read(feed)[0]


def test_a_reader_that_comes_back_gets_what_has_changed_since():
    async def run() -> list[str]:
        feed = Feed()
        feed.publish("a", "job", lambda: 1)
        feed.publish("b", "job", lambda: 2)
        found = []
        async for frame in feed.stream(1):
            found.append(frame.decode())
            if "data" in found[-1]:
                feed.close()
        return found

    assert [frame for frame in asyncio.run(run()) if "data" in frame] == ["id: 2\nevent: job\ndata: 2\n\n"]


def test_a_reader_that_stands_still_costs_one_state_for_each_thing():
    async def run() -> int:
        feed = Feed()
        stream = feed.stream(0)
        await anext(stream)
        for value in range(1000):
            feed.publish("a", "job", lambda value=value: value)
        assert (await anext(stream)) == b"id: 1000\nevent: job\ndata: 999\n\n"
        await stream.aclose()
        return len(feed.states) + len(feed.readers)

    assert asyncio.run(run()) == 1


def test_of_too_many_readers_the_first_is_let_go():
    async def run() -> tuple[int, bool]:
        feed = Feed()
        streams = [feed.stream(0) for _ in range(STREAMS + 5)]
        for stream in streams:
            await anext(stream)
        ended = await anext(streams[0], None) is None
        count = len(feed.readers)
        for stream in streams:
            await stream.aclose()
        return count, ended

    assert asyncio.run(run()) == (STREAMS, True)


def test_what_has_happened_is_told_to_readers_of_now_and_forgotten(monkeypatch):
    monkeypatch.setattr("reverie.studio.feed.LASTING", 0)

    async def run() -> tuple[bytes, int]:
        feed = Feed()
        stream = feed.stream(0)
        await anext(stream)
        feed.tell("work a", "work", {"id": "a"})
        frame = await anext(stream)
        await asyncio.sleep(0.01)
        await stream.aclose()
        return frame, len(feed.states)

    assert asyncio.run(run()) == (b'id: 1\nevent: work\ndata: {"id":"a"}\n\n', 0)
