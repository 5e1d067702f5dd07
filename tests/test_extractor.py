"""From the bundled article to its records, through the library, the files and the command line."""

import csv
import json
from pathlib import Path

import pytest
from conftest import ROOT
from pyarrow import parquet
from typer.testing import CliRunner

from annotations.checks import Problem
from annotations.document import Document
from infer.extractor import Extractor
from infer.records import Article
from malimet.cli import app

ARTICLE = ROOT / "examples" / "article.txt"
EXPECTED = ROOT / "tests" / "article.json"
FIELDS = ("number", "number_high", "bound", "unit", "kind", "change")


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor.load()


def summary(article: Article) -> list[dict[str, object]]:
    """What a person checks of each record."""
    rows = []
    for record in article.metrics:
        period = record.period
        rows.append(
            {"value": record.value.text}
            | {field: getattr(record, field) for field in FIELDS}
            | {role: part.text if (part := getattr(record, role)) else None for role in ("indicator", "action")}
            | {role: part.name if (part := getattr(record, role)) else None for role in ("place", "subject", "speaker")}
            | {"period": [str(period.from_), str(period.to)] if period else None}
        )
    return rows


def test_every_record_of_the_bundled_article(extractor: Extractor) -> None:
    article = extractor.extract(ARTICLE.read_text("utf-8"))
    assert summary(article) == json.loads(EXPECTED.read_text("utf-8"))
    assert article.unread == 0
    assert not article.warnings


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "Сөз",
        "😀" * 50,
        "\u200b\u00ad",
        "а" * 5000,
        "\x00\x1f",
        "1" * 300,
        "«" * 40,
        "Биыл\r\n14\u00a0жәрмеңке өтті 😀.",
    ],
)
def test_offsets_hold_in_any_text(extractor: Extractor, text: str) -> None:
    article = extractor.extract(text)
    parts = [part for record in article.metrics for part in (record.value, record.indicator, record.action) if part]
    parts += [mention for entity in article.entities for mention in entity.mentions]
    assert article.unread == 0
    assert all(text[part.start : part.end] == part.text for part in parts)
    assert all(text[span.start : span.end].strip() for span in article.spans)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_text_is_read_alike_in_any_company(extractor: Extractor, threads: int) -> None:
    """Spans, scores and all, whatever else is in the batch and in however many threads it is read."""
    texts = [line for line in ARTICLE.read_text("utf-8").splitlines() if line]
    together = Extractor.load(threads=threads).pipe(texts, batch_size=3)
    assert list(together) == [extractor.extract(text, id=str(number)) for number, text in enumerate(texts)]


def test_a_bad_date_costs_only_its_document(extractor: Extractor) -> None:
    documents = [Document("a", "Бір сөз.", published="кеше"), Document("b", "Бір сөз.")]
    rejects: list[Problem] = []
    assert [article.id for article in extractor.pipe(documents, reject=rejects.append)] == ["b"]
    assert [(problem.document, problem.where) for problem in rejects] == [("a", "published")]


def test_files_in_and_out(tmp_path: Path) -> None:
    """Two good documents, and one of each kind of bad one, from a directory to every kind of file."""
    news = tmp_path / "news"
    news.mkdir()
    (news / "good.txt").write_text(ARTICLE.read_text("utf-8"), "utf-8")
    (news / "bad.txt").write_bytes(b"\xff\xfe\x00")
    lines = [
        '{"id": 7, "text": "Биыл 14 жәрмеңке өтті.", "published": "2025-03-01", "views": 12}',
        "{",
        '{"id": "7", "text": "а"}',
    ]
    (news / "more.jsonl").write_text("\n".join(lines), "utf-8")
    outputs = {suffix: tmp_path / f"out{suffix}" for suffix in (".jsonl", ".csv", ".parquet")}
    for path in outputs.values():
        done = CliRunner().invoke(app, ["extract", str(news), "-o", str(path)])
        assert done.exit_code == 1, done.output
    articles = [Article.model_validate_json(line) for line in outputs[".jsonl"].read_text("utf-8").splitlines()]
    assert [article.id for article in articles] == ["good", "7"]
    with outputs[".csv"].open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == sum(len(article.metrics) for article in articles)
    assert table[-1]["number"] == "14"
    assert table[-1]["period_from"] == "2025-01-01"
    assert parquet.read_table(outputs[".parquet"]).to_pylist()[-1]["number"] == 14
    rejects = [json.loads(line) for line in (tmp_path / "out.rejects.jsonl").read_text("utf-8").splitlines()]
    assert [(reject["id"], reject["where"].split(",")[0]) for reject in rejects] == [
        ("bad", "byte 2"), ("more.jsonl", "line 2"), ("7", "id"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["extract", "missing.txt"], "missing.txt does not exist"),
        (["extract", "README.md"], "articles are read from"),
        (["extract", "-", "-o", "out.xlsx"], "records are written as"),
        (["extract", "-", "--model", "tests"], "is no model directory"),
        (["train", "missing.yaml"], "missing.yaml"),
    ],
)
def test_usage_errors_say_what_to_do(arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, arguments, input="Сөз.")
    assert done.exit_code == 2
    assert message in done.output


def test_stdin_to_json_lines_and_to_a_table() -> None:
    text = "Биыл 14 жәрмеңке өтті."
    piped = CliRunner().invoke(app, ["extract", "-"], input=text)
    assert json.loads(piped.stdout)["metrics"][0]["number"] == 14
    shown = CliRunner().invoke(app, ["extract", "-", "--format", "table"], input=text)
    assert "жәрмеңке" in shown.stdout


def test_schema_describes_the_output(extractor: Extractor) -> None:
    schema = json.loads(CliRunner().invoke(app, ["schema"]).stdout)
    assert set(schema["properties"]) == set(json.loads(extractor.extract("Сөз.").model_dump_json(by_alias=True)))
