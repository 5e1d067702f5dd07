"""An evaluation as one web page that needs nothing but itself and runs no script.

Jinja2 escapes whatever comes from documents and models. The plots carry their style in attributes, so the page's policy
lets styles stand in it; nothing else is let in, from nowhere.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from annotations.atomic import atomic_text
from annotations.pages import environment
from annotations.scores import RESAMPLES
from eval import plots
from eval.boundaries import MANY
from eval.evaluation import Evaluation, Marked
from eval.figures import FEW, FEW_DOCUMENTS

PAGE = Path(__file__).with_name("page.html")
_TINTS = 5
SHOWN = 50


def render(evaluation: Evaluation) -> str:
    """The page."""
    templates = environment(
        PAGE,
        plots=plots,
        pieces=pieces,
        tint=tint,
        few=FEW,
        few_documents=FEW_DOCUMENTS,
        many=MANY,
        draws=RESAMPLES,
        shown=SHOWN,
    )
    templates.filters["three"] = "{:.3f}".format
    return templates.get_template(PAGE.name).render(evaluation=evaluation)


def write(evaluation: Evaluation, path: Path) -> None:
    """Write the page, and beside it a .json file with every figure; each appears whole or not at all."""
    content = render(evaluation)
    with atomic_text(path.with_suffix(".json")) as file:
        file.write(evaluation.model_dump_json(indent=1) + "\n")
    with atomic_text(path) as file:
        file.write(content)


def pieces(text: str, spans: Sequence[Marked]) -> Iterator[tuple[str, Marked | None]]:
    """The whole text in order, cut into marks and what stands between them; spans come in order and do not overlap."""
    position = 0
    for span in spans:
        yield text[position : span.start], None
        yield text[span.start : span.end], span
        position = span.end
    yield text[position:], None


def tint(count: int, row: Sequence[int]) -> int:
    """How strongly a cell is coloured, from 0 to _TINTS, by its share of the row."""
    return -(-_TINTS * count // sum(row)) if count else 0
