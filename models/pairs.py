"""What is seen of a value and a span that may fill one of its roles: named features, for a scorer that explains itself.

The features tell how the value stands, where the candidate stands, which form and words it has, and how it goes with
what is already linked. Each one holds or not, and its name says in words what holds; "it" is the value, "before",
"after" and "earlier" are the candidate's side of it (in the value's sentence, or in an earlier one). All are read from
the text and the spans, so that the same code serves training and inference.
"""

import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TypeGuard

from annotations.document import Span
from annotations.labels import default_labels

Features = frozenset[str]
Links = Mapping[str, Span | None]

# Later roles look at the earlier ones: where the action is known, period, place and subject are found beside it.
ROLES = ("indicator", "action", "subject", "place", "period")
SENTENCES_BACK = 2
NEAREST = 24
_CARRIED = ("place", "period", "subject")
_TARGETS = {role: frozenset(default_labels().targets(role)) for role in ROLES}
_VALUES = frozenset(default_labels().names(["value"]))

_CASES = (
    ("genitive", re.compile(r"[ндт][ыі]ң$")),
    ("locative", re.compile(r"[дт][ае]$")),
    ("attributive", re.compile(r"[дт](?:ағы|егі)$|ғы$|гі$")),
    ("ablative", re.compile(r"[ндт][ае]н$")),
    ("dative", re.compile(r"(?:[ғқ]а|[гк]е|[ыіу]н[ае])$")),
    ("accusative", re.compile(r"[ндт][ыі]$|[сыі]н$")),
    ("instrumental", re.compile(r"[мбп]ен$")),
)
# `54-і`, `66%-ін`, `30 пайызы`, `жүз екісі`, `100-ден астамы`, `төртеуі`: a share of something named in the genitive.
_SHARE = re.compile(
    r"(?:[\d%]\s?-?\s?|пайыз|процент|астам|жуығ|дей|ек|үш|төрт|бес|алт|жет|сегіз|тоғыз|он|мың|жүз|еу|ау|[нр]д)"
    r"с?[ыі](?:н[ае]?н?|нда|нде|ның|нің)?$"
)
_PARTICIPLE = re.compile(r"(?:[ғқ]ан|[гк]ен|атын|етін|йтын|йтін)$")
_CONVERB = re.compile(r"[ыі]?п$")
_CONDITIONAL = re.compile(r"с[ае]$")
_PASSIVE = re.compile(
    r"[ыіуү]?[лн](?:д[ыі]|[ғг][ае]н|[ыі]п|[ае]д[ыі]|у|[ае]т[ыі]н|м[ае]қ|с[ае])(?:д[аые]|н?[ыі])?(?:\s|$)"
)

