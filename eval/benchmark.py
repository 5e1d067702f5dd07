"""How fast Malimet is and how much memory it needs, beside others: the figures, and the bars that they are held to."""

from collections.abc import Sequence
from statistics import median
from typing import Literal, Self

from eval.contenders import ENGINE, OUR_PIPELINES, XLM_ROBERTA
from eval.figures import Part
from eval.machine import Machine

END_TO_END = "Malimet: article to written record"
OURS = (END_TO_END, ENGINE)
ONE_ARTICLE = "malimet extract, one article"
IMPORT = "from malimet import Extractor"

BAR_CORES = 2  # of the machine that the bars are for
FLAT = 1.1  # times the memory that few articles need


class Spread(Part):
    """The median of several measurements, the least and the most of them."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Of at least one value."""
        return cls(median=median(values), low=min(values), high=max(values), runs=len(values))


class Speed(Part):
    """What a contender needs, from start to finish. `first` is in seconds, from the start of its process until it had
    read its first article; `memory` is the most that it held, in bytes."""

    articles: int
    words_per_second: Spread
    documents_per_second: Spread
    first: float
    memory: int


class Contender(Part):
    """Its speed, or why there is none."""

    name: str
    speed: Speed | None
    not_measured: str | None


class Start(Part):
    """Seconds that a process takes from its start to its end."""

    name: str
    seconds: Spread


class Memory(Part):
    """The most memory that `malimet extract` held for a number of articles, in bytes."""

    articles: int
    peak: int
    words_per_second: float


class Bar(Part):
    """What is asked for and what was measured; both None where it could not be."""

    name: str
    asked: Literal["at least", "at most"]
    limit: float
    unit: str
    measured: float | None
    passed: bool | None


class Benchmark(Part):
    """One run of `malimet bench`. `texts` are the different ones among the articles; words are what stands between
    white space. The first contender is Malimet, end to end; `memory` is in the order of the articles."""

    machine: Machine
    texts: int
    contenders: tuple[Contender, ...]
    starts: tuple[Start, ...]
    memory: tuple[Memory, ...]
    bars: tuple[Bar, ...]


def ratio(contenders: Sequence[Contender], names: Sequence[str]) -> float | None:
    """How many times as fast as the fastest of the named contenders Malimet is end to end; None without a speed."""
    speeds = {each.name: each.speed.words_per_second.median for each in contenders if each.speed}
    others = [speeds[name] for name in names if name in speeds]
    return speeds[END_TO_END] / max(others) if others else None


def bars(contenders: Sequence[Contender], starts: Sequence[Start], memory: Sequence[Memory]) -> tuple[Bar, ...]:
    """The bars, each held to the harder of the ways to measure it."""
    seconds = {start.name: start.seconds.median for start in starts}
    few, most = memory[0], memory[-1]
    return (
        _faster("pipeline with an XLM-R base", 50, ratio(contenders, XLM_ROBERTA)),
        _faster("pipeline with our model", 8, ratio(contenders, OUR_PIPELINES)),
        _within(f"{ONE_ARTICLE}, from process start", 1.0, "s", seconds[ONE_ARTICLE]),
        _within(IMPORT, 0.3, "s", seconds[IMPORT]),
        _within(f"peak memory, {most.articles:,} articles", 300, "MB", most.peak / 1e6),
        _within(f"the same over that of {few.articles:,}", FLAT, "×", most.peak / few.peak),
    )


def _faster(other: str, limit: float, measured: float | None) -> Bar:
    passed = None if measured is None else measured >= limit
    name = f"end to end over the {other}"
    return Bar(name=name, asked="at least", limit=limit, unit="×", measured=measured, passed=passed)


def _within(name: str, limit: float, unit: str, measured: float) -> Bar:
    return Bar(name=name, asked="at most", limit=limit, unit=unit, measured=measured, passed=measured <= limit)
