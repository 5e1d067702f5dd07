"""Sentences of Kazakh news text, by rules: where one ends, and where a full stop only shortens a word.

Every line break ends a sentence, so that headlines and captions stand alone. A quotation and the author's words after
it (`«…», – деді ол.`) are one sentence; several sentences inside a quotation are several, each with figures of its own.
"""

import re
import string
from collections.abc import Iterator

_UPPER = "А-ЯЁӘҒҚҢӨҰҮҺІ"
_LOWER = "а-яёәғқңөұүһі"
_LETTERS = string.ascii_letters + "".join(chr(code) for code in range(0x400, 0x530))
_VOWELS = frozenset("аәоөұүыіеэиуюяё")

# Words cut short by a full stop which do not end a sentence, whatever follows. Single letters need no listing.
_SHORTENED = """
акад проф доц инж ген полк подп серж дж св им ул тел стр рис кесте
жж ғғ обл ауд қал көш даң ат ст респ мемл мем әлеум ғыл тех хим мед экон
солт оңт шығ бат орт төм жоғ шамам негізг англ лат араб грек фр нем
"""

# Words cut short which may stand last, as т.б. and т.с.с. may: before a capitalised word they end the sentence.
_SHORTENED_LAST = """
млн млрд трлн тг долл руб тиын км см мм кг мг га тн кв мин сек сағ сот дана шт
"""

# Words that open a sentence and can be no part of a name, so that they settle what an abbreviation leaves open.
_OPENING = """
Ол Оның Оған Оны Онда Одан Олар Олардың Оларға Бұл Бұған Бұның Мұның Мұнда Мұндай Бұдан Бұлар
Осы Осыған Осындай Осылайша Сол Сондай Сондай-ақ Соның Сонда Сондықтан Сонымен Содан Сөйтіп Соңғы
Алайда Бірақ Дегенмен Ал Енді Егер Демек Яғни Әйтсе Әйтпесе Жалпы Айта Атап Тағы Кейін Қазір Біз Мен
"""

_ABBREVIATIONS = frozenset(_SHORTENED.split())
_CLOSING_ABBREVIATIONS = frozenset(_SHORTENED_LAST.split())
_OPENERS = frozenset(_OPENING.split())

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")

# A run of stops with the quotes and brackets that close after it, or a lower-case word run into a capitalised one;
# a spaced date (14. 03. 2024) is passed over. Each consumes what it looks at: the time is linear in the text.
_CANDIDATE = re.compile(
    rf"\d{{1,2}}\.\s\d{{1,2}}\.\s?\d{{2,4}}|(?P<stop>[.!?…]++)(?P<closing>[»”\"’)\]]*+)"
    rf"|(?<![^\W\d_])(?P<joined>[{_LOWER}]{{3,}}+)(?=[{_UPPER}][{_UPPER}{_LOWER}]{{2}})"
)
_AHEAD = re.compile(r"(?P<space>\s*+)(?P<dash>[–—-]*+)\s*+[«“„\"‘(\[]*+(?P<word>[\w-]{0,24})")
_WINDOW = 24  # characters before a stop that decide what it is: longer than any abbreviation or numbering
_CAPITALISED_OR_NUMBER = re.compile(rf"[{_UPPER}][{_LOWER}]|\d")
_AND_SO_ON = re.compile(r"\bт\.\s?(?:б|т|с(?:\.\s?с)?)$")
_NUMBERING = re.compile(r"\W*(?:\d{1,3}|[IVXІХ]{1,4}|[^\W\d_])(?:\.\d{1,2})*$")


def split(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` in order, as [start, end) offsets in code points.

    They do not overlap, are trimmed of white space and together cover every other character.
    """
    return [
        sentence
        for line in _LINE.finditer(text)
        for sentence in _trimmed(text, line.start(), line.end(), _ends(text, line.start(), line.end()))
    ]


def _trimmed(text: str, start: int, stop: int, ends: Iterator[int]) -> Iterator[tuple[int, int]]:
    """The stretches between `ends` without the white space at their edges, leaving out those that hold nothing else."""
    for end in (*ends, stop):
        piece = text[start:end]
        if body := piece.strip():
            left = start + len(piece) - len(piece.lstrip())
            yield left, left + len(body)
        start = end


def _ends(text: str, start: int, stop: int) -> Iterator[int]:
    """Offsets inside the line [start, stop) at which a sentence ends."""
    for candidate in _CANDIDATE.finditer(text, start, stop):
        joined = candidate["joined"]
        if (joined and not _is_abbreviation(joined)) or (candidate["stop"] and _is_end(text, start, stop, candidate)):
            start = candidate.end()
            yield start


def _is_end(text: str, start: int, stop: int, candidate: re.Match[str]) -> bool:
    """Whether the stop ends the sentence that began at `start`."""
    ahead = _AHEAD.match(text, candidate.end(), stop)
    if ahead is None or (candidate["closing"] and ahead["dash"]):  # «…!» – деді ол
        return False
    glued, following = not ahead["space"], ahead["word"]
    if glued and not _CAPITALISED_OR_NUMBER.match(following):  # egemen.kz, млрд.теңге, Node.JS
        return False
    before = text[max(start, candidate.start() - _WINDOW) : candidate.start()].strip()
    if not before or before[-1] in "([.!?…" or (not following and text.startswith((".", "…"), ahead.end())):
        return False  # […], . . .
    word = before[len(before.rstrip(_LETTERS)) :]
    if candidate["stop"] == ".":
        if candidate.start() - start <= _WINDOW and _NUMBERING.fullmatch(before):  # 1. IV. а.
            return False
        if word and _is_abbreviation(word):
            may_close = word.lower() in _CLOSING_ABBREVIATIONS or _AND_SO_ON.search(before)
            return not candidate["closing"] and (following in _OPENERS or bool(may_close and following.istitle()))
    if glued:
        return _ends_before_glued(before, word, following)
    if following[:1].islower():
        return candidate[0] == "." and _is_predicate(word)
    return True


def _is_abbreviation(word: str) -> bool:
    return len(word) == 1 or word.lower() in _ABBREVIATIONS or word.lower() in _CLOSING_ABBREVIATIONS


def _ends_before_glued(before: str, word: str, following: str) -> bool:
    """Whether `following`, written on after the stop, begins a sentence: after a word it does, `14.03` is a number."""
    if following[0].isdigit():
        return len(word) >= 3
    return len(word) >= (2 if word.islower() else 3) or before[-1] in '0123456789»”"%)'


def _is_predicate(word: str) -> bool:
    """Before a lower-case word only a predicate ends a sentence: it ends in a vowel, a shortened word does not."""
    return len(word) >= 4 and word[-1].lower() in _VOWELS
