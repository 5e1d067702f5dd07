"""Units of values: from the words of the span, else from the words beside it, to one code for each unit.

Codes follow the annotation guide: "1" for plain counts, "%" and "pp" (percentage points), ISO 4217 for money, symbols
for measures, and the Kazakh nominative for all other units. What a value leaves out (`бидай — 41, арпа — 37 пайыз`) it
shares with the value that it is coordinated with: the unit, and the scale of the number too.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

from annotations.document import Span
from infer.numbers import Number, normalize, parse, read_bound, strip_ending

Kind = Literal["count", "money", "percentage", "quantity"]

_PERCENTAGES = {
    "%": "%, пайыз, процент, проц",
    "pp": "пайыздық тармақ, пайыздық пункт, проценттік пункт, проценттік тармақ, п.т, п.п",
}
_CURRENCIES = {
    "KZT": "теңге, тенге, т, тг, тңг, теңг, ₸, kzt, тиын, қазақстан теңгесі",
    "USD": "доллар, долл, дол, ақш доллары, америка доллары, $, usd, цент",
    "EUR": "еуро, евро, €, eur",
    "RUB": "рубль, рубл, руб, ресей рублі, ₽, rub",
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
    "NZD": "жаңа зеландия доллары",
    "TWD": "тайвань доллары",
    "DKK": "дания кроны, дания кронасы",
    "HUF": "форинт",
    "BGN": "лев",
    "RON": "лей, румын лейі",
    "MDL": "молдова лейі",
    "AFN": "афгани, ауғани",
    "THB": "бат, таиланд баты",
    "VND": "донг",
    "IDR": "индонезия рупиясы",
    "MYR": "ринггит",
    "BRL": "реал, бразилия реалы",
    "MXN": "песо, мексика песосы",
    "ZAR": "рэнд, ранд",
    "KWD": "кувейт динары",
    "IQD": "ирак динары, динар",
    "QAR": "катар риялы",
    "BTC": "биткоин, биткойн, btc",
    "ETH": "эфириум, eth",
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
    "tkm": "ткм, тонна километр",
    "centner": "центнер, ц, цн",
    "lb": "фунт",
    "oz": "унция",
    "ct": "карат",
    "l": "литр, л",
    "ml": "миллилитр, мл",
    "dl": "децилитр, дл",
    "hl": "гектолитр, гл",
    "W": "ватт, ват, вт",
    "kW": "киловатт, киловат, квт",
    "MW": "мегаватт, мегават, мвт",
    "GW": "гигаватт, гигават, гвт",
    "Wh": "ватт сағат, вт сағ",
    "kWh": "киловатт сағат, квт сағ, квт/сағ, квт сағат, квт/сағат, квтс",
    "MWh": "мегаватт сағат, мвт сағ, мвт/сағ, мвт сағат, мвт/сағат",
    "GWh": "гигаватт сағат, гвт сағ, гвт/сағ, гвт сағат, гвт/сағат",
    "TWh": "тераватт сағат, твт сағ, твт/сағ",
    "V": "вольт",
    "kV": "киловольт, кв",
    "A": "ампер",
    "kVA": "ква",
    "MVA": "мва",
    "J": "джоуль, дж",
    "kJ": "килоджоуль, кдж",
    "MJ": "мегаджоуль, мдж",
    "cal": "калория, кал",
    "kcal": "килокалория, ккал",
    "Gcal": "гигакалория, гкал",
    "Pa": "паскаль, па",
    "kPa": "килопаскаль, кпа",
    "MPa": "мегапаскаль, мпа",
    "atm": "атмосфера, атм",
    "Hz": "герц, гц",
    "kHz": "килогерц, кгц",
    "MHz": "мегагерц, мгц",
    "GHz": "гигагерц, ггц",
    "dB": "децибел, дб",
    "byte": "байт",
    "kB": "килобайт, кб",
    "MB": "мегабайт, мб",
    "GB": "гигабайт, гб",
    "TB": "терабайт, тб",
    "Mbit": "мбит, мегабит",
    "Gbit": "гбит, гигабит",
    "MP": "мегапиксель, мп",
    "Sv": "зиверт, зв",
    "mSv": "миллизиверт, мзв",
    "µSv": "микрозиверт, мкзв",
    "mmol": "ммоль",
    "‰": "‰, промилле",
    "°C": "°c, °с, цельсий, градус цельсий, цельсий градус",
    "°F": "°f, фаренгейт",
    "K": "кельвин",
    "°": "градус, °",
    "hp": "ат күші, аттың күші, а.к, л.с",
    "баррель": "баррель, баррел",
}
_MEASURES["m2"] += ", м2, m2, шаршы, квадрат"
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
_PIECE_NAMES = (
    "дана, бас, орын, төсек, рет, мәрте, дүркін, бірлік, сақтау бірлігі, комплект, экземпляр, жұп, түп, түйір, саты, "
    "позиция, тармақ, пункт, көрсеткіш, ұпай, қабат, бөлме, бұрыш, буын, мөлшерлеме, үйір, отар, банкі, бөтелке, "
    "шөлмек, құты, флакон, қап, қорап, жәшік, бөшке, бума, орам, рулон, доза, ампула, таблетка"
)
_PIECES = {
    **{piece: piece for piece in _PIECE_NAMES.split(", ")},
    "балл": "балл, бал",
    "есе": "есе, еселенген",
}
_PER_TIME = {"сағатына": "h", "минутына": "min", "секундына": "s"}
_TIMES = {"h": "сағ, сағат", "min": "мин, минут", "s": "с, сек, секунд"}
# `12 басқа ел` is twelve other countries, but `12 басқа арналған` is for twelve head.
_OTHER_WORDS = frozenset({"басқа", "басты"})
_MEANT_FOR = ("арналған", "шақталған", "есептелген")
# Degrees are of temperature but beside words of angle.
_ANGLES = ("бұрыш", "ендік", "бойлық", "еңіс", "азимут")
_CASH = "ақша, қаржы, қаражат, сома"
_MONEY_NAMES = (
    "баға, құн, бағам, тариф, табыс, кіріс, түсім, пайда, шығын, шығыс, залал, бюджет, салық, төлем, жарна, айыппұл, "
    "өтемақы, жалақы, айлық, еңбекақы, зейнетақы, жәрдемақы, шәкіртақы, стипендия, сыйақы, қарыз, берешек, несие, "
    "кредит, субсидия, дивиденд, капитал, инвестиция, экспорт, импорт"
)
# The unit of a number without one when the noun for what it measures is one of these; behind it only words for cash.
_MEANINGS = {"1": "сан", "%": "үлес", "°C": "температура", "KZT": f"{_CASH}, {_MONEY_NAMES}"}
_MEANINGS_BEHIND = {"KZT": _CASH}
_AMOUNTS = ("мөлшер", "көлем", "деңгей", "шама")
_LONGEST_GAP = 6  # words
_REACH = 2000  # characters between two values of a sentence that may share a unit
_BESIDE = 100  # characters at each side of a value that tell what its degrees are of
# Nouns that tell the next value apart: `46, жалпы құны – 3 млн теңге`, `460, оның 31 пайызы`.
_APART: dict[Kind, tuple[str, ...]] = {
    "money": ("құн", "баға", *_CASH.split(", ")),
    "percentage": ("үлес", "оның", "олардың", "соның", "бұл", "яғни", "немесе"),
}

_WORD = re.compile(r"°\s?[cсf]\b|[%‰$€£¥₸₽₺₴°/]|[смкд]?[мm][23](?!\d)|[^\W\d_]+|\d+(?:[ .,]\d+)*")
# A space, or the dot of an abbreviated scale word: `70 млн. бөтелке`.
_SAME_PHRASE = re.compile(r"\.?\s+(?=[^\W\d_])(?![A-ZА-ЯӘІҢҒҮҰҚӨҺ])")
_LETTERS = re.compile(r"[^\W\d_]+")
_CLOSE = r"[\s»”\"]*"
_AND = re.compile(rf"{_CLOSE}(?:[,;]\s|\s(?:және|мен|пен|бен|ал)\s)|\s?[хx×*]\s?$")
_END = re.compile(rf"{_CLOSE}(?:[,;.)]|$)")
_PAID = re.compile(r"\sтөле")
_DECIMAL_MARK = re.compile(r"\d[.,]\d")
_BREAK = re.compile(r"[,;:()]")
_BRACKET = re.compile(r"[()]")
_FROM = re.compile(r"[днт][ае]н$")
_TO = re.compile(r"(?:[ғгқк][ае]|дейін)$")
_CASE_END = re.compile(r"(?<=\w{3})(?:[дт][ае]й|[ндт][ыі]ң|[ғгқк][ае]|[ндт][ыі]|[днт][ае]н?|[мбп]ен)$")

# First letter: phrases that begin with it and their codes, the longest first.
_Table = dict[str, list[tuple[list[str], str]]]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's code and what kind of value it makes."""

    code: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Reading:
    """What a value says: its number, None when its words hold none that can be read, and its unit."""

    number: Number | None
    unit: Unit


