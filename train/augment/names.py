"""Names swapped for others of their label, with the case ending that the new name's sounds ask for.

The names come from the training documents themselves, where they stand in the nominative. A mention is read as one of
them with or without a case ending, else it stays: `Алматыда` is `Текеліде` only because `Алматы` is met on its own.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass
from random import Random

from annotations.document import Document, Span
from train.augment.endings import CASES, Endings, attach, fits, may_be_inflected
from train.augment.rewriting import Edit, rewrite

LABELS = ("PERSON", "GPE", "ORGANISATION", "LOCATION")

# Beginnings of the word behind a name that says what it names: `Есіл ауданы` is another sort of name than `Есіл өзені`.
_SORTS = """
қала ауда ауыл аул облы кент өзен көл тау теңі түбе арал өңір ел мемлекет республика президент
агент арна газет парти компани команд клуб қор банк корпорац серікт холдинг театр универс колледж мектеп орталы
"""
_SETTLEMENTS = frozenset({"қала", "ауда", "ауыл", "аул", "кент"})
_NAME = re.compile(
    r"(?:[А-ЯӘҒҚҢӨҰҮҺІ]\.\s?){0,2}[А-ЯӘҒҚҢӨҰҮҺІ][а-яёәғқңөұүһі]+"
    r"(?:[ -][А-ЯӘҒҚҢӨҰҮҺІ][а-яёәғқңөұүһі]+)*(?: [а-яёәғқңөұүһі]+)*"
)
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_PART = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_POSSESSIVE = re.compile(r"[ыі](?:н(?:[ае]н?|[ыі]ң|д[ае]|дағы|дегі)?|мен)?$")
_PATRONYMIC = re.compile(r"(?:ұл|қыз)ы\w*$")
_BEHIND = re.compile(r"[»”“\"]?\s([^\W\d_]+)")

_TRIES = 30  # names tried for a mention before it is left as it is


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the nominative. `sorts`: by label, each with the sorts of places that it was met in, see `_sort`.
    `alike`: those of one label and shape that are met in places of one sort, settlements apart from others."""

    sorts: dict[str, dict[str, frozenset[str]]]
    alike: dict[tuple[str, str, bool, str], list[str]]


def names_of(documents: Iterable[Document]) -> Names:
    """The names of the documents that stand in the nominative for sure."""
    met: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for document in documents:
        for span in document.spans:
            if span.label in LABELS and _NAME.fullmatch(document.cut(span)):
                met[span.label][document.cut(span)].add(_sort(document.text, span))
    sorts = {label: _nominatives(label, mentions) for label, mentions in met.items()}
    alike = defaultdict(list)
    for label, names in sorts.items():
        for name, places in names.items():
            for place in places:
                alike[label, _shape(name, label), _SETTLEMENTS.isdisjoint(places), place].append(name)
    return Names(sorts, dict(alike))


