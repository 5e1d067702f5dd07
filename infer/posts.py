"""The posts of the people in a text, and the body that each post belongs to.

By the annotation guide the span of a post holds its body where the two stand together (`Текелі қаласының әкімі`): the
body is read out of it. Else it is the named body or place right before the post: `«Жасыл ел» қорының төрағасы`.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise, takewhile

from annotations.document import Span
from infer.names import key, nominative

_APPOSITION = re.compile(r"\s+|\s?[,–—(-]\s?")
_BEFORE_POST = re.compile(r"[»”\"]?\s(?:(?P<kind>[а-яәғқңөұүһі]+)\s)?")
_WORD = re.compile(r"\S+")

# Posts whose holders have deputies and offices of their own: `әкімінің орынбасары`.
_POST = re.compile(
    r"(?:\w+-)?(?:әкім|министр|президент|прокурор|төраға|басшы|басты[қғ]|директор|хатшы|жетекші|депутат|ректор|командир"
    r"|орынбасар)(?:[лдт][ае]р)?(?:с?[ыі])?"
)
_MINISTER = re.compile(r"(?:вице-)?министрі")
_RULER = re.compile(r"(?:вице-)?президенті|әкімі|премьер-министрі|губернаторы|мэрі|королі|канцлері|елшісі")
_PLACE = re.compile(
    r"(?:^|\s)(?:(?:облыс|аудан|қала|ауыл|кент|округ|айма[қғ]|штат|провинция|өлке|республика|мемлекет|корольді[кг]"
    r"|әмірлі[кг])(?:[лдт][ае]р)?(?:с?[ыі])?|\w*стан|ресей федерациясы|қр|ақш|ксро)$"
)

_PAST_OR_PRESENT = """
бұрынғы қазіргі экс
"""

# Words between a body and the noun of its post: `Samruk АҚ басқарма төрағасы`.
_BEFORE_THE_NOUN = """
бас аға жоғарғы бірінші екінші тұңғыш құрметті атқарушы басқарма бұрынғы қазіргі экс
"""

# Words that alone name no body, whoever heads it, and words that do.
_KINDS_OF_BODY = """
облыс аудан қала ауыл кент округ аймақ ел мемлекет республика штат ұлт халық мектеп сот полиция партия клуб
компания корпорация банк қор университет академия федерация қауымдастық басқарма департамент комитет агенттік министрлік
"""
_CHAMBERS = """
сенат мәжіліс парламент үкімет
"""

_FORMER, _OF_NOUN = frozenset(_PAST_OR_PRESENT.split()), frozenset(_BEFORE_THE_NOUN.split())
_NAMELESS, _NAMED_BY_ONE_WORD = frozenset(_KINDS_OF_BODY.split()), frozenset(_CHAMBERS.split())
_CAPITAL = re.compile(r"[A-ZА-ЯЁӘҒҚҢӨҰҮҺІ0-9№]")
_ABBREVIATED = re.compile(r"[«“„\"]?(?:[A-Z]|[А-ЯЁӘҒҚҢӨҰҮҺІ]{2})")
_QUOTES = '«»“”„"'
_PLURAL = re.compile(r"[лдт][ае]р[ыі]$")

Known = Mapping[tuple[str, str], str]  # (label, key) of every mention -> the name of its entity


@dataclass(frozen=True, slots=True)
class Body:
    """The organisation or place that a post belongs to: the stretch of the text that tells it, and its name."""

    span: Span
    name: str


@dataclass(frozen=True, slots=True)
class Post:
    """A post that somebody holds, and the body that it belongs to."""

    span: Span
    body: Body | None


def best(posts: Iterable[Post]) -> Post | None:
    """The first post whose body is known, else the first."""
    return min(posts, key=lambda post: post.body is None, default=None)


def held(text: str, spans: Sequence[Span], known: Known) -> dict[Span, Post]:
    """The post of each mention of a person that stands beside one: `облыс әкімі Асан Үсенов`, `Асан Үсенов, әкім`.

    A post between two people belongs to the one behind it.
    """
    bodies = {
        span: _body_inside(text, span, known) or _body_before(text, before, span, known)
        for before, span in pairwise([None, *spans])
        if span and span.label == "POSITION"
    }
    found = {}
    for run in _appositions(text, [span for span in spans if span.label in ("PERSON", "POSITION")]):
        for place, person in enumerate(run):
            if person.label != "PERSON":
                continue
            before = _while_in(bodies, run, range(place - 1, -1, -1))
            after = _while_in(bodies, run, range(place + 1, len(run)))
            own = before or (after if place + len(after) + 1 == len(run) else [])
            if post := best(Post(span, bodies[span]) for span in own):
                found[person] = post
    return found


def _while_in(bodies: Container[Span], run: Sequence[Span], places: Iterable[int]) -> list[Span]:
    """The spans at some places of a run, up to the first that is no post."""
    return list(takewhile(bodies.__contains__, map(run.__getitem__, places)))


def _appositions(text: str, spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Runs of spans that stand beside each other."""
    run: list[Span] = []
    for span in spans:
        if run and not _APPOSITION.fullmatch(text, run[-1].end, span.start):
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _body_inside(text: str, position: Span, known: Known) -> Body | None:
    """The body that the words of a post tell. A deputy's is that of whom they serve, a minister's is the ministry."""
    places = list(_WORD.finditer(text, position.start, position.end))
    places = list(dropwhile(lambda word: word[0].lower() in _FORMER, places))
    words: Sequence[str] = [place[0] for place in places]
    while len(words) > 1:
        noun, portfolio = _last(words), _before_noun(words)
        ministry = bool(portfolio) and _MINISTER.fullmatch(noun) is not None and not _is_genitive(words[-2])
        words = portfolio if ministry else _owner(words)
        if words and (ministry or not _POST.fullmatch(_last(words))):
            start, end = places[0].start(), places[len(words) - 1].end()
            name = text[start:end] + (" министрлігі" if ministry else "")
            label = "ORGANISATION" if ministry else _label(name, noun, known)
            return _named(Span(start, end, label), name, known) if label else None
    return None