# The common noun that carries the case for a name: `Алматы қаласында`, `«Жасыл ел» бағдарламасы`.
_DESCRIPTOR = re.compile(
    r"[»”\"]*\s*((?:қала|аудан|ауыл|облыс|кент|өңір|ел|аумағ|аумақ|көше|мекен|республика|арал|өзен|көл|бағдарлама|жоба"
    r"|компания|партия|қор|ұйым|мемлекет|шекара|команда|клуб|мектеп|мектеб|топ|фирма|банк)\w*)"
)
_BARE = re.compile(r"[\s\-–—»«\"“”()]*")
_WORD = re.compile(r"\w+(?:[-’']\w+)*")
_DASH = re.compile(r"[–—-]\s*$")
_JOINT = re.compile(r"[\s,»”\"]*+(?:(?:және|мен|пен|бен|не|немесе|сондай-ақ|әрі|ал)\b)?[\s«“\"]*")
_RESTATEMENT = re.compile(r"\s*(?:\(|,?\s?(?:немесе|яғни)\s)\s*")
_LOWER = re.compile(r"\s+[а-яәіңғүұқөһ]")
_NAMED_AFTER = re.compile(r"[»”\"]?\s*атындағы")
_COMPARED = re.compile(r"[^,.;()]{0,50}?(?:салыстырғанда|қарағанда|көрсеткіш\w{0,9}[тн][ае]н)")
_AGE = re.compile(r"\bжас|жыл(?:ға|дық)\b|күндік|айлық")
_DURATION = re.compile(r"(?:\d+|бір|екі|үш|төрт|бес|алты|жеті|сегіз|тоғыз|он)\s(?:ай|апта|күн)")
REPORT = re.compile(
    r"\b(?:дейді|деді|депті|деп\b|делін|хабарла|мәлімде|айтты|айтқан|айтуы|айтып|сөзі(?:не|нше)|мәлімет|дерек|атап өт"
    r"|түсіндір|нақтыла|баянда|жеткізді|пікірі(?:не|нше)|болжам|есебі(?:не|нше)|санағы)"
)
_ONE_OF = re.compile(r"(?:1|бір)(?:-?еу)?-?[іi](?:н[ае]?н?|нде|не|нің)?")
_ONE = re.compile(r"(?:1|бір)(?:\s|$)")
_NUMBERING = re.compile(r"\s?[).\]/](?!\w)|\s*-?б(?:ет)?[.\]]")
_OPENING = re.compile(r"(?:^|[№\[/.;:]\s?|нөмір\w{0,3}\s)$")
_FORMULA = re.compile(r"\d\s?[:/&хx×=]\s?\d|\d-\d+-\d")
_OPERATOR = re.compile(r"\s?[хx×=&]\s?\d")
_COPULA_NEXT = re.compile(
    r"[»”\"]?(?:\s[^\W\d_]+)?\s(?:құра(?:ды|йды|п|ған|са)|бар\b|бол(?:ды|са|ып|ған|атын|ады)|тең\b|еді|екен)"
)

# What may stand between two spans, by where it begins.
_MARKS = {
    "word": _WORD,
    "comma": re.compile(r"[,;:()]|\s[–—-]\s"),
    "copula": re.compile(r"\b(?:құра(?:ды|йды|п|ған|са)|бар\b|бол(?:ды|са|ып|ған|атын|ады)|тең\b|жетті)"),
    "end of a clause": re.compile(r"(?:с[ае]|[ыі]?п),"),
    "quotation mark": re.compile(r"[«»“”\"]"),
    "contrast": re.compile(r"\bал\b|;"),
    "«оның ішінде»": re.compile(r"\b(?:[ос](?:л|ның|лардың)|оның|соның|ондағы)\s(?:ішінде|ішінен|құрамында)"),
    "pronoun of what was counted": re.compile(r"\b(?:оның|олардың|соның|солардың|бұлардың|қалған|қалғандары)\b", re.I),
    "(": re.compile(r"\("),
    ")": re.compile(r"\)"),
    "line break": re.compile(r"\n"),
}
_STEM = 5  # letters of a word that are looked at: as a rule its endings come later


_start = attrgetter("start")


