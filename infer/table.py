"""An article's records as a table for a terminal."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from infer.display import days, number, unit, words
from infer.records import Article, Period


def render(article: Article) -> Group:
    """The metrics, then the entities, of an article."""
    heading = Text(article.id, style="bold")
    heading.append(f"  {article.title or ''}  {article.published or ''}".rstrip(), style="not bold")
    metrics = Table("number", "unit", "indicator", "action", "when", "where", "who", box=None, pad_edge=False)
    metrics.columns[0].justify = "right"
    for record in article.metrics:
        indicator, action, where, who = record.indicator, record.action, record.place, record.subject
        cells = [number(record), unit(record), words(indicator), words(action), _when(record.period)]
        metrics.add_row(*(Text(cell) for cell in (*cells, words(where), words(who))))
    entities = Table("entity", "name", "mentions", box=None, pad_edge=False)
    for entity in article.entities:
        post = ", ".join(part.name for part in (entity.position, entity.body) if part)
        name = entity.name + (f" ({post})" if post else "")
        entities.add_row(Text(entity.label), Text(name), str(len(entity.mentions)))
    warnings = [Text(f"note: {warning}", style="yellow") for warning in article.warnings]
    return Group(heading, Text(), metrics, Text(), entities, *warnings, Text())


def _when(period: Period | None) -> str:
    return " … ".join(days(period)) or words(period)
