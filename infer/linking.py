"""Metrics from the spans of a text: which values measure something, what fills their roles, their bound and change.

The links are the choices of a small scorer whose weights lie beside this file (`train/linker.py` fits them). Bound and
change are rules over the verb: the annotation guide's "settled cases". Every decision leaves its reason in `how`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from annotations.document import Span
from infer.headers import header_lines
from infer.numbers import Bound, Number
from infer.units import Reading, Unit, read_values
from models.linker import Choice, Linked, Linker
from models.pairs import Scene
from models.sentences import split

Change = Literal["increase", "decrease"]

WEIGHTS = Path(__file__).with_name("linking.json")

_INCREASE = (
    r"өс(?!пе|ір|імд)|арт(?:а|қан|т|ып|у)|көбей(?!ме)|ұлға|қымбатта(?!ма)|жоғарыла(?!ма)|молай|кеңей(?!ме)"
    r"|көтер(?!ме|ілме)|нығай"
)
_DECREASE = r"аза[йяю](?!ма)|кем[ії](?!ме)|төменде(?!ме)|қысқар(?!ма)|арзанда(?!ма)|құлдыра|әлсіре"
_VERBS: tuple[tuple[Change, re.Pattern[str]], ...] = (
    ("increase", re.compile(rf"\b(?:{_INCREASE})")),
    ("decrease", re.compile(rf"\b(?:{_DECREASE})")),
)
_COMPARISONS: dict[str, Change] = {"көп": "increase", "артық": "increase", "аз": "decrease", "кем": "decrease"}
_NOUNS: tuple[tuple[Change, re.Pattern[str]], ...] = (
    ("increase", re.compile(r"(?:\bөсім|өсу|артуы|ұлғаю|көбею|қымбаттау)\w*$")),
    ("decrease", re.compile(r"(?:төмендеу|азаю|кему|қысқару|арзандау)\w*$")),
)
_FROM = re.compile(r"[дтн][ае]н$")
_TO = re.compile(r"(?:[ғқ]а|[гк]е|дейін)$")

_CEILING = re.compile(r"[дш]ейін\w*$")
_REACHING = re.compile(r"\bжет(?:[етікп]|у|кіз)|\bтүс(?:ті|кен|ір|у)")
# A verb right behind the value, over a bracket or the noun that takes the case: `200 [адамнан] асады`.
_VERB_BEHIND = r"(?:\s?\([^()]{0,40}\))?(?:\s[^\W\d]+[нртд][ае]н|\s[^\W\d]+[ғгқк][ае])?(?:\sда|\sде)?\s"
_BOUND_VERBS: tuple[tuple[Bound, re.Pattern[str]], ...] = (
    ("at_least", re.compile(rf"{_VERB_BEHIND}(?:кем|аз|төмен)?\s?(?:емес|болма)")),
    (
        "at_most",
        re.compile(rf"{_VERB_BEHIND}(?:аспа|артпа|(?:асқан|артқан)\sжоқ|(?:артық|көп|жоғары)\s(?:емес|болма))"),
    ),
    ("over", re.compile(rf"{_VERB_BEHIND}ас(?:а|ты|қан|ып|у|са|ыр)")),
    ("about", re.compile(rf"{_VERB_BEHIND}(?:жуықта|жақында|маңай|маңын|төңірег|шамасын)")),
    ("under", re.compile(rf"{_VERB_BEHIND}жетпе")),
)

_SPEAKERS = ("PERSON", "ORGANISATION", "POSITION")
_SAID_BEFORE = re.compile(r"(?:де[дй]і|дейді|депті|айтты|мәлімдеді|хабарлады)[\s,:–—«\"]{1,4}$")
_SAID_AFTER = re.compile(
    r"[»”\"]?(?:\s[^\W\d]+){0,2}[\s,]{1,3}(?:айтуынша|айтуына|сөзінше|мәліметінше|мәліметтер|дерегінше|деректер|хабарлауынша"
    r"|деп\s(?:хабарла|мәлімде|атап|айт)|мәлімде|хабарла|атап\sөт)"
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A value that measures something. `number` is None when its words hold no number that can be read.

    `score` is the least of the scores of its spans and of the probabilities of its links; `how` gives the reasons.
    """

    value: Span
    number: Number | None
    unit: Unit
    bound: Bound
    change: Change | None
    roles: Mapping[str, Span | None]
    speaker: Span | None
    sentence: tuple[int, int]
    score: float
    how: tuple[str, ...]


def link(text: str, spans: Sequence[Span]) -> list[Metric]:
    """The metrics of a text in order. Spans may not overlap; those of any label are welcome."""
    scene = Scene(text, _outside(spans, header_lines(text)), split(text))
    links = {linked.value: linked for linked in _linker().link(scene)}
    indicators = {value: linked.choices["indicator"].span for value, linked in links.items()}
    readings = read_values(text, scene.values, scene.sentences, indicators)
    return [_metric(scene, linked, readings, links) for linked in links.values()]