class Scene:
    """A text with its spans in order. Spans must not overlap; sentences are `[start, end)` offsets in order."""

    def __init__(self, text: str, spans: Sequence[Span], sentences: Sequence[tuple[int, int]]) -> None:
        self.text = text
        self.spans = sorted(spans)
        self.sentences = sentences
        self._starts = [start for start, _ in sentences]
        self._positions = {span: position for position, span in enumerate(self.spans)}
        self._words = {span: text[span.start : span.end].lower() for span in self.spans}
        self._groups = {role: [s for s in self.spans if s.label in _TARGETS[role]] for role in ROLES}
        self._groups["value"] = [span for span in self.spans if span.label in _VALUES]
        self._group_starts = {name: [span.start for span in group] for name, group in self._groups.items()}
        self._value_features: dict[Span, Features] = {}
        self._form_features: dict[tuple[Span, str], Features] = {}
        self._openings: dict[int, str] = {}

    @property
    def values(self) -> list[Span]:
        """The spans that carry a number, in order."""
        return self._groups["value"]

    @cached_property
    def _marks(self) -> dict[str, list[int]]:
        return {name: [mark.start() for mark in form.finditer(self.text)] for name, form in _MARKS.items()}

    @cached_property
    def _cases(self) -> dict[Span, str]:
        return {span: self._case(span) for span in self.spans}

    def sentence(self, span: Span) -> int:
        """Which sentence a span starts in."""
        return max(0, bisect_right(self._starts, span.start) - 1)

    def candidates(self, value: Span, role: str, carried: Span | None = None) -> list[Span]:
        """The spans that may fill a role, in order.

        They are those of the value's sentence and the `SENTENCES_BACK` before it, on each side of it the `NEAREST`
        at most, so that a table in one sentence takes linear time; for place, period and subject also the first of the
        text, which may hold for all of it, and `carried`, what the metric before was linked to.
        """
        here = self.sentence(value)
        group, starts = self._groups[role], self._group_starts[role]
        first = bisect_left(starts, self.sentences[max(0, here - SENTENCES_BACK)][0]) if self.sentences else 0
        last = bisect_left(starts, self.sentences[here + 1][0]) if here + 1 < len(self.sentences) else len(starts)
        own = bisect_left(starts, value.start)
        near = group[max(first, own - NEAREST) : min(last, own + NEAREST)]
        if role not in _CARRIED:
            return near
        far = [span for span in group[:1] + ([carried] if carried else []) if span.start < value.start]
        return sorted({*near, *far})

    def count(self, group: str, start: int, end: int) -> int:
        """How many spans that may fill a role (or, for `value`, carry a number) start in `[start, end)`."""
        return bisect_left(self._group_starts[group], end) - bisect_left(self._group_starts[group], start)

    def marks(self, name: str, start: int, end: int) -> int:
        """How many words or marks of a kind begin in `[start, end)`."""
        return bisect_left(self._marks[name], end) - bisect_left(self._marks[name], start)

    def gap(self, left: Span, right: Span) -> str:
        """The text between two spans."""
        return self.text[left.end : right.start]

    def within(self, start: int, end: int) -> list[Span]:
        """The spans that start in `[start, end)`."""
        first, last = (bisect_left(self.spans, place, key=_start) for place in (start, end))
        return self.spans[first:last]

    def neighbour(self, span: Span, step: int) -> Span | None:
        """The span that comes `step` places after (before, when negative)."""
        position = self._positions[span] + step
        return self.spans[position] if 0 <= position < len(self.spans) else None

    def cut(self, span: Span) -> str:
        """The text under a span, in lower case."""
        return self._words[span]

    def case(self, span: Span) -> str:
        """The case of a span, or of the common noun after a name."""
        return self._cases[span]

    def value_features(self, value: Span) -> Features:
        """How a value stands."""
        if value not in self._value_features:
            self._value_features[value] = frozenset(_value_features(self, value))
        return self._value_features[value]

    def form_features(self, candidate: Span, role: str) -> Features:
        """What a candidate for a role is by itself, whatever the value."""
        if (candidate, role) not in self._form_features:
            self._form_features[candidate, role] = frozenset(_own_features(self, candidate, role))
        return self._form_features[candidate, role]

    def opening(self, number: int) -> str:
        """The stem of the first word of a sentence."""
        if number not in self._openings:
            self._openings[number] = _stem(_WORD.search(self.text, *self.sentences[number]))
        return self._openings[number]

    def _case(self, span: Span) -> str:
        own = case(self.cut(span))
        if own == "nominative" and span.label not in ("INDICATOR", "ACTION"):
            descriptor = _DESCRIPTOR.match(self.text, span.end)
            return case(descriptor[1].lower()) if descriptor else own
        return own


def case(words: str) -> str:
    """The case that the last word's ending shows: a guess from its letters alone."""
    words = words.rstrip(" »”\"'.)")
    return next((name for name, ending in _CASES if ending.search(words)), "nominative")


