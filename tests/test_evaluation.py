"""`malimet evaluate`: tables, page and JSON of the shipped model on a few articles, faulty documents among them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import test_page
from conftest import ROOT
from typer.testing import CliRunner

from annotations.document import Document, Span
from eval import page
from eval.alignment import paired
from eval.cases import Case, Reading
from eval.evaluation import Evaluation, Rejected, evaluation
from infer.records import ModelName, build
from malimet.cli import app
from models.checkpoint import DEFAULT

TASKS = json.loads((ROOT / "annotations" / "corpus" / "test.json").read_text("utf-8"))[:5]
RECORDS = (ROOT / "annotations" / "corpus" / "test.records.jsonl").read_text("utf-8").splitlines()[:4]
IDS = [task["data"]["doc_id"] for task in TASKS]
MODEL = ModelName(name="none", version="0")


def task(id: int, text: str, spans: list[tuple[int, int, str]], **data: str) -> dict[str, Any]:
    """A task of a Label Studio export."""
    result = [
        {"id": f"s{number}", "type": "labels", "value": {"start": start, "end": end, "labels": [label]}}
        for number, (start, end, label) in enumerate(spans)
    ]
    return {"id": id, "data": {"text": text} | data, "annotations": [{"id": id, "result": result}]}


FAULTY = [
    task(101, "Сөз.", [(0, 90, "GPE")]),
    task(102, "Алматы қаласы.", [(0, 6, "GPE"), (0, 13, "GPE")], doc_id="overlapping"),
    task(103, "Тағы бір сөз.", [], doc_id=IDS[0]),
    task(104, "Биыл.", [(0, 4, "DATE")], doc_id="undated", published="ертең"),
]
FAULTS = [
    ("task 101", "annotations[0].result[0].value.end"),
    ("overlapping", "spans[1]"),
    (IDS[0], "id"),
    ("undated", "published"),
    ("data.records.jsonl", "line 5"),
    (IDS[4], "records"),
]


@dataclass(frozen=True)
class Run:
    """What a run of the command left behind."""

    arguments: list[str]
    exit_code: int
    stdout: str
    stderr: str
    html: Path
    figures: Evaluation


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The shipped model against itself on five articles and four documents that cannot be scored."""
    directory = tmp_path_factory.mktemp("evaluation")
    data, gold, html = (directory / name for name in ("data.json", "data.records.jsonl", "out.html"))
    data.write_text(json.dumps(TASKS + FAULTY, ensure_ascii=False), "utf-8")
    gold.write_text("\n".join([*RECORDS, "{}"]), "utf-8")
    arguments = ["evaluate", str(DEFAULT), str(data), "--records", str(gold), "--against", str(DEFAULT), "--report"]
    done = CliRunner().invoke(app, [*arguments, str(html)])
    figures = Evaluation.model_validate_json(html.with_suffix(".json").read_bytes())
    return Run(arguments, done.exit_code, done.stdout, done.stderr, html, figures)


def test_faulty_documents_cost_only_themselves(run: Run) -> None:
    assert run.exit_code == 1
    assert [(fault.document, fault.where) for fault in run.figures.rejected] == FAULTS
    assert [line.partition(": ")[2] for line in run.stderr.splitlines()] == [
        f"{fault.document}, {fault.where}: {fault.why}." for fault in run.figures.rejected
    ]
    assert run.figures.documents == len(TASKS)
    assert run.figures.records
    assert run.figures.records[0].score.gold == sum(len(json.loads(line)["metrics"]) for line in RECORDS)


def test_a_model_against_itself(run: Run) -> None:
    comparison = run.figures.comparison
    assert comparison
    assert (comparison.difference, comparison.low, comparison.high, comparison.p) == (0, 0, 0, 1)
    assert comparison.documents == ()
    assert "difference +0.000 (+0.000 to +0.000), p = 1.000" in " ".join(run.stdout.split())


def test_figures_agree_with_each_other(run: Run) -> None:
    figures, micro, strict = run.figures, run.figures.spans.micro, run.figures.rules[0]
    assert 0.6 < micro.f1 < 1
    assert strict.score.f1 == pytest.approx(micro.f1)
    for scores in (figures.spans.labels, figures.lengths, [genre.score for genre in figures.genres]):
        assert sum(score.right for score in scores) == micro.right
        assert sum(score.predicted for score in scores) == micro.predicted
        assert sum(score.gold for score in scores) == micro.gold
    matched = sum(map(sum, figures.confusion.counts))
    assert matched + sum(figures.confusion.missed) == micro.gold
    assert matched + sum(figures.confusion.spurious) == micro.predicted
    assert figures.calibration.spans == micro.predicted
    assert figures.calibration.accuracy == pytest.approx(micro.precision)
    assert sum(example.errors for example in figures.worst) == strict.incorrect + strict.missed + strict.spurious
    errors = [(-example.errors, example.f1) for example in figures.worst]
    assert errors == sorted(errors)
    assert (figures.unread.characters, figures.unread.gold) == (0, micro.gold)


