"""How many requests a running service answers, and how fast: `python -m eval.load URL`.

Each client sends a request with the project's own articles as soon as its last one is answered, for some seconds. With
MALIMET_API_KEY in the environment, requests bear the key.
"""

import argparse
import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import httpx2
import numpy as np

from annotations.formats import label_studio

ARTICLES = Path(label_studio.__file__).parent.parent / "corpus" / "train.json"
ROW = "{:>7} {:>10} {:>11} {:>7} {:>7} {:>7}  {}"


@dataclass
class Load:
    """What some clients saw: how long it took, the seconds of each answer, and how often each status came."""

    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


async def load(session: httpx2.AsyncClient, texts: Iterator[str], *, clients: int, size: int, seconds: float) -> Load:
    """Ask a service for some seconds, `size` documents a request. Raises httpx2.HTTPError where it gives no answer."""
    seen = Load()
    start = time.monotonic()

    async def client() -> None:
        while time.monotonic() < start + seconds:
            documents = [{"text": text} for text in islice(texts, size)]
            begun = time.monotonic()
            answer = await session.post("/extract", json={"documents": documents})
            seen.latencies.append(time.monotonic() - begun)
            seen.statuses[answer.status_code] += 1

    await asyncio.gather(*(client() for _ in range(clients)))
    seen.seconds = time.monotonic() - start
    return seen


async def loads(url: str, *, clients: Sequence[int], size: int, seconds: float) -> None:
    """Print a line for each number of clients."""
    texts = cycle([document.text for document in label_studio.read(ARTICLES)])
    key = os.environ.get("MALIMET_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    print(ROW.format("clients", "requests/s", "documents/s", "p50 ms", "p95 ms", "p99 ms", "answers by status"))
    for count in clients:
        limits = httpx2.Limits(max_connections=count)
        async with httpx2.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=120) as session:
            seen = await load(session, texts, clients=count, size=size, seconds=seconds)
        answered = seen.statuses.total() / seen.seconds
        read = size * seen.statuses[200] / seen.seconds
        percentiles = [f"{1000 * each:.0f}" for each in np.percentile(seen.latencies, [50, 95, 99])]
        statuses = " ".join(f"{status}: {times}" for status, times in sorted(seen.statuses.items()))
        print(ROW.format(count, f"{answered:.1f}", f"{read:.1f}", *percentiles, statuses), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m eval.load", description=__doc__)
    parser.add_argument("url", help="the service, such as http://localhost:8000")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64], help="how many ask at the same time")
    parser.add_argument("--documents", type=int, default=1, help="of each request")
    parser.add_argument("--seconds", type=float, default=10, help="how long each number of clients asks")
    given = parser.parse_args(arguments)
    asyncio.run(loads(given.url, clients=given.clients, size=given.documents, seconds=given.seconds))


if __name__ == "__main__":
    main()