def options(
    scene: Scene, value: Span, role: str, links: Links, previous: tuple[Span, Links] | None
) -> list[tuple[Span | None, Features]]:
    """The choices for a role of `value`, the empty one first, each with what speaks for and against it.

    `links` holds the value's roles found so far, `previous` the metric before it in the text and its roles.
    """
    candidates = scene.candidates(value, role, previous[1][role] if previous else None)
    common = scene.value_features(value).union(_link_features(scene, value, role, links))
    empty = frozenset(_null_features(role, links, previous))
    return [
        (None, empty),
        *(
            (
                span,
                common.union(
                    _place_features(scene, value, span, role),
                    _form_features(scene, value, span, role),
                    _company_features(scene, value, span, role, links, previous),
                    scene.form_features(span, role),
                ),
            )
            for span in candidates
        ),
    ]


def metric_features(scene: Scene, value: Span, links: Links) -> Features:
    """What speaks for and against a value measuring or counting something at all."""
    words = scene.cut(value)
    before, after = scene.text[max(0, value.start - 12) : value.start], scene.text[value.end : value.end + 12]
    features = {
        "always": True,
        f"a {value.label.lower()}": True,
        "no role": not any(links.values()),
        "no indicator": links["indicator"] is None,
        "no action": links["action"] is None,
        "no indicator or action": links["indicator"] is None and links["action"] is None,
        "one of them": bool(_ONE_OF.fullmatch(words)),
        "one": bool(_ONE.match(words)),
        "numbering": bool(_NUMBERING.match(after) and _OPENING.search(before)),
        "number sign": before.rstrip().endswith(("№", "[", "/")),
        "formula": bool(_FORMULA.search(words) or _OPERATOR.match(after) or before.rstrip().endswith(("=", "х", "x"))),
        "joined to next": scene.text[value.end : value.end + 1] == " " and after[1:2].isdigit(),
    }
    return scene.value_features(value).union(_holding(features))


def _holding(features: Mapping[str, object]) -> Iterator[str]:
    return (name for name, holds in features.items() if holds)


def _steps(name: str, count: int, steps: Sequence[int] = (1, 2, 3)) -> Iterator[str]:
    """A feature for every step that a count reaches."""
    return (f"{step} or more {name}" for step in steps if count >= step)


def _stem(word: re.Match[str] | None) -> str:
    return word[0].lower()[:_STEM] if word else ""


def _value_features(scene: Scene, value: Span) -> Iterator[str]:
    """How the value stands."""
    start, end = scene.sentences[scene.sentence(value)] if scene.sentences else (0, len(scene.text))
    words, before = scene.cut(value), scene.text[max(start, value.start - 30) : value.start]
    following, preceding = scene.neighbour(value, 1), scene.neighbour(value, -1)
    yield f"a {value.label.lower()}"
    yield f"it is in the {case(words)}"
    yield from _holding(
        {
            "it is a share": _SHARE.search(words),
            "a dash before it": _DASH.search(before),
            "in brackets": before.rstrip().endswith("("),
            "a copula after it": _COPULA_NEXT.match(scene.text, value.end, end),
            "no value before it in the sentence": not scene.count("value", start, value.start),
            "no value after it in the sentence": not scene.count("value", value.end, end),
            "a noun right after it": following
            and following.label == "INDICATOR"
            and not scene.gap(value, following).strip(),
        }
    )
    if following is None or scene.gap(value, following).strip():
        yield f"«{_stem(_WORD.search(scene.text, value.end, min(end, value.end + 25)))}» after it"
    if preceding is None or scene.gap(preceding, value).strip():
        yield f"«{_stem(_last(_WORD.finditer(before)))}» before it"


def _last(words: Iterator[re.Match[str]]) -> re.Match[str] | None:
    return next(iter(deque(words, maxlen=1)), None)


