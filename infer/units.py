"""Units of values: from the words of the span, else from the words behind it, to one code for each unit.

Codes follow the annotation guide: "1" for plain counts, "%" and "pp" (percentage points), ISO 4217 for money, symbols
for measures, and the Kazakh nominative for all other units.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from infer.numbers import normalize, parse, read_bound, strip_ending

Kind = Literal["count", "money", "percentage", "quantity"]

_PERCENTAGES = {
    "%": "%, пайыз, процент, проц",
    "pp": "пайыздық тармақ, пайыздық пункт, проценттік пункт, проценттік тармақ, п.т, п.п",
}
_CURRENCIES = {
    "KZT": "теңге, тенге, тг, тңг, ₸, kzt, тиын, қазақстан теңгесі",
    "USD": "доллар, долл, ақш доллары, америка доллары, $, usd, цент",
    "EUR": "еуро, евро, €, eur",
    "RUB": "рубль, рубл, ресей рублі, ₽, rub",
    "CNY": "юань, қытай юані, cny, ¥",
    "GBP": "фунт, фунт стерлинг, стерлинг, £, gbp",
    "KGS": "сом, қырғыз сомы",
    "UZS": "сум, өзбек сумы, өзбек сомы",
    "TJS": "сомони",
    "TRY": "лира, түрік лирасы, ₺",
    "JPY": "иена, йена, жапон иенасы",
    "CHF": "франк, швейцар франкі, швейцария франкі",
    "AUD": "австралия доллары, австралиялық доллар",
    "CAD": "канада доллары, канадалық доллар",
    "HKD": "гонконг доллары",
    "SGD": "сингапур доллары",
    "AED": "дирхам, дирхем",
    "UAH": "гривна, ₴",
    "BYN": "беларусь рублі, белорус рублі",
    "AZN": "манат, әзербайжан манаты",
    "TMT": "түрікмен манаты, түрікменстан манаты",
    "GEL": "лари",
    "AMD": "драм",
    "INR": "рупия, рупий, үнді рупиясы",
    "PKR": "пәкістан рупиясы",
    "KRW": "вон, корей воны",
    "MNT": "төгрөг, тугрик",
    "PLN": "злотый, злот",
    "SEK": "швед кроны, швед кронасы",
    "NOK": "норвег кроны, норвегия кроны",
    "CZK": "чех кроны, чех кронасы",
    "IRR": "иран риалы, риал",
    "SAR": "сауд риялы, риял",
    "ILS": "шекель, шекел",
    "BTC": "биткоин, биткойн, btc",
}
_LENGTHS = {
    "m": "метр, м, m",
    "km": "километр, шақырым, км, km",
    "cm": "сантиметр, см, cm",
    "mm": "миллиметр, мм, mm",
    "dm": "дециметр, дм",
    "µm": "микрометр, микрон, мкм",
    "nm": "нанометр, нм",
    "mi": "миль, миля",
    "ft": "фут",
    "in": "дюйм",
    "yd": "ярд",
}
_SQUARE = ("шаршы", "ш", "кв", "квадрат")
_CUBIC = ("текше", "куб", "кубтық")


def _powers(prefixes: Sequence[str], names: str) -> str:
    """`шаршы метр, шаршы м, кв метр …` for the names of a length."""
    return ", ".join(f"{prefix} {name}" for prefix in prefixes for name in names.split(", "))


_MEASURES = {
    **_LENGTHS,
    **{f"{code}2": _powers(_SQUARE, names) for code, names in _LENGTHS.items()},
    **{f"{code}3": _powers(_CUBIC, names) for code, names in _LENGTHS.items()},
    "ha": "гектар, га, ha",
    "are": "сотық",
    "acre": "акр",
    "kg": "килограмм, кило, келі, кг, kg",
    "g": "грамм, гр, г",
    "mg": "миллиграмм, мг",
    "µg": "микрограмм, мкг",
    "t": "тонна, т, тн",
    "centner": "центнер, ц",
    "lb": "фунт",
    "oz": "унция",
    "ct": "карат",
    "l": "литр, л",
    "ml": "миллилитр, мл",
    "hl": "гектолитр, гл",
    "W": "ватт, вт",
    "kW": "киловатт, квт",
    "MW": "мегаватт, мвт",
    "GW": "гигаватт, гвт",
    "Wh": "ватт сағат, вт сағ",
    "kWh": "киловатт сағат, квт сағ, квт/сағ, квт сағат, квт/сағат",
    "MWh": "мегаватт сағат, мвт сағ, мвт/сағ",
    "GWh": "гигаватт сағат, гвт сағ, гвт/сағ",
    "V": "вольт",
    "kV": "киловольт, кв",
    "A": "ампер",
    "kVA": "ква",
    "MVA": "мва",
    "J": "джоуль, дж",
    "kJ": "килоджоуль, кдж",
    "cal": "калория, кал",
    "kcal": "килокалория, ккал",
    "Gcal": "гигакалория, гкал",
    "Pa": "паскаль, па",
    "MPa": "мпа",
    "Hz": "герц, гц",
    "MHz": "мегагерц, мгц",
    "GHz": "гигагерц, ггц",
    "dB": "децибел, дб",
    "byte": "байт",
    "kB": "килобайт, кб",
    "MB": "мегабайт, мб",
    "GB": "гигабайт, гб",
    "TB": "терабайт, тб",
    "Mbit": "мбит, мегабит",
    "Sv": "зиверт",
    "°C": "°c, °с, цельсий, градус цельсий, цельсий градус",
    "°F": "°f, фаренгейт",
    "K": "кельвин",
    "°": "градус, °",
    "hp": "ат күші, аттың күші",
    "баррель": "баррель, баррел",
    "балл": "балл, бал",
}
_MEASURES["m2"] += ", м2, m2"
_MEASURES["km2"] += ", км2, km2"
_MEASURES["cm2"] += ", см2"
_MEASURES["m3"] += ", м3, m3, куб, текше, кубометр"
_MEASURES["km3"] += ", км3"
_MEASURES["cm3"] += ", см3"
_INDICES = {
    "айлық есептік көрсеткіш": "айлық есептік көрсеткіш, аек",
    "ең төмен күнкөріс деңгейі": "ең төмен күнкөріс деңгейі, ең төменгі күнкөріс деңгейі",
    "ең төмен жалақы": "ең төмен жалақы, ең төменгі жалақы",
}
_PIECES = {
    piece: piece
    for piece in (
        *("дана", "бас", "орын", "рет", "мәрте", "есе", "бірлік", "сақтау бірлігі", "жұп", "түп", "саты", "ұпай"),
        *("экземпляр", "банкі", "бөтелке", "қап", "қорап", "бума", "орам", "доза", "ампула", "комплект"),
    )
}
_PER_TIME = {"сағатына": "h", "минутына": "min", "секундына": "s"}
_TIMES = {"h": "сағ, сағат", "min": "мин, минут", "s": "с, сек, секунд"}
# `12 басқа ел` is twelve other countries, but `12 басқа арналған` is for twelve head.
_OTHER_WORDS = frozenset({"басқа", "басты"})
_MEANT_FOR = ("арналған", "шақталған", "есептелген")
_WARM_OR_COLD = ("минус", "плюс", "суық", "аяз", "жылы", "ыстық")
_MONEY_NOUNS = ("ақша", "қаржы", "қаражат", "сома")
_PRICES = (*_MONEY_NOUNS, "құн", "баға")

_WORD = re.compile(r"°\s?[cсf]\b|[%$€£¥₸₽₺₴°/]|[смкд]?[мm][23](?!\d)|[^\W\d_]+|\d+(?:[ .,]\d+)*")
# A space, or the dot of an abbreviated scale word: `70 млн. бөтелке`.
_SAME_PHRASE = re.compile(r"\.?\s+(?=[^\W\d_])(?![A-ZА-ЯӘІҢҒҮҰҚӨҺ])")
_LETTERS = re.compile(r"[^\W\d_]+")
_BARE = re.compile(r"[\s»\"]*$")
_SENTENCE_END = re.compile(r"[.!?]\s+(?=[A-ZА-ЯӘІҢҒҮҰҚӨҺ])")
_ITEM = re.compile(r"[,;](?=\s)|\s(?:және|мен|пен|бен)\s|^\s*[хx×*](?=\s?\d)")
_ABLATIVE = re.compile(r"[днт][ае]н$")
_CASE_END = re.compile(r"(?<=\w{3})(?:[дт][ае]й|[ндт][ыі]ң|[ғгқк][ае]|[ндт][ыі]|[днт][ае]н?|[мбп]ен)$")

# First letter: phrases that begin with it and their codes, the longest first.
_Table = dict[str, list[tuple[list[str], str]]]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's code and what kind of value it makes."""

    code: str
    kind: Kind


