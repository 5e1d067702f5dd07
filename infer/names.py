"""Names as a dictionary would head them: the nominative of an inflected mention, and mentions of one name merged.

A case ending is taken off only where the sounds allow it: its first consonant must be the one that Kazakh assimilation
gives after the stem (`Сенат-та`, `Семей-де`, `Иран-нан`), its vowel must go with the stem's (`Абай-ға`, `Семей-ге`).
So `Астана`, `Сәбит` and `Алматы` keep their last syllable: no stem could take it as an ending. The possessive that
holds a compound name together stays: `Алматы облысының` → `Алматы облысы`.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

_BACK, _FRONT = frozenset("аоұыяю"), frozenset("әөүіеэ")
_VOWELS = _BACK | _FRONT | frozenset("иуё")
_GLIDES = frozenset("иую")  # written as vowels, heard as a vowel and a glide: both kinds of endings occur
_NASALS, _HISSING = frozenset("мнң"), frozenset("жз")
_LIQUIDS = frozenset("лрй") | _GLIDES

# Names and words which end as a case would by the rules below; the end of a longer word counts too (Ақорда, Өзбекстан).
_ENDS_LIKE_A_CASE = """
орда стан ықшамаудан канада гренада уганда руанда мальта валлетта калькутта иордан магадан ливан ереван
қарағанды шарбақты қамысты теректі бұланды зеренді жезді өскемен түркімен йемен бремен
келді гелді берді болды балды иға леймен қаршыға
төраға тұлға пошта почта
"""
_LEXICAL = tuple(_ENDS_LIKE_A_CASE.split())

# Case endings, longest first.
_ENDING = re.compile(
    r"(?:н?[дт](?:ағы|егі)|[дтн](?:ың|ің)|н?[дт](?:а|е)|[дтн](?:ан|ен)|[мбп]ен|[ғқ]а|[гк]е|[дтн][ыі]|н[ае]|н)$"
)
_DETACHED = re.compile(r"(?P<name>.*[^\W_])(?P<quote>[»”\"]*)\s?[-–’'ʼ]\s?(?P<ending>[а-яәғқңөұүһі]{1,5})$", re.DOTALL)
_ATTACHED_TO_QUOTE = re.compile(r"(?P<name>.*[^\W_])(?P<quote>[»”\"]+)(?P<ending>[а-яәғқңөұүһі]{1,5})$", re.DOTALL)
_OTHER_SCRIPT = re.compile(
    r"(?P<name>.*(?:[A-Za-z0-9]|[А-ЯЁӘҒҚҢӨҰҮҺІ]{2}))(?P<quote>)(?P<ending>[а-яәғқңөұүһі]{1,5})$", re.DOTALL
)
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_SURNAME = ("ов", "ев", "ин", "ын", "ова", "ева", "ина", "ына")
_PATRONYMIC = ("ұлы", "улы", "қызы", "кызы")
_QUOTED = re.compile(r"^[«“„\"](?P<core>[^«»“”\"]+)[»”\"]")
_LEGAL_FORMS = re.compile(r"(?:\s(?:ақ|жшс|жк|ққ|қб|рмк|мкк|рмқк|ұк|ұқ|партиясы|қоры|компаниясы|корпорациясы))+\.?$")
_PERSON_PART = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*\.?")


def nominative(text: str, label: str) -> str:
    """The nominative of a mention: case endings off, quotes around the whole name off, the wording otherwise kept."""
    text = " ".join(text.split())
    for pattern in (_DETACHED, _ATTACHED_TO_QUOTE, _OTHER_SCRIPT):
        if (cut := pattern.match(text)) and _ENDING.fullmatch(cut["ending"]):
            return _unquoted(cut["name"] + cut["quote"])
    text = _unquoted(text)
    word = _LAST_WORD.search(text)
    if word is None:
        return text
    return text[: word.start()] + _stem(word[0], label, compound=" " in text[: word.start()])


def merge(names: Sequence[tuple[str, str]]) -> list[int]:
    """The cluster of each (text, label) mention, numbered in the order of first mention.

    Equal nominatives of one label are one name, whatever their capitals, quotes and legal form. A person's shorter
    mention (`Мұратбеков`, `Қ.Мұратбеков`) joins the fuller one that it can stand for: of several, the latest before it.
    """
    keys = [(label, _key(nominative(text, label), label)) for text, label in names]
    people: dict[str, list[int]] = defaultdict(list)  # a person's key -> the positions of its mentions
    holders: dict[str, set[str]] = defaultdict(set)  # a word -> the keys that hold it
    for position, (label, key) in enumerate(keys):
        if label == "PERSON":
            people[key].append(position)
            for word in key.split():
                holders[word].add(key)
    clusters: dict[tuple[str, str], int] = {}
    result = []
    for position, (label, key) in enumerate(keys):
        head = _head(key, position, people, holders) if label == "PERSON" else key
        result.append(clusters.setdefault((label, head), len(clusters)))
    return result


def _head(key: str, position: int, people: dict[str, list[int]], holders: dict[str, set[str]]) -> str:
    """The fullest name that `key` can stand for; of several fuller ones the latest before `position`, else the next."""
    word = next((part for part in key.split() if not _is_initial(part)), "")
    fuller = [other for other in holders.get(word, ()) if _fullness(other) > _fullness(key) and _stands_for(key, other)]
    if not fuller:
        return key
    places = {other: _nearest(people[other], position) for other in fuller}
    nearest = max(fuller, key=lambda other: (places[other] <= position, -abs(places[other] - position)))
    return _head(nearest, places[nearest], people, holders)


def _nearest(positions: list[int], position: int) -> int:
    """The last of the ascending `positions` that is not after `position`, else the first."""
    return positions[max(bisect_right(positions, position) - 1, 0)]


def fullest(names: Sequence[tuple[str, str]]) -> str:
    """The name of a cluster: the nominative, of all its (text, label) mentions, with the most words written out; of
    equals one that is not in capitals, as headlines are."""
    nominatives = (nominative(text, label) for text, label in names)
    return max(nominatives, key=lambda name: (_fullness(name), not name.isupper(), len(name)))


def _stem(word: str, label: str, *, compound: bool) -> str:
    """`word` without its case ending, if the sounds allow it to have one."""
    lowered = word.lower()
    if lowered.endswith(_LEXICAL):
        return word
    for length in range(min(5, len(word) - 2), 0, -1):
        ending, stem = lowered[-length:], lowered[:-length]
        if _ENDING.fullmatch(ending) and _takes(stem, ending, label, compound=compound):
            return word[:-length]
    return word


def _takes(stem: str, ending: str, label: str, *, compound: bool) -> bool:
    """Whether `stem` takes `ending`: harmony and assimilation; a possessed stem takes endings of its own."""
    vowels = [sound for sound in stem if sound in _VOWELS]
    if not vowels or len(stem) < (2 if ending.endswith("ң") else 3):
        return False
    if label == "PERSON" and len(stem) < 4 and not ending.endswith("ң"):
        return False  # Линда, Кармен, Бектен: short given names end so more often than they are inflected so
    if len(stem) < 4 and not _in_harmony(vowels[-1], ending):
        return False
    last = stem[-1]
    if ending in ("н", "на", "не") or ending[:2] in ("нд",) or (ending in ("нан", "нен") and last in "ыі"):
        return _is_possessed(stem, label, compound or ending != "н") and _in_harmony(vowels[-1], ending)
    if compound and label != "PERSON" and ending[-1] in "ыі":
        return False  # ауданы, институты: a compound's last word is possessed, and its accusative is -н
    if label == "PERSON" and ending in ("да", "де", "та", "те") and not stem.endswith(_SURNAME):
        return False  # Фарида, Айзада: women's names end so more often than men are a place where something is
    return ending[0] in _openings(last, ending)


def _in_harmony(vowel: str, ending: str) -> bool:
    front = bool(set(ending) & _FRONT)
    return ending in ("мен", "бен", "пен", "н") or vowel not in (_BACK if front else _FRONT)


def _is_possessed(stem: str, label: str, likely: bool) -> bool:
    """Whether the stem ends in the possessive -ы, -і, after which the endings differ: `облысы-на`, `облысы-н`."""
    if stem[-1] not in "ыі":
        return False
    return stem.endswith(_PATRONYMIC) or (label != "PERSON" and (likely or stem[-2] in "сғгб"))


def _openings(last: str, ending: str) -> str:
    """The consonants with which `ending` may begin after the sound `last`."""
    if ending == "мен" or ending == "бен" or ending == "пен":
        return "б" if last in _HISSING else "м" if last in _VOWELS | _NASALS | _LIQUIDS else "п"
    if ending[0] in "ғқгк":
        return "ғг" if last in _VOWELS | _NASALS | _LIQUIDS | _HISSING else "қк"
    if last not in _VOWELS | _NASALS | _LIQUIDS | _HISSING:
        return "т"
    if last in _LIQUIDS and last in _GLIDES:
        return "дн" if ending[1:] in ("ың", "ің", "ы", "і") else "д"
    if ending.endswith("ң"):
        return "н" if last in _VOWELS | _NASALS else "д"
    if ending in ("ны", "ні", "ды", "ді", "ты", "ті"):
        return "н" if last in _VOWELS else "д"
    if ending.endswith("н"):
        return "н" if last in _NASALS else "д"
    return "д"


def _unquoted(text: str) -> str:
    """`text` without quotes around the whole of it, and without one that was left open or closed by the span's edge."""
    inner = text.strip("«»“”„\"'’ ")
    return inner if not re.search(r"[«»“”„\"]", inner) else text


def _key(name: str, label: str) -> str:
    """What equal names share: no capitals, quotes or legal form; a person's initials set apart from the surname."""
    if label == "PERSON":
        return " ".join(sorted(part.lower() for part in _PERSON_PART.findall(name)))
    if quoted := _QUOTED.match(name):
        return quoted["core"].lower()
    lowered = name.lower()
    if label == "GPE":
        return re.sub(r"\s(?:қаласы|қ\.?)$", "", lowered)
    return _LEGAL_FORMS.sub("", lowered) if label == "ORGANISATION" else lowered


def _is_initial(part: str) -> bool:
    return part.endswith(".") or len(part) == 1


def _fullness(name: str) -> int:
    """Words written out count more than initials."""
    return sum(1 if _is_initial(part) else 100 for part in name.split())


def _stands_for(short: str, full: str) -> bool:
    """Whether every part of `short` is a part of `full` or the initial of one, and one part at least is written out."""
    rest = full.split()
    for part in sorted(short.split(), key=_is_initial):
        match = next((other for other in rest if other == part), None) or next(
            (other for other in rest if _is_initial(part) and other.startswith(part.rstrip("."))), None
        )
        if match is None:
            return False
        rest.remove(match)
    return any(not _is_initial(part) for part in short.split())