@dataclass(slots=True)
class _Item:
    """A value of a sentence while it is read.

    `code` is the unit that it states or shares, `meant` that of its noun; `closed` says that its phrase ends with it.
    """

    span: Span
    words: str
    number: Number | None
    code: str | None
    meant: str | None
    indicator: Span | None
    closed: bool

    @property
    def unit(self) -> Unit:
        code = self.code or self.meant or _assumed(self.words, self.span.label, self.number)
        return Unit(code, _kind(code))


def read_values(
    text: str,
    values: Sequence[Span],
    sentences: Sequence[tuple[int, int]],
    indicators: Mapping[Span, Span | None],
) -> dict[Span, Reading]:
    """Numbers and units of the values of a text: its spans labelled CARDINAL, MONEY, PERCENTAGE and QUANTITY, in order.

    Units stand in the span or right behind it (`18 | дана`); values of a sentence share what only one of them names;
    `indicators` has the noun phrases that values count or measure, which tell a piece word (`5 | рет`) from what is
    counted and give a number without a unit the one that goes with them. Money without a currency is in tenge.
    """
    starts = [start for start, _ in sentences]
    readings: dict[Span, Reading] = {}
    for index, group in groupby(values, key=lambda value: max(0, bisect_right(starts, value.start) - 1)):
        items = [_item(text, value, sentences[index], indicators.get(value)) for value in group]
        _share(text, items)
        readings |= {item.span: Reading(item.number, item.unit) for item in items}
    return readings


