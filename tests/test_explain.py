"""Explanations: what a person reads of a record, and what a hostile text cannot do to their terminal."""

from io import StringIO

from rich.console import Console
from test_linking import marked
from typer.testing import CliRunner

from annotations.document import Document
from infer.explain import render
from infer.records import Article, ModelName, build
from malimet.cli import app

SENTENCE = "😀 [Биыл|DATE] [Қосағаш|GPE] ауылында [14|CARDINAL] [жәрмеңке|INDICATOR] [өткізілді|ACTION]."


def read(sentence: str) -> tuple[Document, Article]:
    text, spans = marked(sentence)
    document = Document("a1", text, published="2025-02-14")
    return document, build(document, spans, ModelName(name="none", version="0"))


def test_sentence_spans_and_reasons() -> None:
    document, article = read(SENTENCE)
    (record,) = article.metrics
    out = StringIO()
    Console(file=out, width=40).print(render(document, article), soft_wrap=True)
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert lines[:4] == ["a1  2025-02-14", "", "[0] 14 жәрмеңке", document.text]
    assert "period     Биыл  2–6  = 2025-01-01 … 2025-12-31" in lines
    assert "indicator  жәрмеңке  27–35" in lines
    assert all(f"- {reason}" in lines for reason in record.how)


def test_the_value_and_its_roles_stand_out() -> None:
    shown = render(*read(SENTENCE))
    styled = {shown.plain[span.start : span.end] for span in shown.spans if "reverse" in str(span.style)}
    underlined = {shown.plain[span.start : span.end] for span in shown.spans if "underline" in str(span.style)}
    assert styled == {"14"}
    assert underlined == {"Биыл", "Қосағаш", "жәрмеңке", "өткізілді"}


def test_a_repeat_says_of_what() -> None:
    assert "[1] 14 жәрмеңке  repeats [0]" in render(*read(f"{SENTENCE}\n{SENTENCE}")).plain


def test_no_control_character_reaches_the_terminal() -> None:
    plain = render(*read("[14\x1b[31m|CARDINAL] [жәрме\x9bңке|INDICATOR]\x07 [өтті|ACTION].")).plain
    assert not set(plain) & {"\x1b", "\x9b", "\x07"}
    assert "␛" in plain


def test_command_line() -> None:
    text = "Биыл 14 жәрмеңке өтті."
    done = CliRunner().invoke(app, ["extract", "-", "--explain"], input=text)
    assert text in done.stdout
    assert "- number: " in done.stdout
    both = CliRunner().invoke(app, ["extract", "-", "--explain", "--format", "table"], input=text)
    assert both.exit_code == 2