def _link_features(scene: Scene, value: Span, role: str, links: Links) -> Iterator[str]:
    """How the roles that are already filled stand."""
    if role == "indicator":
        return
    indicator, action = links["indicator"], links.get("action")
    if indicator is None:
        yield "no indicator"
    else:
        yield f"indicator {_side(scene, value, indicator)}"
        yield f"indicator in the {scene.case(indicator)}"
    if role == "action":
        return
    if action is None:
        yield "no action"
    else:
        words = scene.cut(action)
        yield f"action {_side(scene, value, action)}"
        yield f"action «{words.split()[-1][:_STEM]}»"
        yield f"action in the {case(words)}"
        if _PASSIVE.search(words):
            yield "passive action"
        if _PARTICIPLE.search(words):
            yield "action a participle"


def _null_features(role: str, links: Links, previous: tuple[Span, Links] | None) -> Iterator[str]:
    """What speaks for and against a role staying empty."""
    yield "none"
    if previous and previous[1][role] is None:
        yield "none for the value before"
        for other in ("indicator", "action"):
            if other in links and links[other] == previous[1][other]:
                yield f"none for the value before, of the same {other}"


def _side(scene: Scene, value: Span, candidate: Span) -> str:
    """On which side of the value a candidate stands."""
    if candidate.start >= value.end:
        return "after"
    return "before" if scene.sentence(candidate) == scene.sentence(value) else "earlier"


def _place_features(scene: Scene, value: Span, candidate: Span, role: str) -> Iterator[str]:
    """Where the candidate stands."""
    side = _side(scene, value, candidate)
    left, right = (value, candidate) if side == "after" else (candidate, value)
    start, end = left.end, right.start
    opening, _ = scene.sentences[scene.sentence(candidate)] if scene.sentences else (0, 0)
    yield side
    yield f"a {value.label.lower()}, {side}"
    yield from _steps(f"rivals between, {side}", scene.count(role, start, end), (1, 2))
    yield from _holding(
        {
            "opens its sentence": candidate.start - opening <= 2,
            f"no value between, {side}": not scene.count("value", start, end),
            f"before every value of its sentence, {side}": not scene.count("value", opening, candidate.start),
            f"in the same brackets, {side}": scene.marks("(", opening, candidate.start)
            > scene.marks(")", opening, candidate.start)
            and not scene.marks("(", start, end)
            and not scene.marks(")", start, end),
        }
    )
    if side == "earlier":
        here = scene.sentence(value)
        if scene.count(role, *scene.sentences[here]):
            yield "the sentence has one of its own"
        yield f"earlier, the sentence opens with «{scene.opening(here)}»"
        yield from _steps("sentences back", here - scene.sentence(candidate), (1, 2, 3, 6))
        yield from _holding(
            {
                "the first of the text": scene.candidates(value, role)[:1] == [candidate],
                "in an earlier paragraph": scene.marks("line break", start, end),
            }
        )
        return
    gap = scene.text[start:end] if end - start <= 40 else None
    bare = gap is not None and _BARE.fullmatch(gap)
    yield from _steps(f"words between, {side}", scene.marks("word", start, end), (1, 2, 3, 5, 8, 13))
    yield from _steps(f"values between, {side}", scene.count("value", start, end), (2, 3))
    yield from _steps(f"actions between, {side}", scene.count("action", start, end), (1, 2))
    yield from _steps(f"indicators between, {side}", scene.count("indicator", start, end), (1, 2))
    yield from _steps(f"commas between, {side}", scene.marks("comma", start, end), (1, 2, 4))
    yield from _holding(
        {
            f"right {side} it": bare,
            f"right {side} it, by a dash": bare and gap is not None and gap.strip(" «“") in ("–", "—", "-"),
            f"a copula between, {side}": scene.marks("copula", start, end),
            f"the end of a clause between, {side}": scene.marks("end of a clause", start, end),
            f"a bracket between, {side}": scene.marks("(", start, end) != scene.marks(")", start, end),
            f"a quotation mark between, {side}": scene.marks("quotation mark", start, end),
            f"a contrast between, {side}": scene.marks("contrast", start, end),
            f"«оның ішінде» between, {side}": scene.marks("«оның ішінде»", start, end),
            f"«оның» between, {side}": scene.marks("pronoun of what was counted", start, end),
        }
    )


