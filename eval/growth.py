"""How the time of each regular expression of the project grows with its text: `python -m eval.growth [ROOM …]`.

Each is run on repetitions of what it may match, once and four times: a linear one then needs four times as long. The
static analyser regexploit 1.0 reads 124 of the 126 expressions, all but those with possessive quantifiers, and finds
none of cubic time or worse; it does not look for quadratic time, which this does.
"""

import importlib
import pkgutil
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator

ROOMS = ("annotations", "infer", "models", "train", "eval", "malimet")
LENGTH = 1_000  # characters
RATIO = 6.0  # of the time for four times as much: 4 is linear, 16 quadratic
SECONDS = 0.01  # a run below that tells nothing
UNITS = (
    *"аАқ1 .,-–«»\"'()[]{}:;/#%\n\t_aI\u200f\u0301",
    *("а ", "1 ", "1.", "1,", "1 000 ", "а.", ". ", "– ", "«а» ", "аА", "1-", "а-", " \n", "a1", "IX ", "(а)", "1:"),
)  # fmt: skip


def patterns(rooms: Iterable[str]) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The regular expressions that stand in modules, under their names."""
    seen = set()
    for room in rooms:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if module.name in ("malimet.__main__", "eval.growth"):
                continue
            try:
                loaded = importlib.import_module(module.name)
            except ImportError as error:
                print(f"{module.name} is left out: {error}")
                continue
            for name, value in vars(loaded).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str) and value not in seen:
                    seen.add(value)
                    yield f"{module.name}.{name}", value


def seconds(work: Callable[[str], object], text: str) -> float:
    """Processor time."""
    start = time.process_time()
    work(text)
    return time.process_time() - start


def growth(work: Callable[[str], object]) -> tuple[float, str, float]:
    """The worst repetition: the ratio of its times for four times as much, what is repeated, and the longer time."""
    worst = (0.0, "", 0.0)
    for unit in UNITS:
        for end in ("", "\0"):
            short, long = ((unit * (length // len(unit))) + end for length in (LENGTH, 4 * LENGTH))
            spent = seconds(work, long)
            if spent >= SECONDS:
                worst = max(worst, (spent / max(seconds(work, short), 1e-9), unit + end, spent))
    return worst


def main() -> None:
    """Print each expression whose time grows faster than its text when all matches are sought, or the whole matched:
    what is only ever matched from one place on, line by line, may well need more time to be sought everywhere."""
    count = 0
    for count, (name, pattern) in enumerate(patterns(sys.argv[1:] or ROOMS), 1):  # noqa: B007
        for way, work in (("fullmatch", pattern.fullmatch), ("findall", pattern.findall)):
            ratio, unit, spent = growth(work)
            if ratio >= RATIO:
                print(
                    f"{name}.{way}: {spent:.2f} seconds, {ratio:.0f} times as long, for four times as much of {unit!r}"
                )
    print(f"{count} regular expressions, times of {LENGTH:,} and {4 * LENGTH:,} characters")


if __name__ == "__main__":
    main()
