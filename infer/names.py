"""Names as a dictionary would head them: the nominative of an inflected mention, and mentions of one name merged.

A case ending is taken off only where the cases put it on: its first consonant must be the one that Kazakh assimilation
gives after the stem (`Сенат-та`, `Семей-де`, `Иран-нан`), and after a short or a possessed stem its vowel must be in
harmony (`Абай-ға`, `облысы-на`). So `Астана`, `Сәбит` and `Алматы` keep their last syllable: no stem could take it as
an ending. The possessive that holds a compound name together stays: `Алматы облысының` → `Алматы облысы`.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from operator import itemgetter

from models.tokenization import LOOKALIKES

# What the cases put on a stem by its last sound: genitive, dative, accusative, locative, ablative, instrumental.
_CASES = {
    "аәоөұүыіеэяё": "ның ға ны да дан мен",
    "мнң": "ның ға ды да нан мен",
    "лрй": "дың ға ды да дан мен",
    "иую": "ның дың ға ны ды да дан мен",  # written as vowels, heard as a vowel and a glide: both kinds occur
    "жз": "дың ға ды да дан бен",
    "бвгдкқпстфхһцчшщ": "тың қа ты та тан пен",
}
_POSSESSED_CASES = "ның на н нда нан мен"  # after the possessive -ы, -і

_BACK, _FRONT = frozenset("аоұыяю"), frozenset("әөүіеэ")
_VOWELS = _BACK | _FRONT | frozenset("иуё")
_TO_FRONT = str.maketrans("аығқ", "еігк")


def _forms(cases: str) -> frozenset[str]:
    """Case endings with those made from the locative (`-дағы`), in back and in front vowels."""
    back = [*cases.split(), *(f"{case}ғы" for case in cases.split() if case.endswith(("да", "та")))]
    return frozenset(back) | {case.translate(_TO_FRONT) for case in back}


_ENDINGS = {sound: _forms(cases) for sounds, cases in _CASES.items() for sound in sounds}
_POSSESSED_ENDINGS = _forms(_POSSESSED_CASES)
_ALL_ENDINGS = _POSSESSED_ENDINGS.union(*_ENDINGS.values())
_LONGEST = max(map(len, _ALL_ENDINGS))
_DETACHED_ENDINGS = _ALL_ENDINGS | {
    possessive + case for possessive in ("ы", "і", "сы", "сі") for case in _POSSESSED_ENDINGS
}
_INVARIABLE = frozenset(("мен", "бен", "пен", "н"))
_LOCATIVES = _forms("да та")
_ACCUSATIVES = _forms("ны ды ты")

# Names and words which end as a case would; the end of a longer word counts too (Ақорда, Өзбекстан, Самұрық-Қазына).
_ENDS_LIKE_A_CASE = """
орда стан ықшамаудан канада гренада гранада невада эллада антарктида барбуда уганда руанда луанда мальта валлетта
калькутта иордан магадан ливан ереван түркімен йемен бремен манхэттен лесте
қарағанды шарбақты қамысты теректі бұланды зеренді жезді бүркітті ақтасты өскемен
келді гелді берді болды балды иға леймен қаршыға қобыланды ақтоқты байбақты ырысты мелинда бреннан слободан
төраға тұлға пошта почта қазына қаида свобода дайын үшін кейін дейін
"""
_LEXICAL = tuple(_ENDS_LIKE_A_CASE.split())

_LOWER, _UPPER = "а-яёәғқңөұүһі", "А-ЯЁӘҒҚҢӨҰҮҺІ"
# An ending behind a hyphen or an apostrophe, or set off by what it follows: a quote, capitals, a digit, a Latin letter.
_DETACHED = re.compile(
    rf"(?P<name>.*[^\W_][»”\"]*)"
    rf"(?:\s?[-–’'ʼ]\s?|(?:(?<=[»”\"A-Za-z0-9])|(?<=[{_UPPER}][{_UPPER}]))(?=[{_LOWER}]))"
    rf"(?P<ending>[{_LOWER}{_UPPER}]{{1,7}})$",
    re.DOTALL,
)
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_QUOTES = re.compile(r"[«»“”„\"]")
_SURNAMES = ("ов", "ев", "ин", "ын", "ова", "ева", "ина", "ына")
_PATRONYMICS = ("ұлы", "улы", "қызы", "кызы")
_UNINFLECTED = ("ADAGE", "CONTACT")

# Words that end a name and only tell its kind, and what may open it in its own country: `ҚР Білім министрлігі`.
_PLACE_KINDS = """
қаласы қ ауылы кенті республикасы федерациясы
"""
_BODY_KINDS = """
ақ жшс жк ққ қб рмк мкк рмқк ұк ұқ партиясы қоры компаниясы корпорациясы
"""
_KINDS = {"GPE": frozenset(_PLACE_KINDS.split()), "ORGANISATION": frozenset(_BODY_KINDS.split())}
_STATE = re.compile(r"^(?:қр|қазақстан республикасы(?:ның)?)\s", re.IGNORECASE)
# A name in quotes among words that only tell its kind: small letters or an abbreviation.
_KIND = rf"(?:[{_LOWER}-]+|[{_UPPER}]+)"
_QUOTED = re.compile(rf"(?:{_KIND}\s)*[«“„\"](?P<name>[^«»“”„\"]+)[»”\"](?:\s{_KIND})*")
_WORD = re.compile(r"[^\W\d_]+")
_PERSON_PART = re.compile(r"[^\W\d_]{1,2}\.|[^\W\d_]+")

# Every script in plain Cyrillic letters, so that `Kaspi` and `Каспи`, `Карасай` and `Қарасай` are one.
_DIGRAPHS = {"sh": "ш", "ch": "ч", "zh": "ж", "kh": "х", "ts": "ц", "ya": "я", "yu": "ю"}
_LOOKALIKES = str.maketrans(LOOKALIKES)
_LETTERS = str.maketrans("әғқңөұүһіыйёabcdefghijklmnopqrstuvwxyz", "агкноуухииие" + "абкдефгхижклмнопкрстуввкиз")


@lru_cache(maxsize=2**12)  # an article names the same people and places over and over
def nominative(text: str, label: str) -> str:
    """The nominative of a mention: case endings off, quotes around the whole name off, the wording otherwise kept."""
    text = " ".join(text.split())
    if label in _UNINFLECTED:
        return text
    if (cut := _DETACHED.match(text.translate(_LOOKALIKES))) and cut["ending"].lower() in _DETACHED_ENDINGS:
        return _unquoted(text[: cut.end("name")])
    text = _unquoted(text)
    word = _LAST_WORD.search(text)
    if word is None:
        return text
    return text[: word.start()] + _stem(word[0], label, compound=" " in text[: word.start()])


@lru_cache(maxsize=2**12)
def key(text: str, label: str) -> str:
    """What mentions of one name share: its nominative without capitals, script, quotes and words that tell its kind.

    A person's is the parts of the name in alphabetical order, initials with their full stop.
    """
    name = nominative(text, label)
    if label == "PERSON":
        return " ".join(sorted(_PERSON_PART.findall(_plain(name))))
    if label == "ORGANISATION":
        quoted = _QUOTED.fullmatch(name)
        name = quoted["name"] if quoted else _STATE.sub("", name)
    words = name.split()
    while len(words) > 1 and words[-1].lower().rstrip(".") in _KINDS.get(label, ()):
        words.pop()
    return _plain(" ".join(words))


def merge(names: Sequence[tuple[str, str]], abbreviations: Mapping[int, str] | None = None) -> list[int]:
    """The cluster of each (text, label) mention, numbered in the order of first mention.

    Mentions of one label with equal keys are one name; `abbreviations` holds, by its position, what a mention is also
    called. A person's shorter mention (`Мұратбеков`, `Қ.Мұратбеков`) joins the fuller one that it can stand for: of
    several, the latest before it.
    """
    keys = [(label, key(text, label)) for text, label in names]
    written_out = {(keys[at][0], key(short, keys[at][0])): keys[at] for at, short in (abbreviations or {}).items()}
    keys = [written_out.get(own, own) for own in keys]
    fuller = _fuller_mentions([own if label == "PERSON" else "" for label, own in keys])
    clusters: dict[tuple[str, str], int] = {}
    result = []
    for position, (label, own) in enumerate(keys):
        head = _head(own, position, fuller) if label == "PERSON" else own
        result.append(clusters.setdefault((label, head), len(clusters)))
    return result


def fullest(names: Sequence[tuple[str, str]]) -> str:
    """The name of a cluster: the nominative, of all its (text, label) mentions, with the most words written out; of
    equals one in capital and small letters both, as it is not in a headline."""
    nominatives = (nominative(text, label) for text, label in names)
    return max(nominatives, key=lambda name: (_fullness(name), not name.isupper(), not name.islower(), len(name)))


def abbreviates(short: str, name: str) -> bool:
    """Whether the letters of `short` are initials of the words of `name`, in order and from the first word on."""
    initials = [word[0] for word in _WORD.findall(name.lower())]
    rest = iter(initials)
    return initials[:1] == [*short.lower()[:1]] and all(letter in rest for letter in short.lower())


def _stem(word: str, label: str, *, compound: bool) -> str:
    """`word` without its case ending, if it has one."""
    lowered = word.translate(_LOOKALIKES).lower()
    if lowered.endswith(_LEXICAL):
        return word
    for length in range(min(_LONGEST, len(word) - 2), 0, -1):
        if _is_inflected(lowered[:-length], lowered[-length:], label, compound=compound):
            return word[:-length]
    return word


def _is_inflected(stem: str, ending: str, label: str, *, compound: bool) -> bool:
    """Whether `ending` is a case on `stem`, the last word of a name, rather than the end of the name itself."""
    vowels = [sound for sound in stem if sound in _VOWELS]
    genitive = ending.endswith("ң")
    if not vowels or len(stem) < (2 if genitive else 3):
        return False
    harmonic = ending in _INVARIABLE or vowels[-1] not in (_BACK if _FRONT & set(ending) else _FRONT)
    if ending not in _ENDINGS.get(stem.rstrip("ьъ")[-1:], ()):
        return ending in _POSSESSED_ENDINGS and harmonic and _is_possessed(stem, ending, label, compound=compound)
    if len(stem) < 4 and not harmonic:
        return False
    if label == "PERSON":
        # Линда, Кармен: short given names end so more often than they are inflected so; Фарида, Айзада: women's names
        # end so more often than a person is a place where something is.
        return genitive or (len(stem) > 3 and (ending not in _LOCATIVES or stem.endswith(_SURNAMES)))
    return not (compound and ending in _ACCUSATIVES)  # ауданы, институты: possessed, so that their accusative is -н


def _is_possessed(stem: str, ending: str, label: str, *, compound: bool) -> bool:
    """Whether the stem of a possessed word's ending is one: `облысы-на`, `Әбішұлы-н`."""
    if not stem.endswith(("ы", "і")):
        return False
    if label == "PERSON":
        return stem.endswith(_PATRONYMICS)
    return compound or ending != "н" or stem[-2] in "сғгб"