def _form_features(scene: Scene, value: Span, candidate: Span, role: str) -> Iterator[str]:
    """How the candidate's form and the spans at its sides go with the value."""
    side, form = _side(scene, value, candidate), scene.case(candidate)
    preceding, following = scene.neighbour(candidate, -1), scene.neighbour(candidate, 1)
    yield f"{form}, {side}"
    yield from _holding(
        {
            "a share of a genitive": form == "genitive" and side == "before" and _SHARE.search(scene.cut(value)),
            f"right after another value, {side}": _follows_value(scene, preceding, value, candidate),
            f"right before another value, {side}": _precedes_value(scene, following, value, candidate),
            "the next value is it": _next_value(scene, candidate) == value,
        }
    )
    if role == "action":
        words = scene.cut(candidate)
        yield from _holding(
            {
                f"participle, {side}": _PARTICIPLE.search(words),
                f"converb, {side}": _CONVERB.search(words),
                f"conditional, {side}": _CONDITIONAL.search(words),
            }
        )
    if role in _CARRIED:
        here_start, here_end = scene.sentences[scene.sentence(value)]
        if REPORT.search(scene.text, max(here_start, here_end - 45), here_end):
            yield "the sentence ends in a report"


def _own_features(scene: Scene, candidate: Span, role: str) -> Iterator[str]:
    """Which form and words the candidate has, and the words and spans at its sides."""
    words, form = scene.cut(candidate), scene.case(candidate)
    preceding, following = scene.neighbour(candidate, -1), scene.neighbour(candidate, 1)
    start, end = scene.sentences[scene.sentence(candidate)] if scene.sentences else (0, len(scene.text))
    yield form
    yield f"its last word «{_stem(_last(_WORD.finditer(words[-30:])))}»"
    yield from _holding(
        {
            "joined to one before": preceding and _joined(scene, preceding, candidate),
            "joined to one after": following and _joined(scene, candidate, following),
        }
    )
    if following is None or scene.gap(candidate, following).strip(' »”"'):
        follower = _WORD.search(scene.text, candidate.end, min(end, candidate.end + 25))
        yield f"followed by «{_stem(follower)}»"
    if role == "action":
        yield f"its first word «{words.split()[0][:_STEM]}»"
    if role in _CARRIED:
        yield f"a {candidate.label.lower()}"
        yield f"a {candidate.label.lower()}, {form}"
        yield from _holding(
            {
                "a report after": REPORT.search(scene.text, candidate.end, min(end, candidate.end + 45)),
                "a report before": REPORT.search(scene.text, max(start, candidate.start - 45), candidate.start),
                "adjective": candidate.label == "NORP"
                and form == "nominative"
                and _LOWER.match(scene.text, candidate.end),
                "named after": _NAMED_AFTER.match(scene.text, candidate.end),
                "an age": candidate.label == "DATE" and _AGE.search(words),
                "a duration": candidate.label == "DATE" and _DURATION.match(words),
                "compared with": candidate.label == "DATE" and _COMPARED.match(scene.text, candidate.end),
                "in brackets itself": scene.text.endswith("(", 0, candidate.start),
                "holds the next one": following
                and form == "genitive"
                and following.label == candidate.label
                and scene.marks("word", candidate.end, following.start) <= 1,
                "in the one before": preceding
                and scene.case(preceding) == "genitive"
                and preceding.label == candidate.label
                and scene.marks("word", preceding.end, candidate.start) <= 1,
            }
        )


