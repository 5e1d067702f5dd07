"""One measurement after another, each of a process of its own, so that its start and its memory are its own."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.benchmark import END_TO_END, IMPORT, ONE_ARTICLE, Benchmark, Contender, Memory, Speed, Spread, Start, bars
from eval.contenders import CONTENDERS, Shape, Task, Times
from eval.machine import Machine
from eval.processes import Ended, run

FEW = 1000  # articles that Malimet reads in each of its runs for speed
SAMPLE = 32  # articles that each other contender reads in a run
MALIMET = ("-m", "malimet")
STARTS: dict[str, tuple[str, ...]] = {
    "python": ("-c", "pass"),
    "import malimet": ("-c", "import malimet"),
    IMPORT: ("-c", IMPORT),
    "malimet --help": (*MALIMET, "--help"),
}

Tell = Callable[[str], None]


def measure(texts: Sequence[str], *, articles: int, repetitions: int, shape: Shape, tell: Tell) -> Benchmark:
    """Measure all, one process after another; `tell` is told what is being measured.

    Texts are repeated, with ids of their own, until there are `articles`. Raises ValueError where Malimet fails.
    """
    machine = Machine.here()
    with TemporaryDirectory() as directory:
        starts = tuple(_starts(texts[0], Path(directory), repetitions, tell))
        malimet, memory = _malimet(texts, articles, Path(directory), repetitions, starts[-1], tell)
    others = []
    for name in CONTENDERS:
        tell(name)
        others.append(
            _contender(Task(contender=name, texts=tuple(texts[:SAMPLE]), repetitions=repetitions, shape=shape))
        )
    contenders = (malimet, *others)
    return Benchmark(
        machine=machine,
        texts=len(texts),
        contenders=contenders,
        starts=starts,
        memory=memory,
        bars=bars(contenders, starts, memory),
    )


def _starts(text: str, directory: Path, repetitions: int, tell: Tell) -> Iterator[Start]:
    """What a process takes that does little, the last that of reading one article."""
    article, records = directory / "article.txt", directory / "article.jsonl"
    article.write_text(text, "utf-8")
    for name, arguments in (STARTS | {ONE_ARTICLE: _extract(article, records)}).items():
        tell(name)
        _done(arguments)  # so that its files are in the system's cache
        yield Start(name=name, seconds=Spread.of([_done(arguments).seconds for _ in range(repetitions)]))


def _malimet(
    texts: Sequence[str], articles: int, directory: Path, repetitions: int, one: Start, tell: Tell
) -> tuple[Contender, tuple[Memory, Memory]]:
    """Malimet end to end, and its memory with few articles and with many."""
    few = max(1, min(FEW, articles // 10))
    runs = {few: repetitions, articles: 1}
    ended: dict[int, list[Ended]] = {}
    words: dict[int, int] = {}
    for count, times in runs.items():
        source, target = directory / f"{count}.jsonl", directory / f"{count}.records.jsonl"
        words[count] = _write_articles(islice(cycle(texts), count), source)
        tell(f"{END_TO_END}, {count:,} articles")
        ended[count] = [_done(_extract(source, target)) for _ in range(times)]
    memory = [
        Memory(
            articles=count,
            peak=max(run.peak for run in ended[count]),
            words_per_second=words[count] / Spread.of([run.seconds for run in ended[count]]).median,
        )
        for count in (few, articles)
    ]
    speed = _speed(few, words[few], [run.seconds for run in ended[few]], one.seconds.median, memory[-1].peak)
    return Contender(name=END_TO_END, speed=speed, not_measured=None), (memory[0], memory[1])


def _contender(task: Task) -> Contender:
    ended = run([sys.executable, "-m", "eval.contenders"], task.model_dump_json())
    if ended.failure:
        return Contender(name=task.contender, speed=None, not_measured=ended.failure)
    times = Times.model_validate_json(ended.output.splitlines()[-1])
    words = sum(len(text.split()) for text in task.texts)
    speed = _speed(len(task.texts), words, times.seconds, times.first - ended.began, ended.peak)
    return Contender(name=task.contender, speed=speed, not_measured=None)


def _speed(articles: int, words: int, seconds: Sequence[float], first: float, memory: int) -> Speed:
    return Speed(
        articles=articles,
        words_per_second=Spread.of([words / each for each in seconds]),
        documents_per_second=Spread.of([articles / each for each in seconds]),
        first=first,
        memory=memory,
    )


def _extract(source: Path, target: Path) -> tuple[str, ...]:
    return (*MALIMET, "extract", str(source), "-o", str(target))


def _done(arguments: Sequence[str]) -> Ended:
    """A run of Python. Raises ValueError where it fails."""
    ended = run([sys.executable, *arguments])
    if ended.failure:
        raise ValueError(f"python {' '.join(arguments)} failed: {ended.failure}")
    return ended


def _write_articles(texts: Iterable[str], path: Path) -> int:
    """Write texts as articles with ids of their own, and count their words."""
    words = 0
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts, 1):
            print(json.dumps({"id": f"article {number}", "text": text}, ensure_ascii=False), file=file)
            words += len(text.split())
    return words