def _unquoted(text: str) -> str:
    """`text` without quotes around the whole of it, and without one that was left open or closed by the span's edge."""
    inner = text.strip("«»“”„\"'’ ")
    return text if _QUOTES.search(inner) else inner


def _plain(name: str) -> str:
    """`name` in small plain Cyrillic letters."""
    name = name.translate(_LOOKALIKES).lower()
    for pair, letter in _DIGRAPHS.items():
        name = name.replace(pair, letter)
    return name.translate(_LETTERS)


Fuller = Callable[[str], Sequence[tuple[int, str]]]


def _head(short: str, position: int, fuller: Fuller) -> str:
    """The fullest key that `short` can stand for: of several fuller ones the latest before `position`, or the next."""
    while mentions := fuller(short):
        position, short = mentions[max(bisect_right(mentions, position, key=itemgetter(0)) - 1, 0)]
    return short


def _fuller_mentions(people: Sequence[str]) -> Fuller:
    """A function from a person's key to the mentions of the fuller ones that it can stand for, as (position, key) in
    order. `people` are the keys of all mentions, empty for one of another label."""
    holders: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))  # word -> key -> its mentions
    for position, own in enumerate(people):
        for word in own.split():
            holders[word][own].append(position)

    @cache
    def fuller(short: str) -> Sequence[tuple[int, str]]:
        written_out = (part for part in short.split() if not _is_initial(part))
        rarest = min(written_out, key=lambda part: len(holders[part]), default="")
        return sorted(
            (position, own)
            for own, positions in holders[rarest].items()
            if _fullness(own) > _fullness(short) and _stands_for(short, own)
            for position in positions
        )

    return fuller


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
