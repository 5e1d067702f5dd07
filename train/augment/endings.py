"""Endings of Kazakh words, put on as the sounds ask: vowel harmony, and assimilation of the ending's first consonant.

Only what is sure is answered: where usage wavers (`Каримовты`, `Каримовті`), nothing is.
"""

from functools import cache
from itertools import product

Endings = tuple[str, ...]

# The forms after: a vowel | р й у и | л | м н ң | з ж | any other consonant. In front words ы а ғ қ become і е г к.
_FORMS = {
    "plural": "лар лар дар дар дар тар",
    "possessive": "сы ы ы ы ы ы",
    "ordinal": "ншы ыншы ыншы ыншы ыншы ыншы",
    "adjective": "лық лық дық дық дық тық",
    "genitive": "ның дың дың ның дың тың",
    "dative": "ға ға ға ға ға қа",
    "accusative": "ны ды ды ды ды ты",
    "locative": "да да да да да та",
    "ablative": "дан дан дан нан дан тан",
    "instrumental": "мен мен мен мен бен пен",
    "attributive": "дағы дағы дағы дағы дағы тағы",
    "similative": "дай дай дай дай дай тай",
}
_AFTER_POSSESSIVE = {
    "genitive": "ның",
    "dative": "на",
    "accusative": "н",
    "locative": "нда",
    "ablative": "нан",
    "instrumental": "мен",
    "attributive": "ндағы",
}
_IRREGULAR = {("қырық", "ordinal"): "қырқыншы", ("жиырма", "ordinal"): "жиырмасыншы"}

PARTICLES = dict.fromkeys(("мен", "бен", "пен"), "instrumental") | dict.fromkeys(("да", "де", "та", "те"), "locative")
CASES = tuple(_AFTER_POSSESSIVE)
_STEMS: tuple[Endings, ...] = (
    *((), ("plural",), ("possessive",), ("plural", "possessive")),
    *(("ordinal",), ("ordinal", "possessive"), ("adjective",)),
)
_SEQUENCES = [stem + end for stem, end in product(_STEMS, [(), ("similative",), *((case,) for case in CASES)])]

_BACK, _FRONT, _WAVERING = frozenset("аоұыя"), frozenset("әөүіеэ"), frozenset("иуюё")
_CLASSES = ("аәеыіоөұүэя", "рйуи", "л", "мнң", "зж", "бвгғдкқпстфхһцчшщ")
_TO_FRONT = str.maketrans("аығқ", "еігк")
_VOICED = str.maketrans("қкп", "ғгб")


def attach(word: str, endings: Endings, *, possessed: bool = False) -> str | None:
    """The word with the endings, the names of which are those of the table above; None where the sounds leave a doubt.

    `possessed` tells of a word that ends in the possessive already: `облысы`, `министрлігі`.
    """
    form = word
    for ending in endings:
        front, sounds = _is_front(word), _class(form[-1])
        if front is None or sounds is None:
            return None
        if (irregular := _IRREGULAR.get((form, ending))) is not None:
            form = irregular
            continue
        if not possessed:
            text = _FORMS[ending].split()[sounds]
        elif ending in _AFTER_POSSESSIVE:
            text = _AFTER_POSSESSIVE[ending]
        else:
            return None
        if ending == "possessive":
            possessed = True
            form = form[:-1] + form[-1].translate(_VOICED)
        form += text.translate(_TO_FRONT) if front else text
    return form


@cache
def forms(word: str, *, possessed: bool = False) -> dict[str, Endings]:
    """Every form of a word, with its endings; two ways to read one form leave it out."""
    found: dict[str, Endings | None] = {}
    for endings in _SEQUENCES:
        if (form := attach(word, endings, possessed=possessed)) is not None:
            found[form] = None if form in found else endings
    return {form: endings for form, endings in found.items() if endings is not None}


def suffix(word: str, endings: Endings) -> str | None:
    """What is written behind digits or a sign that is read as the word: `сегіз` → `ге`, `үш` → `ші` (58-ге, 3-ші)."""
    form = attach(word, endings)
    if form is None:
        return None
    return form[form.index("ш", len(word)) :] if endings[:1] == ("ordinal",) else form[len(word) :]


@cache
def suffixes(word: str) -> dict[str, Endings]:
    """What `suffix` writes and what else is met (`3-інші`), with the endings."""
    long = {form[len(word) :]: endings for form, endings in forms(word).items() if endings}
    return long | {text: endings for endings in long.values() if (text := suffix(word, endings)) is not None}


def fits(particle: str, word: str) -> bool:
    """Whether a particle that goes by the sounds of the word before it may follow the word: `Тараз бен`, `Семей де`.
    Other words follow any."""
    ending = PARTICLES.get(particle)
    return ending is None or (attach(word, (ending,)) or "") == word + particle


def may_be_inflected(word: str) -> bool:
    """Whether the word ends in the letters of a case, the plural or -лық, whatever the sounds before them say."""
    return word.endswith(_letters())


@cache
def _letters() -> tuple[str, ...]:
    texts = {text for ending in ("plural", "adjective", *CASES) for text in _FORMS[ending].split()}
    return (*texts, *(text.translate(_TO_FRONT) for text in texts))


def _class(letter: str) -> int | None:
    return next((number for number, letters in enumerate(_CLASSES) if letter in letters), None)


def _is_front(word: str) -> bool | None:
    """Whether the word takes front endings. Of names and loans only those are answered which usage agrees on: counts
    over Kazakh news give -аев back endings, -ин front ones and -ов those of the vowel before it."""
    vowels = [letter for letter in word.lower() if letter in _BACK | _FRONT | _WAVERING]
    if not vowels or word.endswith(("ь", "бург")):
        return None
    if word.istitle() and len(vowels) > 1:
        if word.endswith("ин"):
            return True
        if word.endswith("у") and word[-2] not in _BACK | _FRONT:
            return None
        if word.endswith("ев") and not word.endswith("аев") and vowels[-2] not in _FRONT:
            return None
        if word.endswith(("ов", "аев")):
            vowels.pop()
    last, earlier = vowels[-1], vowels[-2:-1]
    if last not in _WAVERING:
        return last in _FRONT
    back, front = _BACK.issuperset(earlier), _FRONT.issuperset(earlier)
    if last == "и":
        return True if front else None
    if last == "у" and earlier:
        return False if back else True if front and word.endswith("у") else None
    return None
