"""The same words set otherwise: capitals, spaces, quotes and dashes as careless and as careful pages have them."""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

from annotations.document import Document
from train.augment.rewriting import Edit, fitting, rewrite

# Not behind a full stop: there a small letter tells that it only shortens a word (`млрд. теңге`).
_FIRST_LETTER = re.compile(r"(?:^|(?<=[^.]\s)|(?<=[«“\"(]))[^\W\d_]")


def _same_length(change: Callable[[str], str]) -> Callable[[str], str]:
    """The change of case letter by letter, without the few letters (ß, İ) that it makes longer."""
    return lambda text: "".join(new if len(new := change(letter)) == 1 else letter for letter in text)


_upper = _same_length(str.upper)
CAPITALS: dict[str, Callable[[str], str]] = {
    "all": _upper,
    "none": _same_length(str.lower),
    "every word": lambda text: _FIRST_LETTER.sub(lambda first: _upper(first[0]), text),
}

# A habit: where it shows, and what is written there.
SPACES: dict[str, tuple[re.Pattern[str], tuple[str, ...]]] = {
    "no-break or thin behind digits": (re.compile(r"(?<=\d) (?=[^\W_]|%)"), ("\u00a0", "\u2009", "\u202f")),
    "doubled": (re.compile(r"(?<=[\d.,;:!?»”)]) (?=\S)"), ("  ",)),
    "none behind a full stop or comma": (re.compile(r"(?<=[^\W\d_][.,]) (?=[^\W\d_])"), ("",)),
    "one before a hyphen": (re.compile(r"(?<=[\d%A-ZА-ЯӘҒҚҢӨҰҮҺІ])(?=-[а-яәғқңөұүһі]{1,4}(?!\w))"), (" ",)),
    "full stop for it": (re.compile(r"(?:(?<=млн)|(?<=млрд)|(?<=трлн))\.? (?=[а-яәғқңөұүһі])"), (".",)),
    "none before a unit": (re.compile(r"(?<=\d) (?=(?:км|м|см|мм|га|кг|т|тг|мың|млн|млрд|трлн)(?!\w)|%)"), ("",)),
}

QUOTES = {"guillemets": "«»", "curly": "“”", "straight": '""', "none": ("", "")}
DASHES = "–—-"
_QUOTE = re.compile(r"[«»“”„\"]")
_BEFORE_OPENING = frozenset(" \u00a0\t\n([«“„-–—")
# A dash between words, but no minus, nor one that careless pages put before an ending (`3% - ды`); and in a range.
_DASH = re.compile(r"(?<=[^\d%,(]\s)[–—-](?=\s)|(?<=,\s)[–—-](?=\s\D)")
_RANGE = re.compile(r"(?<![\w–—-])\d+([–—-])\d+(?![\w–—-])")


def recased(document: Document, random: Random) -> Document | None:
    """The document in capitals only, without any, or with one at each word; None where that changes nothing."""
    return recase(document, random.choice(list(CAPITALS)))


def recase(document: Document, capitals: str) -> Document | None:
    """The document with its text in one of `CAPITALS`; None where that changes nothing, or where only the case of the
    letters keeps a span's edge (`аяқталдыКездесуде`)."""
    edges = {edge for span in document.spans for edge in (span.start, span.end)}
    text = CAPITALS[capitals](document.text)
    if text == document.text or any(
        text[edge - 1 : edge].isalpha() and text[edge : edge + 1].isalpha() for edge in edges
    ):
        return None
    return replace(document, text=text)


def respaced(document: Document, random: Random) -> Document | None:
    """The document with one habit of spacing, drawn at random, in some of the places where it can show."""
    for pattern, texts in random.sample(list(SPACES.values()), len(SPACES)):
        text = random.choice(texts)
        places = fitting(document, [Edit(*place.span(), text) for place in pattern.finditer(document.text)])
        if places:
            return rewrite(document, random.sample(places, random.randint(1, len(places))))
    return None


def respace(document: Document, habit: str) -> Document:
    """The document with a habit of `SPACES` wherever it can show."""
    pattern, (text, *_) = SPACES[habit]
    return rewrite(
        document, fitting(document, [Edit(*place.span(), text) for place in pattern.finditer(document.text)])
    )


def requoted(document: Document, random: Random) -> Document | None:
    """The document with other quotes and dashes, drawn at random; None where there is nothing to change."""
    for quotes in random.sample(list(QUOTES), len(QUOTES)):
        other = requote(document, quotes, random.choice(DASHES))
        if other.text != document.text:
            return other
    return None


def requote(document: Document, quotes: str, dash: str) -> Document:
    """The document with quotes of a kind of `QUOTES`, as far as they stand in pairs, and with one kind of dash
    (never — in a range).

    A name alone in its quotes keeps some: without them the word behind it would belong to it (`«Көкжиек» қоры`).
    """
    left, right = QUOTES[quotes]
    names = {(span.start - 1, span.end) for span in document.spans}
    pairs = [pair for pair in _pairs(document.text) if left or pair not in names]
    marks = [Edit(place, place + 1, mark) for pair in pairs for place, mark in zip(pair, (left, right), strict=True)]
    edits = fitting(document, marks)
    edits += [Edit(*found.span(), dash) for found in _DASH.finditer(document.text)]
    edits += [Edit(*found.span(1), dash.replace("—", "–")) for found in _RANGE.finditer(document.text)]
    return rewrite(document, edits)


def _pairs(text: str) -> list[tuple[int, int]]:
    """The places of opening and closing quotes, told apart by what stands beside them; none if that is not sure."""
    opened, pairs = [], []
    for quote in _QUOTE.finditer(text):
        place = quote.start()
        before, behind = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
        if (not before or before in _BEFORE_OPENING) and behind.strip():
            opened.append(place)
        elif opened and before.strip():
            pairs.append((opened.pop(), place))
        else:
            return []
    return [] if opened else pairs