def _owner(words: Sequence[str]) -> Sequence[str]:
    """Those of a post's words, from the first on, that say whose it is."""
    before = _before_noun(words)
    if not before or not _is_possessed(_last(words)):
        return []
    bare = _last(before) == before[-1].lower().strip(_QUOTES)
    if bare and (_is_unit(_last(before)) or before[-1].isupper()):  # Ұлттық қордың Текелі филиалы директоры
        return before
    for count in range(len(before), 0, -1):
        if _is_genitive(words[count - 1]):
            return words[:count]
    return before if bare else []


def _before_noun(words: Sequence[str]) -> Sequence[str]:
    """A post's words before its noun and the words that belong to the noun."""
    belonging = sum(1 for _ in takewhile(lambda word: word.lower() in _OF_NOUN, reversed(words[:-1])))
    return words[: len(words) - 1 - belonging]


def _body_before(text: str, before: Span | None, position: Span, known: Known) -> Body | None:
    """The body that stands before a post as a span of its own, with its kind or not: `[Текелі] қаласының [әкімі]`."""
    if before is None or before.label not in ("GPE", "ORGANISATION"):
        return None
    gap = _BEFORE_POST.fullmatch(text, before.end, position.start)
    if gap is None or not _is_possessed(_last(text[before.start : position.end].split())):
        return None
    told = text[before.start : before.end]
    owner = gap["kind"] or told
    owns = _is_genitive(owner) or nominative(owner, before.label) == owner
    return _named(before, told, known) if owns else None


def _named(span: Span, name: str, known: Known) -> Body:
    return Body(span, known.get((span.label, key(name, span.label)), nominative(name, span.label)))


def _label(owner: str, noun: str, known: Known) -> str | None:
    """Whether the owner of a post is a named place, a named body or, as far as one can tell, neither."""
    for label in ("GPE", "ORGANISATION"):
        if (label, key(owner, label)) in known:
            return label
    name = nominative(owner, "ORGANISATION")
    if name.lower() in _NAMELESS:
        return None
    label = "GPE" if _PLACE.search(name.lower()) else "ORGANISATION"
    first, _, others = name.partition(" ")
    if _ABBREVIATED.match(first) or _CAPITAL.search(others):
        return label
    if not _CAPITAL.match(first.lstrip(_QUOTES)):
        return None
    if others:
        return label if _is_unit(_last([name])) else None
    if label == "GPE" or _RULER.fullmatch(noun):
        return "GPE"
    return "ORGANISATION" if name.lower() in _NAMED_BY_ONE_WORD else None


def _last(words: Sequence[str]) -> str:
    """The last word of a phrase in the nominative and in small letters."""
    return nominative(" ".join(words), "POSITION").lower().rpartition(" ")[2].strip(_QUOTES)


def _is_genitive(word: str) -> bool:
    word = word.strip(_QUOTES)
    return word.lower().endswith("ң") and nominative(word, "POSITION") != word


def _is_possessed(noun: str) -> bool:
    """Whether a noun in the nominative ends in the possessive, as `әкімі` does and `хатшы` does not."""
    return noun.endswith(("ы", "і")) and not noun.endswith(("шы", "ші"))


def _is_unit(noun: str) -> bool:
    """Whether a possessed noun is singular, as the head of a body's name is: `филиалы`, not `ғылымдары`."""
    return _is_possessed(noun) and not _PLURAL.search(noun)