def _item(text: str, value: Span, sentence: tuple[int, int], indicator: Span | None) -> _Item:
    """A value by itself; failing an indicator, the noun right before one that ends its phrase tells what it means."""
    words, number = text[value.start : value.end], parse(text[value.start : value.end])
    start, end = sentence[0], max(value.end, sentence[1])
    closed = _END.match(text, value.end, end) is not None
    named, nouns, counted = text[max(start, value.start - 60) : value.start] if closed else "", _MEANINGS, False
    if indicator:
        named = text[indicator.start : indicator.end]
        if indicator.start >= value.end:
            nouns, counted = _MEANINGS_BEHIND, not text[value.end : indicator.start].strip(" .\u00a0")
    code = _stated(text, value, number, (start, end), counted)
    return _Item(value, words, number, code, _meant(value.label, named, nouns), indicator, closed)


def _share(text: str, items: Sequence[_Item]) -> None:
    """Give the values of a sentence without a unit that of the next one, or else that of the one before."""
    for item, source in reversed(list(pairwise(items))):
        if item.code is None and _leads_to(item, text[item.span.end : source.span.start], source):
            _take(item, source)
    for source, item in _with_sources_before(text, items):
        if item.code is None and _follows(item, text[source.span.end : item.span.start], source):
            _take(item, source)


def _take(item: _Item, source: _Item) -> None:
    """Give a value the unit of another, and its scale too if that brings the numbers nearer.

    So `8,4, ал былтыр 6,8 млрд` are both milliards, but `120 және 3 мың` are not both thousands. A whole number behind
    one with a scale stands for itself: `3 мың адам, оның ішінде ауылда – 5`.
    """
    number, other = item.number, source.number
    no_share = source.unit.kind == "percentage" and number is not None and number.value > 100
    if no_share or (item.meant and _kind(item.meant) != source.unit.kind):
        return
    item.code = source.code
    if number and other and number.scale == 1 < other.scale and abs(number.value) < 1000:
        open_ended = source.span > item.span or number.value % 1
        if open_ended and number.value**2 * other.scale < other.value**2:
            item.number = number.times(other.scale)


def _with_sources_before(text: str, items: Sequence[_Item]) -> Iterator[tuple[_Item, _Item]]:
    """Values with the last one before each that is in no bracket shut since."""
    levels: list[_Item | None] = [None]  # of each bracket that is open, and outside of all: the last value
    for previous, item in pairwise(items):
        levels[-1] = previous
        for mark in text[previous.span.end : item.span.start]:
            if mark == "(":
                levels.append(levels[-1])
            elif mark == ")":
                levels.pop()
                levels = levels or [None]
        if (source := levels[-1]) and item.span.start - source.span.end <= _REACH:
            yield source, item


def _leads_to(item: _Item, gap: str, source: _Item) -> bool:
    """Whether the next value ends what this one begins: `бидай — 41, арпа — 37 пайыз`, `35-тен 40 пайызға`."""
    if not gap.strip():
        return _FROM.search(normalize(item.words)) is not None
    return _AND.match(gap) is not None and _is_short(gap) and not _BRACKET.search(gap) and not _is_apart(gap, source)


def _follows(item: _Item, gap: str, source: _Item) -> bool:
    """Whether the value repeats an earlier one's phrase without its words: `22 дана кітап, ал былтыр 34 | .`"""
    if _is_apart(gap, source):
        return False
    if _FROM.search(normalize(source.words)) and _TO.search(normalize(item.words)):
        return _is_short(gap) and not _BREAK.search(gap)
    named = _LETTERS.search(_BREAK.split(gap)[-1]) is not None
    return named and item.closed and item.indicator in (None, source.indicator)


