"""Requests that come together are read together, take turns, and get their own documents back."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.checks import Problem
from annotations.document import Document
from infer import batching
from infer.batching import Batcher, Full, Outcome


def documents(name: str, count: int, text: str = "сөз") -> list[Document]:
    return [Document(f"{name}{number}", text) for number in range(count)]


class Reader:
    """Notes its batches and answers with the documents' ids; without `open` it waits in the first batch."""

    def __init__(self, *, open: bool = True) -> None:
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        if open:
            self.gate.set()

    def __call__(self, batch: Sequence[Document]) -> list[Outcome]:
        self.batches.append([document.id for document in batch])
        assert self.gate.wait(20)
        return [Problem(document.id, "", "") for document in batch]


async def ask(batcher: Batcher, asked: Sequence[Document]) -> list[str]:
    outcomes = await batcher.outcomes(asked)
    return [outcome.document for outcome in outcomes if isinstance(outcome, Problem)]


async def begun(reader: Reader) -> None:
    """Wait until a batch is being read."""
    while not reader.batches:
        await asyncio.sleep(0.001)


@given(st.lists(st.integers(0, 80), max_size=12))
def test_each_request_gets_its_own_in_order(counts: list[int]) -> None:
    reader = Reader()
    asked = [documents(f"{number}-", count) for number, count in enumerate(counts)]

    async def run() -> list[list[str]]:
        batcher = Batcher(reader, bound=1000)
        running = asyncio.create_task(batcher.run())
        found = await asyncio.gather(*(ask(batcher, each) for each in asked))
        running.cancel()
        return found

    assert asyncio.run(run()) == [[document.id for document in each] for each in asked]
    assert max(map(len, reader.batches), default=0) <= batching.SIZE
    if sum(counts) > 1:
        assert len(reader.batches) < sum(counts)


def test_a_short_request_overtakes_a_long_one() -> None:
    reader = Reader(open=False)

    async def run() -> None:
        batcher = Batcher(reader, bound=1000)
        running = asyncio.create_task(batcher.run())
        first = asyncio.create_task(ask(batcher, documents("a", 200)))
        await begun(reader)
        second = asyncio.create_task(ask(batcher, documents("b", 2)))
        await asyncio.sleep(0.01)
        assert batcher.waiting == 200 - batching.SIZE + 2
        reader.gate.set()
        await asyncio.gather(first, second)
        assert batcher.waiting == 0
        running.cancel()

    asyncio.run(run())
    assert reader.batches[1][:5] == [f"a{batching.SIZE}", "b0", f"a{batching.SIZE + 1}", "b1", f"a{batching.SIZE + 2}"]


def test_long_texts_are_read_in_small_batches() -> None:
    reader = Reader()
    half, whole = (
        documents("h", 4, "а" * (batching.CHARACTERS // 2)),
        documents("w", 1, "а" * (3 * batching.CHARACTERS)),
    )

    async def run() -> None:
        batcher = Batcher(reader, bound=100)
        running = asyncio.create_task(batcher.run())
        await ask(batcher, half + whole)
        running.cancel()

    asyncio.run(run())
    assert reader.batches == [["h0", "h1"], ["h2", "h3"], ["w0"]]


def test_a_full_queue_refuses_and_who_leaves_makes_room() -> None:
    reader = Reader(open=False)

    async def run() -> None:
        batcher = Batcher(reader, bound=3)
        running = asyncio.create_task(batcher.run())
        being_read = asyncio.create_task(ask(batcher, documents("a", 1)))
        await begun(reader)
        leaving = asyncio.create_task(ask(batcher, documents("b", 2)))
        staying = asyncio.create_task(ask(batcher, documents("c", 1)))
        await asyncio.sleep(0)
        with pytest.raises(Full):
            await ask(batcher, documents("d", 1))
        leaving.cancel()
        being_read.cancel()
        await asyncio.sleep(0.01)
        late = asyncio.create_task(ask(batcher, documents("e", 2)))
        await asyncio.sleep(0)
        assert batcher.waiting == 3
        reader.gate.set()
        assert await asyncio.gather(staying, late) == [["c0"], ["e0", "e1"]]
        running.cancel()

    asyncio.run(run())
    assert reader.batches == [["a0"], ["c0", "e0", "e1"]]  # nobody waited for the documents of `leaving`
