"""The feed's ring: order, resumption, limits of number and size, and waking of waiting pages."""

import asyncio
import json
from typing import Any

from gateways.demo.feed import TOGETHER, Feed, event


def numbers(texts: list[str]) -> list[int]:
    return [json.loads(text)["n"] for text in texts]


def some(first: int, last: int, **more: Any) -> list[dict[str, Any]]:
    return [{"n": number, **more} for number in range(first, last + 1)]


def test_items_arrive_once_and_in_order() -> None:
    feed = Feed()
    feed.add(some(1, 3))
    texts, last = feed.after(0)
    assert (numbers(texts), last) == ([1, 2, 3], 3)
    assert feed.after(last) == ([], 3)
    feed.add(some(4, 5))
    texts, last = feed.after(last)
    assert (numbers(texts), last) == ([4, 5], 5)


def test_many_items_are_split_into_several_events() -> None:
    feed = Feed()
    feed.add(some(1, TOGETHER + 10))
    texts, last = feed.after(0)
    assert (len(texts), last) == (TOGETHER, TOGETHER)
    assert numbers(feed.after(last)[0]) == list(range(TOGETHER + 1, TOGETHER + 11))


def test_the_oldest_items_are_dropped_by_number() -> None:
    feed = Feed(items=10)
    feed.add(some(1, 25))
    texts, last = feed.after(3)  # a page that was disconnected
    assert (numbers(texts), last) == (list(range(16, 26)), 25)


def test_the_oldest_items_are_dropped_by_size() -> None:
    feed = Feed(octets=10_000)
    for number in range(1, 101):
        feed.add(some(number, number, text="x" * 1000))
    texts, last = feed.after(0)
    assert last == 100
    assert sum(map(len, texts)) <= 10_000
    assert numbers(texts) == list(range(101 - len(texts), 101))
    feed.add(some(101, 101, text="x" * 20_000))  # the item is larger than the ring, so it is the only one
    assert numbers(feed.after(0)[0]) == [101]


def test_the_number_of_another_demo_returns_all_items() -> None:
    feed = Feed()
    feed.add(some(1, 2))
    assert numbers(feed.after(900)[0]) == [1, 2]


def test_a_waiting_page_is_woken() -> None:
    async def main() -> None:
        feed = Feed()
        waiting = [asyncio.create_task(feed.wait(0)) for _ in range(3)]
        await asyncio.sleep(0)
        feed.add(some(1, 1))
        await asyncio.wait_for(asyncio.gather(*waiting), 20)
        await asyncio.wait_for(feed.wait(0), 5)  # an item already exists

    asyncio.run(main())


def test_an_event_is_one_line_of_data_with_a_number_for_reconnection() -> None:
    feed = Feed()
    feed.add([{"n": 1, "text": "a\nb\r\u2028"}])
    said = event(*feed.after(0))
    assert said.splitlines() == [b"id: 1", said.split(b"\n")[1], b""]
    assert json.loads(said.split(b"\n")[1].removeprefix(b"data: ")) == [{"n": 1, "text": "a\nb\r\u2028"}]