def _nominatives(label: str, met: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    """Names that do not look inflected, or that are met with a case ending and are no other name's form; with the
    sorts of all their forms."""
    sure = [name for name in met if _is_possessed(name, label) is not None]
    known: dict[str, set[str]] = {name: set() for name in sure if not may_be_inflected(name)}
    known |= {
        name: set()
        for name in sure
        if not _read(name, label, known) and any(_inflect(name, label, (case,)) in met for case in CASES)
    }
    for mention, sorts in met.items():
        if (found := _read(mention, label, known)) is not None:
            known[found[0]] |= sorts
    return {name: frozenset(sorts) for name, sorts in known.items()}


def renamed(document: Document, random: Random, *, names: Names) -> Document | None:
    """The document with other names in the place of those that are read for sure, each the same wherever it stands;
    None where there is none."""
    mentions: defaultdict[tuple[str, str], list[tuple[Span, Endings]]] = defaultdict(list)
    for span in document.spans:
        found = _read(document.cut(span), span.label, names.sorts.get(span.label, {}))
        if found is not None:
            mentions[span.label, found[0]].append((span, found[1]))
    edits: list[Edit] = []
    taken: set[str] = set()
    parts: dict[str, str] = {}  # of people: a surname alone goes with the full name
    for (label, name), places in sorted(mentions.items(), key=lambda row: -len(_PART.findall(row[0][1]))):
        others = _others(document, name, label, places, names, random)
        for other in [parts[name]] if label == "PERSON" and name in parts else others:
            forms = [_form(other, label, endings, document.text[span.end :]) for span, endings in places]
            made = [Edit(s.start, s.end, form) for (s, _), form in zip(places, forms, strict=True) if form is not None]
            if len(made) == len(places) and other not in taken:
                edits += made
                taken.add(other)
                if label == "PERSON":
                    parts |= dict(zip(_PART.findall(name), _PART.findall(other), strict=True))
                break
    return rewrite(document, edits) if edits else None


def _others(
    document: Document, name: str, label: str, places: list[tuple[Span, Endings]], names: Names, random: Random
) -> list[str]:
    """Names that may stand in the places of `name`, are settlements if it is one, and are new to the text."""
    known = names.sorts[label]
    sorts = sorted({_sort(document.text, span) for span, _ in places})
    pool = names.alike.get((label, _shape(name, label), _SETTLEMENTS.isdisjoint(known[name]), sorts[0]), [])
    tried = random.sample(pool, min(_TRIES, len(pool)))
    return [other for other in tried if known[other].issuperset(sorts) and other not in document.text]


def _form(name: str, label: str, endings: Endings, behind: str) -> str | None:
    """The name with the endings, if what stands behind it may follow it."""
    form, particle = _inflect(name, label, endings), _BEHIND.match(behind)
    word = _LAST_WORD.search(form) if form else None
    return form if word and (particle is None or fits(particle[1], word[0])) else None


def _read(mention: str, label: str, names: Container[str]) -> tuple[str, Endings] | None:
    """The known name that a mention is, and its case ending."""
    if mention in names:
        return mention, ()
    word = _LAST_WORD.search(mention)
    for end in range(len(mention) - 1, word.start() + 1 if word else len(mention), -1):
        name = mention[:end]
        if name in names:
            for case in CASES:
                if _inflect(name, label, (case,)) == mention:
                    return name, (case,)
    return None


def _inflect(name: str, label: str, endings: Endings) -> str | None:
    """The name with endings on its last word; None where the sounds leave a doubt."""
    word, possessed = _LAST_WORD.search(name), _is_possessed(name, label)
    if word is None or possessed is None:
        return None
    form = attach(word[0], endings, possessed=possessed)
    return None if form is None else name[: word.start()] + form


def _is_possessed(name: str, label: str) -> bool | None:
    """Whether the name ends in the possessive that holds a compound together (Алматы облысы, Әбішұлы); None if it is
    unsure, or if a case seems to stand behind it."""
    compound = _PATRONYMIC.search(name) is not None if label == "PERSON" else " " in name
    if not compound or not _POSSESSIVE.search(name):
        return False
    sure = name.rpartition(" ")[2].islower() or name.endswith(("сы", "сі", "ұлы", "қызы"))
    return True if sure and name.endswith(("ы", "і")) else None


def _shape(name: str, label: str) -> str:
    """What a name shares with those that may take its place: initials and full words, or a compound's last word."""
    if label == "PERSON":
        return _PART.sub(lambda part: "И" if len(part[0]) == 1 else "А", name)
    return name.rpartition(" ")[2].lower() if _is_possessed(name, label) else ""


def _sort(text: str, span: Span) -> str:
    """What the word behind a mention says it is, failing that whether it is in quotes; nothing for people."""
    if span.label == "PERSON":
        return ""
    behind = _BEHIND.match(text, span.end)
    sort = next((sort for sort in _SORTS.split() if behind and behind[1].startswith(sort)), "")
    return sort or ("«" if text[max(span.start - 1, 0) : span.start] in ("«", "“", '"') else "")