def _outside(spans: Sequence[Span], stretches: Sequence[tuple[int, int]]) -> list[Span]:
    """The spans that start in none of the `[start, end)` stretches, which are in order."""
    starts = [start for start, _ in stretches]
    before = ((span, bisect_right(starts, span.start) - 1) for span in spans)
    return [span for span, place in before if place < 0 or stretches[place][1] <= span.start]


@cache
def _linker() -> Linker:
    return Linker.load(WEIGHTS)


def _metric(
    scene: Scene,
    linked: Linked,
    readings: Mapping[Span, Reading],
    links: Mapping[Span, Linked],
) -> Metric:
    value = linked.value
    number, unit = readings[value].number, readings[value].unit
    sentence = scene.sentences[scene.sentence(value)]
    roles = {role: choice.span for role, choice in linked.choices.items()}
    change, change_reason = _change(scene, linked, readings, links)
    bound, bound_reason = _bound(scene, linked, number, change)
    speaker = _speaker(scene, sentence)
    how = [f"number: {number.how}" if number else "number: none read", f"unit: {unit.kind}"]
    how += [bound_reason] if bound_reason else []
    how += [change_reason] if change_reason else []
    how += [_reason(scene, value, role, choice) for role, choice in linked.choices.items() if choice.span]
    certain = [linked.probability, *(choice.probability for choice in linked.choices.values())]
    read_spans = [value, *(span for span in roles.values() if span)]
    score = round(min(*certain, *(1.0 if span.score is None else span.score for span in read_spans)), 4)
    return Metric(value, number, unit, bound, change, roles, speaker, sentence, score, tuple(how))


def _bound(scene: Scene, linked: Linked, number: Number | None, change: Change | None) -> tuple[Bound, str | None]:
    """The bound that span and verb make together, and the reason where the verb decides."""
    bound: Bound = number.bound if number else "exact"
    start, end = linked.value.end, max(linked.value.end, scene.sentences[scene.sentence(linked.value)][1])
    if bound == "at_most" and _CEILING.search(scene.cut(linked.value)):
        action, after = _words(scene, linked.choices["action"].span), scene.text[start : min(end, start + 30)]
        if change or _REACHING.search(f"{action} {after}"):
            return "exact", "bound: exact, the verb of change or reaching names an end point"
    if bound in ("exact", "under"):
        for verb_bound, pattern in _BOUND_VERBS:
            if verb := pattern.match(scene.text, start, end):
                return verb_bound, f"bound: {verb_bound}, from «{verb[0].strip()}…» behind the value"
    return bound, None


def _change(
    scene: Scene, linked: Linked, readings: Mapping[Span, Reading], links: Mapping[Span, Linked]
) -> tuple[Change | None, str | None]:
    """The change that the action names, else the measured noun, else two ends of one action."""
    action = _words(scene, linked.choices["action"].span)
    indicator = _words(scene, linked.choices["indicator"].span)
    if action in _COMPARISONS:
        return _COMPARISONS[action], f"change: «{action}»"
    for change, verbs in _VERBS:
        if verbs.search(action):
            return change, f"change: the action «{action}»"
    for change, nouns in _NOUNS if not action else ():
        if nouns.search(indicator):
            return change, f"change: the indicator «{indicator}»"
    return _from_to(scene, linked, readings, links)


def _from_to(
    scene: Scene, linked: Linked, readings: Mapping[Span, Reading], links: Mapping[Span, Linked]
) -> tuple[Change | None, str | None]:
    """The direction of `2,2 млрд евродан 3,1 млрд евроға жетті`: two values side by side that share one action."""
    position = bisect_left(scene.values, linked.value)
    for low, high in ((position - 1, position), (position, position + 1)):
        if low < 0 or high >= len(scene.values):
            continue
        start, end = scene.values[low], scene.values[high]
        actions = [links[value].choices["action"].span for value in (start, end) if value in links]
        first, last = readings[start].number, readings[end].number
        ends = _FROM.search(scene.cut(start)) and _TO.search(scene.cut(end)) and not scene.gap(start, end).strip()
        if ends and len(actions) == 2 and actions[0] == actions[1] is not None and first and last:
            return _direction(first.value, last.value), "change: from one value to the next"
    return None, None


def _direction(first: Decimal, last: Decimal) -> Change | None:
    if first == last:
        return None
    return "increase" if last > first else "decrease"


def _speaker(scene: Scene, sentence: tuple[int, int]) -> Span | None:
    """Who reports the sentence: the person, else the body, beside a verb of saying."""
    start, end = sentence
    sources = [
        span
        for span in scene.within(start, end)
        if span.label in _SPEAKERS
        and (
            _SAID_BEFORE.search(scene.text[max(start, span.start - 40) : span.start])
            or _SAID_AFTER.match(scene.text, span.end, end)
        )
    ]
    return min(sources, key=lambda span: _SPEAKERS.index(span.label), default=None)


def _reason(scene: Scene, value: Span, role: str, choice: Choice) -> str:
    """Why a span fills a role, in words."""
    features = ", ".join(choice.reasons)
    carried = choice.span is not None and scene.sentence(choice.span) < scene.sentence(value)
    return f"{role}: {features}" + (" (carried over from an earlier sentence)" if carried else "")


def _words(scene: Scene, span: Span | None) -> str:
    return scene.cut(span) if span else ""
