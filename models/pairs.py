"""What is seen of a value and a span that may fill one of its roles: named features, for a scorer that explains itself.

The features are of three kinds: where the candidate stands, which form it has, and how it goes with what is already
linked. Names say what they hold; "before" and "after" are the candidate's side of the value. All of them are read from
the text and the spans, so that the same code serves training and inference.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import log1p

from annotations.document import Span
from annotations.labels import default_labels

Features = dict[str, float]
Links = Mapping[str, Span | None]

# Later roles look at the earlier ones: where the action is known, period, place and subject are found beside it.
ROLES = ("indicator", "action", "subject", "place", "period")
SENTENCES_BACK = 2

_CASES = (
    ("genitive", re.compile(r"[ндт][ыі]ң$")),
    ("locative", re.compile(r"[дт][ае]$")),
    ("attributive", re.compile(r"[дт](?:ағы|егі)$")),
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

# The common noun that carries the case for a name: `Алматы қаласында`, `«Жасыл ел» бағдарламасы`.
_DESCRIPTOR = re.compile(
    r"[»”\"]*\s*((?:қала|аудан|ауыл|облыс|кент|өңір|ел|аумағ|аумақ|көше|мекен|республика|арал|өзен|көл|бағдарлама|жоба"
    r"|компания|партия|қор|ұйым|мемлекет|шекара|команда|клуб|мектеп|мектеб|топ|фирма|банк)\w*)"
)
_BARE = re.compile(r"[\s\-–—»«\"“”()]*")
_WORD = re.compile(r"\w+(?:[-’']\w+)*")
_BAR = re.compile(r"[,;:()]|\s[–—-]\s")
_DASH = re.compile(r"[–—]")
_QUOTE = re.compile(r"[«»“”\"]")
_CONTRAST = re.compile(r"\bал\b|;")
_CLAUSE_END = re.compile(r"(?:с[ае]|[ыі]?п),")
_COPULA = re.compile(r"\b(?:құра(?:ды|йды|п|ған|са)|бар\b|бол(?:ды|са|ып|ған|атын|ады)|тең\b|жетті)")
_JOINT = re.compile(r"[\s,»”\"]*(?:(?:және|мен|пен|бен|не|немесе|сондай-ақ|әрі|ал)\b)?[\s«“\"]*")
_RESTATEMENT = re.compile(r"\s*(?:\(|,?\s?(?:немесе|яғни)\s)\s*")
_LOWER = re.compile(r"\s+[а-яәіңғүұқөһ]")
_NAMED_AFTER = re.compile(r"[»”\"]?\s*атындағы")
_COMPARED = re.compile(r"[^,.;()]{0,50}?(?:салыстырғанда|қарағанда|көрсеткіш\w{0,9}[тн][ае]н)")
_AGE = re.compile(r"\bжас|жыл(?:ға|дық)\b|күндік|айлық")
_DURATION = re.compile(r"(?:\d+|бір|екі|үш|төрт|бес|алты|жеті|сегіз|тоғыз|он)\s(?:ай|апта|күн)")
REPORT = re.compile(
    r"\b(?:дейді|деді|депті|деп\b|хабарла|мәлімде|айтты|айтқан|айтуынша|сөзінше|мәлімет|дерек|атап өт|түсіндір|нақтыла"
    r"|баянда|жеткізді)"
)
_ONE_OF = re.compile(r"(?:1|бір)(?:-?еу)?-?[іi](?:н[ае]?н?|нде|не|нің)?")
_ONE = re.compile(r"(?:1|бір)(?:\s|$)")
_NUMBERING = re.compile(r"\s?[).\]/](?!\w)|\s*-?б(?:ет)?[.\]]")
_OPENING = re.compile(r"(?:^|[№\[/.;:]\s?|нөмір\w{0,3}\s)$")
_FORMULA = re.compile(r"\d\s?[:/&хx×=]\s?\d|\d-\d+-\d")
_OPERATOR = re.compile(r"\s?[хx×=&]\s?\d")


class Scene:
    """A text with its spans in order. Spans must not overlap; sentences are `[start, end)` offsets in order."""

    def __init__(self, text: str, spans: Sequence[Span], sentences: Sequence[tuple[int, int]]) -> None:
        self.text = text
        self.spans = sorted(spans)
        self.sentences = sentences
        self._starts = [start for start, _ in sentences]
        self._positions = {span: position for position, span in enumerate(self.spans)}
        self._fillers = {
            role: [span for span in self.spans if span.label in default_labels().targets(role)] for role in ROLES
        }

    @cached_property
    def values(self) -> list[Span]:
        """The spans that carry a number, in order."""
        labels = default_labels().names(["value"])
        return [span for span in self.spans if span.label in labels]

    def sentence(self, span: Span) -> int:
        """Which sentence a span starts in."""
        return max(0, bisect_right(self._starts, span.start) - 1)

    def candidates(self, value: Span, role: str) -> list[Span]:
        """The spans that may fill a role: of the value's sentence and the `SENTENCES_BACK` before it."""
        here = self.sentence(value)
        return [span for span in self._fillers[role] if 0 <= here - self.sentence(span) <= SENTENCES_BACK]

    def between(self, left: Span, right: Span) -> list[Span]:
        """The spans that stand between two."""
        return self.spans[self._positions[left] + 1 : self._positions[right]]

    def gap(self, left: Span, right: Span) -> str:
        """The text between two spans."""
        return self.text[left.end : right.start]

    def neighbour(self, span: Span, step: int) -> Span | None:
        """The span that comes `step` places after (before, when negative)."""
        position = self._positions[span] + step
        return self.spans[position] if 0 <= position < len(self.spans) else None

    def cut(self, span: Span) -> str:
        """The text under a span, in lower case."""
        return self.text[span.start : span.end].lower()


