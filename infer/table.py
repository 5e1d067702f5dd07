"""An article's records as a table for a terminal."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from infer.records import Article, Period, Record


def render(article: Article) -> Group:
    """The metrics, then the entities, of an article."""
    heading = Text(article.id, style="bold")
    heading.append(f"  {article.title or ''}  {article.published or ''}".rstrip(), style="not bold")
    metrics = Table("number", "unit", "indicator", "action", "when", "where", "who", box=None, pad_edge=False)
    metrics.columns[0].justify = "right"
    for record in article.metrics:
        metrics.add_row(
            Text(_number(record)),
            Text(record.unit if record.unit != "1" else ""),
            Text(record.indicator.text if record.indicator else ""),
            Text(record.action.text if record.action else ""),
            Text(_period(record.period)),
            Text(record.place.name if record.place else ""),
            Text(record.subject.name if record.subject else ""),
        )
    entities = Table("entity", "name", "mentions", box=None, pad_edge=False)
    for entity in article.entities:
        name = entity.name + (f" ({entity.position.name})" if entity.position else "")
        entities.add_row(Text(entity.label), Text(name), str(len(entity.mentions)))
    warnings = [Text(f"note: {warning}", style="yellow") for warning in article.warnings]
    return Group(heading, Text(), metrics, Text(), entities, *warnings, Text())


_BOUNDS = {"exact": "", "range": "", "about": "≈ ", "over": "> ", "under": "< ", "at_least": "≥ ", "at_most": "≤ "}


def _number(record: Record) -> str:
    change = {"increase": " ↑", "decrease": " ↓", None: ""}[record.change]
    high = "" if record.number_high is None else f"–{record.number_high:,}"
    return f"{_BOUNDS[record.bound]}{record.number:,}{high}{change}".replace(",", " ")


def _period(period: Period | None) -> str:
    if period is None:
        return ""
    if period.from_ is None:
        return period.text
    return f"{period.from_}" if period.from_ == period.to else f"{period.from_} … {period.to}"