def read(text: str, label: str, after: str = "") -> Unit:
    """The unit of a value span with one of the labels CARDINAL, MONEY, PERCENTAGE and QUANTITY.

    `after` is the rest of the sentence behind the span: there stand the piece words of plain counts (`18 | дана`), and
    the unit that a list names once (`бидай — 41 | , арпа — 37 пайыз`). Money without a currency is in tenge.
    """
    if label == "PERCENTAGE":
        return Unit(_find(text, _PERCENTAGE_WORDS) or "%", "percentage")
    if label == "MONEY":
        return Unit(_find(text, _MONEY_WORDS) or _shared(text, after, _MONEY_WORDS) or "KZT", "money")
    code = (
        _find(text, _UNIT_WORDS)
        or _find(text, _MONEY_WORDS)
        or _counted(after, _UNIT_WORDS if label == "QUANTITY" else _COUNTED_WORDS)
        or _shared(text, after, _ALL_WORDS)
    )
    if code is None and (number := parse(text)) is not None and number.value < 0:
        code = "°C"
    if code is None:
        code = _noun(text) if label == "QUANTITY" else "1"
    return Unit(code, _kind(code))


def _kind(code: str) -> Kind:
    if code in _CURRENCIES:
        return "money"
    if code in _PERCENTAGES:
        return "percentage"
    return "count" if code == "1" or code in _PIECES else "quantity"


