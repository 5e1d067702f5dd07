"""Articles as one web page that needs nothing but itself: the text with its marks, the records, the names. A server's
page has a form above them, for the next article.

Jinja2 escapes whatever comes from a document, and the page's own policy runs no script but `page.js`. The text is cut
into marks here, where offsets count code points; the script knows marks by their ids only.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Template

from annotations.labels import Label
from annotations.pages import environment, label
from infer import display
from infer.records import Article, Marked, Reading, Text

PAGE = Path(__file__).with_name("page.html")

# What a server says to a person whose article it has not read, by HTTP status.
REASONS = {
    401: "Кілт дұрыс емес.",
    422: "Бұл мәтінді оқу мүмкін емес.",
    429: "Қазір кезек толы, сәлден соң қайталап көріңіз.",
    500: "Сервердің қатесінен мәтін оқылмады.",
    503: "Сервер әзірге дайын емес, сәлден соң қайталап көріңіз.",
}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the text: a mark and, if it is a value's, the place of its record; or what stands between marks."""

    text: str
    mark: Marked | None = None
    record: int | None = None


@dataclass(frozen=True, slots=True)
class _Section:
    """One article on the page, and how its marks and records are called there."""

    id: str
    text: str
    article: Article

    @property
    def heading(self) -> str:
        return self.article.title or self.article.id

    def mark(self, part: Text | Marked) -> str:
        """The id of the mark that is a part of a record or a name."""
        return f"{self.id}m{part.start}"

    def record(self, place: int) -> str:
        """The id of a record's row."""
        return f"{self.id}r{place}"

    def pieces(self) -> Iterator[_Piece]:
        """The whole text in order. Raises ValueError for spans that overlap or reach beyond it."""
        records = {record.value.start: place for place, record in enumerate(self.article.metrics)}
        position = 0
        for span in self.article.spans:
            if not position <= span.start < span.end <= len(self.text):
                raise ValueError(f"{self.article.id}: the span at {span.start} overlaps another or leaves the text")
            yield _Piece(self.text[position : span.start])
            yield _Piece(self.text[span.start : span.end], span, records.get(span.start))
            position = span.end
        yield _Piece(self.text[position:])

    def roles(self) -> dict[str, str]:
        """The roles that some record fills, with their Kazakh names."""
        filled = {name for record in self.article.metrics for name in display.ROLES if getattr(record, name)}
        return {name: kazakh for name, kazakh in display.ROLES.items() if name in filled}

    def labels(self) -> list[tuple[Label, int]]:
        """The labels of the text, the most frequent first, with how often they occur."""
        counts = Counter(span.label for span in self.article.spans)
        return [(label(name), count) for name, count in counts.most_common()]


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a server's page: what was sent in it last, and the HTTP status of the answer, with the reason."""

    text: str
    published: str
    longest: int
    needs_key: bool
    status: int
    why: str


def render(readings: Iterable[Reading], *, form: Form | None = None) -> str:
    """The page, which holds all articles in memory; each must have been read from the document beside it. With a form,
    it is a server's page.

    Raises ValueError where the spans of an article overlap or leave its text.
    """
    sections = [_Section(f"a{number}", document.text, article) for number, (document, article) in enumerate(readings)]
    return _template().render(sections=sections, form=form)


@cache
def _template() -> Template:
    return environment(PAGE, display=display, reasons=REASONS).get_template(PAGE.name)
