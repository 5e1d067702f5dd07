"""Facts that a document tells more than once: in the headline, in a caption, in the body.

Two records tell one fact only where nothing speaks against it and their words for it agree; a number alone proves
little, for `12 мектеп салынды` and `12 мектеп жөнделді` are two facts. In doubt they are two.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from infer.linking import Change
from infer.numbers import Bound

_WORD = re.compile(r"[^\W\d_]+")
_VOWEL = "аәеёиоөуүұыіэюя"

# Endings of nouns in the nominative, of verbs, and the vowel in which the stems of some verbs end before them.
_POSSESSIVE = re.compile(rf"(?:(?<=[{_VOWEL}])с[ыі]?|[ыі])$")
_PLURAL = re.compile(r"[лдт][ае]р$")
_TENSE = re.compile(r"(?:[ғқ]ан|[гк]ен|[дт][ыі]|[аеий]д[ыі]|атын|етін|йтын|йтін|ыпты|іпті|[ыі]?п|[ае]р|у)$")
_THEME = re.compile(r"[аеий]$")
_VOICED = str.maketrans("бгғ", "пкқ")

# Heads that name a measure and leave it to the words before them to say of what: `оқушы саны`, `өндіріс көлемі`.
_MEASURES = "саны көлемі деңгейі үлесі мөлшері көрсеткіші"
# Verbs that help another one: `салынып жатыр`, `көшіп келген`.
_HELPERS = "жатыр жатқан отыр тұр жүр болды келді кетті қалды шықты берді алды қойды еді екен"

# Bounds that may tell of one number, `300-ден астам` and `кемінде 300`; a headline's bare number goes with any.
_UPWARDS, _DOWNWARDS = frozenset(("over", "at_least")), frozenset(("under", "at_most"))
# Significant digits of a number that two facts would hardly share by chance: whatever they say, or saying the same.
_TELLING, _ROUND = 3, 2
_MOST = 100  # facts with one number that later ones are compared with: a bound on the time that a table may take


@dataclass(frozen=True, slots=True)
class Fact:
    """What a record says, as far as it shows whether another one says the same.

    `indicator`, `place` and `subject` are nominatives, `action` stands as in the text, `period` is its first and last
    day, or its words where the days are unknown; `sentence` is the offset of the sentence's first code point.
    """

    sentence: int
    number: int | float
    high: int | float | None
    unit: str
    bound: Bound = "exact"
    change: Change | None = None
    indicator: str | None = None
    action: str | None = None
    period: tuple[date, date] | str | None = None
    place: str | None = None
    subject: str | None = None


def firsts(facts: Sequence[Fact]) -> list[int | None]:
    """For each fact the index of the first one that tells the same, None if it is the first itself.

    Of more than `_MOST` facts with one number, only those are looked for again.
    """
    found: list[int | None] = []
    told: dict[object, list[int]] = defaultdict(list)  # the first ones by their numbers
    for place, fact in enumerate(facts):
        earlier = told[fact.number, fact.high, fact.unit]
        found.append(next((first for first in earlier if same(facts[first], fact)), None))
        if found[place] is None and len(earlier) < _MOST:
            earlier.append(place)
    return found


def same(one: Fact, other: Fact) -> bool:
    """Whether two records of a document tell one fact. One sentence never tells it twice."""
    if one.sentence == other.sentence or (one.number, one.high, one.unit) != (other.number, other.high, other.unit):
        return False
    if not (_bounds_agree(one.bound, other.bound) and _periods_agree(one.period, other.period)):
        return False
    pairs = ((one.change, other.change), (one.place, other.place), (one.subject, other.subject))
    if any(left and right and left != right for left, right in pairs):
        return False
    return _words_agree(one, other)


def _bounds_agree(one: Bound, other: Bound) -> bool:
    both = {one, other}
    return len(both) == 1 or bool(both & {"exact", "about"}) or both <= _UPWARDS or both <= _DOWNWARDS


def _periods_agree(one: tuple[date, date] | str | None, other: tuple[date, date] | str | None) -> bool:
    """Whether one period is missing, the same, or lies within the other: `қаңтарда` within `биыл`."""
    if one is None or other is None:
        return True
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    inner = (max(one[0], other[0]), min(one[1], other[1]))
    return inner in (one, other)


def _words_agree(one: Fact, other: Fact) -> bool:
    """Whether indicators and actions go together.

    Two indicators must agree, and so must two actions, unless the number is telling. Where an indicator is missing the
    number must be telling, or with one action not quite round.
    """
    named, other_named = _noun_stems(one.indicator), _noun_stems(other.indicator)
    done, other_done = _verb_stems(one.action), _verb_stems(other.action)
    digits = len(Decimal(str(one.number)).normalize().as_tuple().digits)
    if named and other_named:
        free = not done or not other_done or digits >= _TELLING
        return _nouns_agree(named, other_named) and (free or bool(done & other_done))
    return digits >= (_ROUND if done & other_done else _TELLING)


def _nouns_agree(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two phrases have one head and one of them only says more of it: `мектеп` and `жаңа мектеп`."""
    shorter, longer = sorted((one, other), key=len)
    return bool(shorter) and shorter[-1] == longer[-1] and set(shorter) <= set(longer)


@lru_cache(maxsize=2**10)
def _noun_stems(phrase: str | None) -> Sequence[str]:
    """The stems of a noun phrase, without a measure at its end."""
    stems = [_noun_stem(word) for word in _words(phrase)]
    return stems[:-1] if stems and stems[-1] in _measures() else stems


def _noun_stem(word: str) -> str:
    for ending in (_POSSESSIVE, _PLURAL, _POSSESSIVE):
        word = _cut(word, ending)
    return word[:-1] + word[-1].translate(_VOICED)


@lru_cache(maxsize=2**10)
def _verb_stems(phrase: str | None) -> frozenset[str]:
    """The stems of a predicate's words, without helping verbs unless there is nothing else."""
    stems = frozenset(_verb_stem(word) for word in _words(phrase))
    return stems - _helpers() or stems


def _verb_stem(word: str) -> str:
    return _cut(_cut(word, _TENSE), _THEME)


def _words(phrase: str | None) -> list[str]:
    return _WORD.findall((phrase or "").lower())


def _cut(word: str, ending: re.Pattern[str]) -> str:
    """The word without an ending, if two letters are left."""
    stem = ending.sub("", word)
    return stem if len(stem) > 1 else word


@cache
def _measures() -> frozenset[str]:
    return frozenset(_noun_stem(word) for word in _MEASURES.split())


@cache
def _helpers() -> frozenset[str]:
    return frozenset(_verb_stem(word) for word in _HELPERS.split())