def _table(*sources: Mapping[str, str]) -> _Table:
    """The words of all sources; a name that stands in two has the code of the later one (фунт: GBP, lb)."""
    names = {name: code for source in sources for code, listed in source.items() for name in listed.split(", ")}
    table: _Table = {}
    for words, code in sorted(((_words(name), code) for name, code in names.items()), key=lambda row: -len(row[0])):
        table.setdefault(words[0][0], []).append((words, code))
    return table


def _words(text: str) -> list[str]:
    return _WORD.findall(normalize(text))


def _match(words: Sequence[str], table: _Table) -> tuple[str, int] | None:
    """The unit that the words begin with and the number of its words."""
    for phrase, code in table.get(words[0][0], ()):
        if len(words) >= len(phrase) and all(map(_is_form, words, phrase)):
            return code, len(phrase)
    return None


def _is_form(word: str, stem: str) -> bool:
    return word == stem or (len(stem) > 1 and strip_ending(word, (stem,)) is not None)


def _find(text: str, table: _Table) -> str | None:
    """The first unit in a value span, with its denominator: км/сағ, `сағатына 60 км`, адам/км²."""
    words = _words(text)
    for index in range(len(words)):
        if (match := _match(words[index:], table)) is None:
            continue
        code, size = match
        if code == "°" and any(_is_form(word, sign) for word in words for sign in _WARM_OR_COLD):
            return "°C"
        before, behind = words[:index], words[index + size :]
        if before[-1:] == ["/"] and len(before) > 1 and before[-2][0].isalpha():
            return f"{before[-2]}/{code}"
        if behind[:1] == ["/"] and len(behind) > 1 and (below := _match(behind[1:], _DENOMINATORS)):
            return f"{code}/{below[0]}"
        per_time = next((_PER_TIME[word] for word in before if word in _PER_TIME), None)
        return f"{code}/{per_time}" if per_time else code
    return None


def _counted(after: str, table: _Table) -> str | None:
    """The unit right behind a plain count: `18 дана кітап`, `300 орындық`; `3 млн қаражат` is money."""
    words = _words(after[:60])
    if not words or not _SAME_PHRASE.match(after):
        return None
    if words[0] in _OTHER_WORDS and not any(_is_form(words[1], word) for word in _MEANT_FOR if words[1:]):
        return None
    if any(_is_form(words[0], word) for word in _MONEY_NOUNS):
        return "KZT"
    match = _match(words, table)
    return match and match[0]


def _shared(text: str, after: str, table: _Table) -> str | None:
    """The unit of a later number in a list of bare numbers, or of the `40 пайызға` behind `35-тен`."""
    first, *items = _ITEM.split(_SENTENCE_END.split(after, maxsplit=1)[0])
    if not _BARE.fullmatch(first):
        if not _ABLATIVE.search(normalize(text)):
            return None
        items = [first]
    for item in items:
        words = _words(item)
        number = next((index for index, word in enumerate(words) if word[0].isdigit()), None)
        if number is None or number > 6 or any(_is_form(word, name) for word in words[:number] for name in _PRICES):
            return None
        behind = words[number + 1 :]
        while behind and parse(behind[0]) is not None:
            behind = behind[1:]
        if behind:
            match = _match(behind, table)
            return match and match[0]
    return None


def _noun(text: str) -> str:
    """The first word behind the number in the nominative, for units of no table."""
    words = _LETTERS.findall(text)
    nouns = [word for word in words if parse(word) is None and read_bound(word) is None]
    return _CASE_END.sub("", nouns[0]) if nouns else "1"


_PERCENTAGE_WORDS = _table(_PERCENTAGES)
_MONEY_WORDS = _table(_CURRENCIES, _INDICES)
_COUNTED_WORDS = _table(_PIECES, _INDICES)
_UNIT_WORDS = _table(_PERCENTAGES, _PIECES, _MEASURES, _INDICES)
_ALL_WORDS = _table(_CURRENCIES, _PERCENTAGES, _PIECES, _MEASURES, _INDICES)
_DENOMINATORS = _table(_MEASURES, _TIMES)
