"""Documents of many requests, read together: a queue of limited length before one thread that reads in batches."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from annotations.checks import Problem
from annotations.document import Document
from infer.records import Article

SIZE = 32  # documents of a batch
CHARACTERS = 100_000  # of a batch's texts, unless one alone is longer: a few seconds of reading
WAIT = 0.005  # seconds that a batch waits for company when nothing else is being read

Outcome = Article | Problem
Read = Callable[[Sequence[Document]], Sequence[Outcome]]


class Full(Exception):
    """The queue has no room for the documents of a request."""


class _Ticket(NamedTuple):
    document: Document
    future: "asyncio.Future[Outcome]"


class Batcher:
    """Reads the documents of requests that come at the same time in common batches.

    Requests take turns, a document each, so that a short one does not wait for all of a long one. Whoever stops waiting
    (its task is cancelled) takes its documents out of the queue.
    """

    def __init__(self, read: Read, *, bound: int) -> None:
        """`read` gives each document's outcome in order; it runs in a thread and never raises. `bound` is how many
        documents may wait."""
        self._read = read
        self._bound = bound
        self._requests: deque[deque[_Ticket]] = deque()
        self._arrived = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many documents wait."""
        return sum(len(tickets) for tickets in self._requests)

    async def outcomes(self, documents: Sequence[Document]) -> list[Outcome]:
        """What was read from each document, in order. Raises Full at once where the queue has no room for them all."""
        if self.waiting + len(documents) > self._bound:
            raise Full
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in documents]
        tickets = deque(map(_Ticket, documents, futures))
        self._requests.append(tickets)
        self._arrived.set()
        try:
            return list(await asyncio.gather(*futures))
        finally:
            tickets.clear()

    async def run(self) -> None:
        """Read whatever comes, until cancelled."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "reading") as thread:
            while True:
                await self._arrived.wait()
                await asyncio.sleep(WAIT)
                self._arrived.clear()
                while batch := self._next():
                    documents = [ticket.document for ticket in batch]
                    found = await loop.run_in_executor(thread, self._read, documents)
                    for ticket, outcome in zip(batch, found, strict=True):
                        if not ticket.future.done():
                            ticket.future.set_result(outcome)

    def _next(self) -> list[_Ticket]:
        """The documents whose turn it is; empty when none waits."""
        batch: list[_Ticket] = []
        length = 0
        while self._requests and len(batch) < SIZE:
            tickets = self._requests.popleft()
            if not tickets:
                continue
            length += len(tickets[0].document.text)
            if batch and length > CHARACTERS:
                self._requests.appendleft(tickets)
                break
            batch.append(tickets.popleft())
            self._requests.append(tickets)
        return batch