def case(words: str) -> str:
    """The case that the last word's ending shows: a guess from its letters alone."""
    words = words.rstrip(" »”\"'.)")
    return next((name for name, ending in _CASES if ending.search(words)), "nominative")


def pair_features(scene: Scene, value: Span, candidate: Span, role: str, links: Links, previous: Links) -> Features:
    """What speaks for and against `candidate` filling `role` of `value`.

    `links` holds the value's roles found so far, `previous` those of the metric before it in the text.
    """
    side = "after" if candidate.start >= value.end else "before"
    features = _place_features(scene, value, candidate, role, side)
    features |= _form_features(scene, value, candidate, role, side)
    features |= _company_features(scene, value, candidate, role, side, links, previous)
    return {name: float(size) for name, size in features.items() if size}


def null_features(scene: Scene, value: Span, role: str, links: Links, previous: Links) -> Features:
    """What speaks for and against a role of `value` staying empty."""
    features: Features = {"none": 1.0, f"none, {value.label}": 1.0}
    if _SHARE.search(scene.cut(value)):
        features["none, share"] = 1.0
    for other in ("indicator", "action"):
        if links.get(other) is None:
            features[f"none, no {other}"] = 1.0
    if role in previous and previous[role] is None:
        features["none like previous"] = 1.0
        if previous["action"] == links.get("action"):
            features["none like previous, same action"] = 1.0
    return features


def metric_features(scene: Scene, value: Span, links: Links) -> Features:
    """What speaks for and against a value measuring or counting something at all."""
    words = scene.cut(value)
    before, after = scene.text[max(0, value.start - 12) : value.start], scene.text[value.end : value.end + 12]
    features = {
        "value": True,
        f"{value.label}": True,
        "no role": not any(links.values()),
        "no indicator": links.get("indicator") is None,
        "no action": links.get("action") is None,
        "no indicator or action": links.get("indicator") is None and links.get("action") is None,
        "one of them": bool(_ONE_OF.fullmatch(words)),
        "one": bool(_ONE.match(words)),
        "numbering": bool(_NUMBERING.match(after) and _OPENING.search(before)),
        "number sign": before.rstrip().endswith(("№", "[", "/")),
        "formula": bool(_FORMULA.search(words) or _OPERATOR.match(after) or before.rstrip().endswith(("=", "х", "x"))),
        "joined to next": scene.text[value.end : value.end + 1] == " " and after[1:2].isdigit(),
    }
    return {name: 1.0 for name, holds in features.items() if holds}


def _place_features(scene: Scene, value: Span, candidate: Span, role: str, side: str) -> dict[str, float]:
    """Where the candidate stands."""
    left, right = (value, candidate) if side == "after" else (candidate, value)
    gap = scene.gap(left, right)
    between = scene.between(left, right)
    labels = default_labels()
    values = sum(span.label in labels.names(["value"]) for span in between)
    rivals = sum(span.label in labels.targets(role) for span in between)
    bare = _BARE.fullmatch(gap) is not None
    sentence = scene.sentences[scene.sentence(candidate)]
    return {
        side: 1,
        f"adjacent {side}": bare,
        f"adjacent by a dash {side}": bare and _DASH.search(gap) is not None,
        f"words between {side}": log1p(len(_WORD.findall(gap))),
        f"values between {side}": min(values, 3),
        f"no value between {side}": values == 0,
        f"rivals between {side}": min(rivals, 3),
        f"nearest {side}": rivals == 0,
        f"actions between {side}": min(2, sum(span.label == "ACTION" for span in between)),
        f"commas between {side}": min(4, len(_BAR.findall(gap))),
        f"copula between {side}": _COPULA.search(gap) is not None,
        f"clause ends between {side}": _CLAUSE_END.search(gap) is not None,
        f"bracket between {side}": gap.count("(") != gap.count(")"),
        f"quotes between {side}": _QUOTE.search(gap) is not None,
        f"{value.label} {side}": 1,
        "contrast between": _CONTRAST.search(gap) is not None,
        "value in brackets": side == "before" and gap.lstrip().startswith("("),
        "sentences back": scene.sentence(value) - scene.sentence(candidate),
        "opens sentence": candidate.start - sentence[0] <= 2,
        "only candidate": len(scene.candidates(value, role)) == 1,
    }