def test_tables_and_lines_on_the_terminal(run: Run) -> None:
    figures = run.figures
    for part in ("micro avg", "macro avg", f"{figures.spans.micro.f1:.3f}", "SemEval-2013", "whole record"):
        assert part in run.stdout
    assert f"calibration: ECE {figures.calibration.ece:.3f} over {figures.calibration.spans}" in run.stdout
    assert f"cannot represent: 0 of {figures.unread.gold}; characters not read: 0" in run.stdout


def test_the_same_inputs_give_the_same_bytes(run: Run, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    command = [sys.executable, "-c", "from malimet.cli import app; app()", *run.arguments, str(again)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"}, capture_output=True, check=False)
    assert done.returncode == 1
    for suffix in (".html", ".json"):
        assert again.with_suffix(suffix).read_bytes() == run.html.with_suffix(suffix).read_bytes()


@pytest.mark.parametrize("name", ["out.txt", "data.html", "nowhere/out.html"])
def test_a_report_that_cannot_be_written_is_refused_first(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data.json"
    data.write_text("[]", "utf-8")
    done = CliRunner().invoke(app, ["evaluate", "no model", str(data), "--report", str(tmp_path / name)])
    assert (done.exit_code, data.read_text("utf-8")) == (2, "[]")
    assert name in done.stderr


class Page(test_page.Page):
    """The same, but that the names of labels, which stand in <small>, are no part of a text."""

    def handle_data(self, data: str) -> None:
        if any(attributes.get("class") == "text" for _, attributes in self._open) and self._open[-1][0] != "small":
            self.texts[-1] += data


def test_the_page_shows_the_worst_documents_letter_by_letter(run: Run) -> None:
    shown = Page(run.html.read_text("utf-8"))
    assert shown.texts == [example.text for example in run.figures.worst for _ in ("gold", "predicted")]
    assert [a["class"] for _, a in shown.elements if a.get("class", "").startswith("mark ")][6:] == [
        f"mark {span.outcome}" for example in run.figures.worst for span in (*example.gold, *example.predicted)
    ]


def test_the_page_needs_nothing_but_itself(run: Run) -> None:
    shown = Page(run.html.read_text("utf-8"))
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in shown.elements}
    links = [value for _, attributes in shown.elements for name, value in attributes.items() if "href" in name]
    assert links and all(link.startswith("#") for link in links)
    assert {link.removeprefix("#") for link in links} <= {a["id"] for _, a in shown.elements if "id" in a}
    assert "src" not in {name for _, attributes in shown.elements for name in attributes}
    (policy,) = (a["content"] for _, a in shown.elements if "Content-Security-Policy" in a.values())
    assert policy.startswith("default-src 'none'")


HOSTILE = "</style></div><script>alert(1)</script><!-- {{ 7*7 }} <img src=x onerror='alert(1)'> \"&quot; onclick=\"a"


def of(text: str, gold: list[Span], predicted: list[Span], name: str, **fields: str) -> Evaluation:
    """The evaluation of one document, read by two models of that name."""
    document = Document(**{"id": name, "text": text, "spans": tuple(gold), "source": name} | fields)  # type: ignore[arg-type]
    article = build(Document(name, text), [], MODEL)
    model = ModelName(name=name, version=name)
    mine = Reading(model, (Case(document, article, tuple(paired(gold, predicted)), ()),))
    other = Reading(model, (Case(document, article, tuple(paired(gold, gold)), ()),))
    found = evaluation(name, mine, gold=None, against=other, rejects=[])
    return found.model_copy(update={"rejected": (Rejected(document=name, where=name, why=name),)})


def test_marks_come_in_the_order_of_the_text() -> None:
    """The pair of the gold span stands first, and its predicted span after the spurious one."""
    shown = of(
        "Ақ бидай серіктестігі", [Span(0, 21, "ORGANISATION")], [Span(3, 8, "GPE"), Span(9, 21, "PRODUCT")], "жай"
    )
    assert [(mark.start, mark.outcome) for mark in shown.worst[0].predicted] == [(3, "spurious"), (9, "both")]
    assert Page(page.render(shown)).texts == ["Ақ бидай серіктестігі"] * 2


def test_nothing_of_a_document_is_markup() -> None:
    spans = [Span(0, len(HOSTILE), "GPE")], [Span(0, 20, "GPE"), Span(30, 40, "DATE")]
    hostile = Page(page.render(of(HOSTILE, *spans, HOSTILE)))
    harmless = Page(page.render(of("а" * len(HOSTILE), *spans, "жай")))
    assert hostile.texts == [HOSTILE] * 2
    assert [(tag, list(a)) for tag, a in hostile.elements] == [(tag, list(a)) for tag, a in harmless.elements]


def test_documents_without_a_span_have_a_page_too() -> None:
    empty = of("Бір сөз.", [], [], "жай")
    assert (empty.spans.micro.f1, empty.calibration.ece, empty.worst) == (0, 0, ())
    assert Page(page.render(empty)).texts == []
    nothing = evaluation("none", Reading(MODEL, ()), gold={}, against=None, rejects=[])
    assert Page(page.render(nothing)).texts == []