def _company_features(
    scene: Scene, value: Span, candidate: Span, role: str, links: Links, previous: tuple[Span, Links] | None
) -> Iterator[str]:
    """How the candidate goes with what is already linked."""
    side = _side(scene, value, candidate)
    indicator, action = links.get("indicator"), links.get("action")
    if previous:
        yield from _previous_features(scene, value, candidate, role, links, *previous)
    following = _next_value(scene, value)
    if side == "after" and following and following.end <= candidate.start:
        counted = indicator if indicator and value.end <= indicator.start < following.start else value
        yield from _holding(
            {
                "joined to the next value": _JOINT.fullmatch(scene.gap(counted, following)),
                "restated by the next value": _RESTATEMENT.fullmatch(scene.gap(value, following)),
            }
        )
    if indicator and role != "indicator":
        left, right = sorted((candidate, indicator))
        beside = "before the indicator" if left == candidate else "after the indicator"
        yield beside
        yield from _steps("words from it to the indicator", scene.marks("word", left.end, right.start), (1, 3, 6))
        yield from _holding(
            {
                f"right {beside}": not scene.gap(left, right).strip() if right.start - left.end < 9 else False,
                "the value between it and the indicator": left.end <= value.start < right.start,
                "between the value and the indicator": value.end <= candidate.start < indicator.start
                or indicator.end <= candidate.start < value.start,
            }
        )
    if action and role in _CARRIED:
        left, right = sorted((candidate, action))
        yield "before the action" if left == candidate else "after the action"
        yield from _steps("actions from it to the action", scene.count("action", left.end, right.start), (1, 2))
        yield from _steps("rivals from it to the action", scene.count(role, left.end, right.start), (1, 2))
        if right.start - left.end < 9 and not scene.gap(left, right).strip():
            yield "right beside the action"
        if value.end <= candidate.start < action.start:
            yield "between the value and the action"


def _previous_features(
    scene: Scene, value: Span, candidate: Span, role: str, links: Links, earlier: Span, before: Links
) -> Iterator[str]:
    """How the candidate goes with the metric before."""
    side = _side(scene, value, candidate)
    filler = before[role]
    if filler == candidate:
        yield "of the value before"
        yield f"of the value before, {side}"
        yield from (
            f"of the value before, with its {other}"
            for other in ("indicator", "action")
            if other in links and links[other] == before[other]
        )
        if _RESTATEMENT.fullmatch(scene.text[earlier.end : min(value.start, earlier.end + 30)]):
            yield "of the value that is restated"
    elif (
        filler
        and scene.sentence(earlier) == scene.sentence(value)
        and _stance(scene, value, candidate) == _stance(scene, earlier, filler)
    ):
        yield "stands as for the value before"


def _stance(scene: Scene, value: Span, candidate: Span) -> tuple[str, bool, str]:
    side = _side(scene, value, candidate)
    left, right = (value, candidate) if side == "after" else (candidate, value)
    return side, right.start - left.end <= 3, scene.case(candidate)


def _next_value(scene: Scene, span: Span) -> Span | None:
    """The value that comes first after a span."""
    place = bisect_left(scene.values, span.end, key=_start)
    return scene.values[place] if place < len(scene.values) else None


def _follows_value(scene: Scene, preceding: Span | None, value: Span, candidate: Span) -> bool:
    """Whether the candidate follows another value at once, as the noun that it counts does."""
    return _is_another_value(preceding, value) and not scene.gap(preceding, candidate).strip(" -\xa0")


def _precedes_value(scene: Scene, following: Span | None, value: Span, candidate: Span) -> bool:
    """Whether another value follows the candidate at once: `Павлодарда – 16`."""
    return _is_another_value(following, value) and not scene.gap(candidate, following).strip(" -–—(:\xa0")


def _is_another_value(span: Span | None, value: Span) -> TypeGuard[Span]:
    return span is not None and span.label in _VALUES and span != value


def _joined(scene: Scene, left: Span, right: Span) -> bool:
    """Whether two spans of a label stand in one list."""
    return left.label == right.label and _JOINT.fullmatch(scene.gap(left, right)) is not None