def _form_features(scene: Scene, value: Span, candidate: Span, role: str, side: str) -> dict[str, float]:
    """Which form the candidate has, and the words and spans at its sides."""
    words, share = scene.cut(candidate), _SHARE.search(scene.cut(value)) is not None
    form = _case_of(scene, candidate)
    one_before, one_after = scene.neighbour(candidate, -1), scene.neighbour(candidate, 1)
    features: dict[str, float] = {
        form: 1,
        f"share {side}": share,
        "genitive of a share": share and form == "genitive" and side == "before",
        f"counted by another {side}": _counted(scene, one_before, value, candidate),
        "joined to one before": one_before is not None and _joined(scene, one_before, candidate),
        "joined to one after": one_after is not None and _joined(scene, candidate, one_after),
    }
    if role == "action":
        features[f"participle {side}"] = _PARTICIPLE.search(words) is not None
        features[f"converb {side}"] = _CONVERB.search(words) is not None
    if role in ("subject", "place", "period"):
        start, end = scene.sentences[scene.sentence(candidate)]
        features |= {
            candidate.label: 1,
            "report after": REPORT.search(scene.text, candidate.end, min(end, candidate.end + 45)) is not None,
            "report before": REPORT.search(scene.text, max(start, candidate.start - 45), candidate.start) is not None,
            "adjective": candidate.label == "NORP"
            and form == "nominative"
            and _LOWER.match(scene.text, candidate.end) is not None,
            "named after": _NAMED_AFTER.match(scene.text, candidate.end) is not None,
            "age": candidate.label == "DATE" and _AGE.search(words) is not None,
            "duration": candidate.label == "DATE" and _DURATION.match(words) is not None,
            "compared": candidate.label == "DATE" and _COMPARED.match(scene.text, candidate.end) is not None,
            f"attached to another {side}": _attached(scene, value, candidate),
            "next value is this": next((v for v in scene.values if v.start >= candidate.end), None) == value,
        }
    return features


def _company_features(
    scene: Scene, value: Span, candidate: Span, role: str, side: str, links: Links, previous: Links
) -> dict[str, float]:
    """How the candidate goes with what is already linked."""
    features: dict[str, float] = {}
    indicator, action = links.get("indicator"), links.get("action")
    if previous.get(role) == candidate:
        earlier = scene.values[scene.values.index(value) - 1]
        features |= {
            "of previous value": 1,
            f"of previous value {side}": 1,
            "of previous value, same indicator": previous.get("indicator") == indicator,
            "of previous value, same action": previous.get("action") == action,
            "of the value restated": _RESTATEMENT.fullmatch(scene.gap(earlier, value)) is not None,
        }
    following = next((v for v in scene.values if v.start >= value.end), None)
    if side == "after" and following and following.end <= candidate.start:
        counted = indicator if indicator and value.end <= indicator.start < following.start else value
        features["value joined to the next"] = _JOINT.fullmatch(scene.gap(counted, following)) is not None
        features["value restated by the next"] = _RESTATEMENT.fullmatch(scene.gap(value, following)) is not None
    if role != "indicator":
        features[f"{side}, indicator {case(scene.cut(indicator)) if indicator else 'none'}"] = 1
    if role != "indicator" and indicator:
        left, right = sorted((candidate, indicator))
        beside = "before indicator" if left == candidate else "after indicator"
        features |= {
            beside: 1,
            f"adjacent {beside}": not scene.gap(left, right).strip(),
            "value between it and indicator": left.end <= value.start < right.start,
        }
    if role not in ("indicator", "action") and action:
        left, right = sorted((candidate, action))
        features |= {
            "before action" if left == candidate else "after action": 1,
            "adjacent to action": not scene.gap(left, right).strip(),
            "actions between it and action": min(2, sum(x.label == "ACTION" for x in scene.between(left, right))),
            "rivals between it and action": min(
                3, sum(x.label in default_labels().targets(role) for x in scene.between(left, right))
            ),
        }
    return features


def _case_of(scene: Scene, span: Span) -> str:
    """The case of a span, or of the common noun after a name."""
    own = case(scene.cut(span))
    descriptor = _DESCRIPTOR.match(scene.text, span.end)
    if own == "nominative" and descriptor and span.label not in ("INDICATOR", "ACTION"):
        return case(descriptor[1].lower())
    return own


def _counted(scene: Scene, before: Span | None, value: Span, candidate: Span) -> bool:
    """Whether the candidate follows another value at once, as the noun that it counts does."""
    return before in scene.values and before != value and not scene.gap(before, candidate).strip(" -\xa0")


def _attached(scene: Scene, value: Span, candidate: Span) -> bool:
    """Whether another value follows the candidate at once: `Павлодарда – 16`."""
    after = scene.neighbour(candidate, 1)
    return after in scene.values and after != value and not scene.gap(candidate, after).strip(" -–—(:\xa0")


def _joined(scene: Scene, left: Span, right: Span) -> bool:
    """Whether two spans of a label stand in one list."""
    return left.label == right.label and _JOINT.fullmatch(scene.gap(left, right)) is not None