def _is_short(gap: str) -> bool:
    return len(_words(gap)) <= _LONGEST_GAP


def _is_apart(gap: str, source: _Item) -> bool:
    """Whether what stands between two values names the kind of one of them alone."""
    return _has_form(_words(gap), _APART.get(source.unit.kind, ()))


def _kind(code: str) -> Kind:
    if code in _CURRENCIES or code in _INDICES:
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


def _has_form(words: Sequence[str], stems: Sequence[str]) -> bool:
    return any(strip_ending(word, stems) for word in words)


def _stated(text: str, value: Span, number: Number | None, sentence: tuple[int, int], counted: bool) -> str | None:
    """The unit that the words of a value or those right behind it name, unless these are what is `counted`."""
    words, (start, end) = text[value.start : value.end], sentence
    if value.label == "PERCENTAGE":
        return _find(words, _PERCENTAGE_WORDS) or "%"
    inside, behind = _TABLES[value.label]
    code = next(filter(None, (_find(words, table) for table in inside)), None)
    if code is None and not counted:
        code = _counted(text, value.end, end, behind)
    if code == "°":
        beside = text[max(start, value.start - _BESIDE) : min(end, value.end + _BESIDE)]
        return code if _has_form(_words(beside), _ANGLES) else "°C"
    if code is None and _PAID.match(text, value.end, end):
        return "KZT"
    if code is None and number and 0 < number.value < 1 and not _DECIMAL_MARK.search(words):
        return "1"
    return code


def _meant(label: str, indicator: str = "", nouns: Mapping[str, str] = _MEANINGS) -> str | None:
    """The unit that goes with the label, or with the head of the noun phrase that is measured."""
    if label == "MONEY":
        return "KZT"
    for word in reversed(_words(indicator)):
        if code := next((code for code, names in nouns.items() if _has_form([word], names.split(", "))), None):
            return code
        if not _has_form([word], _AMOUNTS):
            break
    return None


def _assumed(text: str, label: str, number: Number | None) -> str:
    """The unit of a value of which nothing is known but its own words."""
    if number and number.value < 0:
        return "°C"
    return _noun(text) if label == "QUANTITY" else "1"


def _find(text: str, table: _Table) -> str | None:
    """The first unit in a value span, with its denominator: км/сағ, `сағатына 60 км`, адам/км²."""
    words = _words(text)
    for index in range(len(words)):
        if (match := _match(words[index:], table)) is None:
            continue
        code, size = match
        before, behind = words[:index], words[index + size :]
        if before[-1:] == ["/"] and len(before) > 1 and before[-2][0].isalpha():
            return f"{before[-2]}/{code}"
        if behind[:1] == ["/"] and len(behind) > 1 and (below := _match(behind[1:], _DENOMINATORS)):
            return f"{code}/{below[0]}"
        per_time = next((_PER_TIME[word] for word in before if word in _PER_TIME), None)
        return f"{code}/{per_time}" if per_time else code
    return None


def _counted(text: str, start: int, end: int, table: _Table) -> str | None:
    """The unit right behind a plain count that ends at `start`: `18 дана кітап`, `300 орындық мектеп`."""
    if not _SAME_PHRASE.match(text, start, end):
        return None
    words = _words(text[start : min(end, start + 60)])
    if not words:
        return None
    if words[0] in _OTHER_WORDS and not _has_form(words[1:2], _MEANT_FOR):
        return None
    match = _match(words, table)
    return match and match[0]


def _noun(text: str) -> str:
    """The first word behind the number in the nominative, for units of no table."""
    words = _LETTERS.findall(text)
    nouns = [word for word in words if parse(word) is None and read_bound(word) is None]
    return _CASE_END.sub("", nouns[0]) if nouns else "1"


_PERCENTAGE_WORDS = _table(_PERCENTAGES)
_MONEY_WORDS = _table(_CURRENCIES, _INDICES)
_COUNTED_WORDS = _table(_PIECES, _INDICES)
_UNIT_WORDS = _table(_PERCENTAGES, _PIECES, _MEASURES, _INDICES)
_DENOMINATORS = _table(_MEASURES, _TIMES)
# Where a unit is looked for: in the span, from the likeliest table on, and right behind it.
_TABLES: dict[str, tuple[tuple[_Table, ...], _Table]] = {
    "MONEY": ((_MONEY_WORDS,), _MONEY_WORDS),
    "QUANTITY": ((_UNIT_WORDS, _MONEY_WORDS), _UNIT_WORDS),
    "CARDINAL": ((_UNIT_WORDS, _MONEY_WORDS), _COUNTED_WORDS),
}
