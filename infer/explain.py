"""Why a record says what it says: its sentence, the spans it was made of, the reasons for each choice."""

from rich.text import Text

from annotations.document import Document
from infer.display import ROLES, days, number, unit, words
from infer.records import Article, Record

_MARGIN = "   "
_WIDTH = max(map(len, ROLES)) + 2

# A control character in a document must not reach a terminal, which may obey it: it is shown as its picture, `␛`.
_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def render(document: Document, article: Article) -> Text:
    """All records of an article, one below the other. The article must have been read from the document."""
    lines = [Text.assemble((_visible(article.id), "bold"), f"  {article.published or ''}"), Text()]
    for place, record in enumerate(article.metrics):
        lines += [_heading(place, record), _sentence(document, record), *_spans(record), *_reasons(record), Text()]
    lines += [Text(f"note: {_visible(warning)}", style="yellow") for warning in article.warnings]
    return Text("\n").join(lines)


def _heading(place: int, record: Record) -> Text:
    parts = (f"[{place}]", number(record), unit(record), words(record.indicator))
    heading = Text(_visible(" ".join(part for part in parts if part)), style="bold")
    if record.repeats is not None:
        heading.append(f"  repeats [{record.repeats}]", style="not bold yellow")
    return heading


def _sentence(document: Document, record: Record) -> Text:
    """The sentence, the value reversed, the words that fill its roles underlined as far as they stand in it."""
    start, end = record.sentence.start, record.sentence.end
    sentence = Text(_MARGIN + _visible(document.text[start:end]))
    for part, style in ((record.value, "bold reverse"), *((getattr(record, role), "bold underline") for role in ROLES)):
        if part and start <= part.start < end:
            sentence.stylize(style, len(_MARGIN) + part.start - start, len(_MARGIN) + part.end - start)
    return sentence


def _spans(record: Record) -> list[Text]:
    """The words, their offsets, and what they were taken for where that is something else."""
    lines = []
    for name, part in (("value", record.value), *((role, getattr(record, role)) for role in ROLES)):
        if part:
            meant = " … ".join(days(part)) if part is record.period else words(part)
            line = Text.assemble(
                _MARGIN, (name.ljust(_WIDTH), "cyan"), _visible(part.text), (f"  {part.start}–{part.end}", "dim")
            )
            lines.append(line.append(f"  = {_visible(meant)}" if meant and meant != part.text else ""))
    return lines


def _reasons(record: Record) -> list[Text]:
    reasons = (*record.how, f"score: {record.score}, of the weakest span or link")
    return [Text(f"{_MARGIN}- {_visible(reason)}", style="dim") for reason in reasons]


def _visible(text: str) -> str:
    return text.translate(_PICTURES)
