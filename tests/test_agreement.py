"""Agreement: figures worked out by hand, what is told of each disagreement, the vote, and the editor's page."""

import json
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from test_page import HOSTILE, Page

from annotations import agreement_page
from annotations.adjudication import Vote, adjudicate
from annotations.agreement import Agreement, Counts, Disagreement, Kind, classes, compare, tables
from annotations.checks import Problem
from annotations.document import Document, Relation, Span
from annotations.formats import jsonl

TEXT = "Биыл Қордайда 9 мектеп пен 12 дүкен ашылды."
TASK = "https://label.example.kz/tasks/7?a=1&b=2"


def at(words: str, label: str, text: str = TEXT) -> Span:
    return Span(text.index(words), text.index(words) + len(words), label)


YEAR, PLACE, SCHOOLS, SHOPS = (
    at("Биыл", "DATE"),
    at("Қордайда", "GPE"),
    at("мектеп", "INDICATOR"),
    at("дүкен", "INDICATOR"),
)
NINE, TWELVE, OPENED = at("9", "CARDINAL"), at("12", "CARDINAL"), at("ашылды", "ACTION")
RIVER, WIDER = at("Қордайда", "LOCATION"), at("мектеп пен", "INDICATOR")
ASAN = Document(
    "d1",
    TEXT,
    (YEAR, PLACE, NINE, SCHOOLS, TWELVE, SHOPS, OPENED),
    (
        Relation(NINE, SCHOOLS, "indicator"),
        Relation(NINE, PLACE, "place"),
        Relation(NINE, OPENED, "action"),
        Relation(TWELVE, SHOPS, "indicator"),
        Relation(TWELVE, OPENED, "action"),
    ),
    annotator="asan",
    task=TASK,
)
USEN = Document(
    "d1",
    TEXT,
    (YEAR, RIVER, NINE, WIDER, TWELVE, OPENED),
    (
        Relation(NINE, WIDER, "indicator"),
        Relation(NINE, OPENED, "subject"),
        Relation(TWELVE, OPENED, "action"),
        Relation(NINE, YEAR, "period"),
    ),
    annotator="usen",
)


def only(agreement: Agreement) -> tuple[Counts, Counts, float | None]:
    (pair,) = agreement.pairs
    return pair.spans, pair.relations, pair.kappa


def test_figures_worked_out_by_hand() -> None:
    agreement = compare([USEN, ASAN])
    (pair,) = agreement.pairs
    assert pair.annotators == ("asan", "usen")
    assert (pair.documents, pair.tokens, agreement.shared, agreement.single) == (1, 9, 1, 0)
    assert pair.spans == Counts(7, 6, exact=4, overlapping=5)
    assert (pair.spans.exact_f1, pair.spans.overlapping_f1) == (8 / 13, 10 / 13)
    assert pair.spans.exact_shares == (4 / 7, 4 / 6)
    assert pair.labels == {
        "ACTION": Counts(1, 1, 1, 1),
        "CARDINAL": Counts(2, 2, 2, 2),
        "DATE": Counts(1, 1, 1, 1),
        "GPE": Counts(1, 0, 0, 0),
        "INDICATOR": Counts(2, 1, 0, 1),
        "LOCATION": Counts(0, 1, 0, 0),
    }
    assert pair.relations == Counts(5, 4, exact=1, overlapping=2)
    assert pair.roles["action"] == Counts(2, 1, 1, 1)
    assert pair.roles["indicator"] == Counts(2, 1, 0, 1)
    # 6 of 9 tokens agree; by chance 1·1 + 2·2 + 2·2 + 2·2 + 1·1 = 14 of 81 would
    assert pair.kappa == pytest.approx(40 / 67)
    assert agreement.recall("asan", "usen") == 4 / 7
    assert agreement.recall("usen", "asan") == 4 / 6
    assert agreement.recall("usen", "somebody") is None


def test_sums_over_documents() -> None:
    (pair,) = compare([ASAN, USEN, replace(ASAN, id="d2"), replace(ASAN, id="d2", annotator="usen")]).pairs
    assert pair.spans == Counts(14, 13, exact=11, overlapping=12)
    assert (pair.documents, pair.tokens) == (2, 18)


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        ("Биыл 9 үй.", [Span(0, 4, "DATE")], ["DATE", "O", "O", "O"]),
        ("300-ден астам үй", [Span(0, 13, "CARDINAL")], ["CARDINAL"] * 4 + ["O"]),
        ("Қордайда", [Span(0, 5, "GPE")], ["GPE"]),
        ("Қордайда", [Span(0, 3, "GPE"), Span(3, 8, "ACTION")], ["ACTION"]),
        ("Көл жағасы", [Span(0, 10, "LOCATION"), Span(0, 3, "GPE")], ["GPE", "LOCATION"]),
        ("Көл жағасы", [Span(4, 10, "GPE"), Span(0, 10, "LOCATION")], ["LOCATION", "LOCATION"]),
        ("", [], []),
    ],
)
def test_classes_of_tokens(text: str, spans: list[Span], expected: list[str]) -> None:
    assert classes(text, spans) == expected


def test_spans_are_paired_so_that_most_find_a_partner() -> None:
    text = "а" * 20
    ours = Document("d", text, (Span(0, 5, "GPE"), Span(5, 20, "GPE")), annotator="a")
    theirs = Document("d", text, (Span(3, 16, "GPE"), Span(16, 20, "GPE")), annotator="b")
    spans, _, _ = only(compare([ours, theirs]))
    assert spans == Counts(2, 2, exact=0, overlapping=2)


def test_what_is_undefined_has_no_figure() -> None:
    empty = replace(ASAN, spans=(), relations=())
    spans, relations, kappa = only(compare([empty, replace(empty, annotator="usen")]))
    assert (spans.exact_f1, spans.overlapping_f1, spans.exact_shares) == (None, None, (None, None))
    assert (relations.exact_f1, kappa) == (None, None)
    spans, relations, kappa = only(compare([empty, USEN]))
    assert (spans.exact_f1, spans.exact_shares, relations.exact_f1, kappa) == (0.0, (None, 0.0), 0.0, 0.0)
    assert compare([ASAN]) == Agreement((), (), shared=0, single=1)


def test_labels_that_one_did_not_look_for_do_not_count() -> None:
    entities = replace(USEN, spans=(YEAR, RIVER), relations=(), groups=frozenset({"entity", "DATE"}))
    spans, relations, _ = only(compare([ASAN, entities]))
    assert spans == Counts(2, 2, exact=1, overlapping=1)
    assert relations == Counts()


def test_what_cannot_be_compared_costs_only_itself() -> None:
    problems: list[Problem] = []
    other = replace(USEN, text=TEXT + " ")
    nobody = replace(ASAN, id="d2", annotator=None)
    agreement = compare([ASAN, other, USEN, nobody, replace(ASAN, spans=())], reject=problems.append)
    assert [(problem.document, problem.where) for problem in problems] == [
        ("d1", "text"),
        ("d2", "annotator"),
        ("d1", "annotator"),
    ]
    assert "usen" in problems[0].why
    assert "asan" in problems[2].why
    assert agreement == compare([ASAN, USEN])
    with pytest.raises(Problem):
        compare([ASAN, other])


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"malimet\[labelstudio\]"):
        compare([ASAN, USEN])


def told(one: Disagreement) -> tuple[Kind, list[tuple[str, ...] | None]]:
    marks: list[tuple[str, ...] | None] = []
    for side in one.sides:
        words = tuple(one.text[span.start : span.end] for span in side.spans)
        name = getattr(side.mark, "role", None) or getattr(side.mark, "label", None)
        marks.append((*words, name) if name else None)
    return one.kind, marks


def test_each_disagreement_is_told_once() -> None:
    found = compare([ASAN, USEN]).disagreements
    assert [told(one) for one in found] == [
        (Kind.RELATION, [None, ("9", "Биыл", "period")]),
        (Kind.LABEL, [("Қордайда", "GPE"), ("Қордайда", "LOCATION")]),
        (Kind.RELATION, [("9", "Қордайда", "place"), None]),
        (Kind.ROLE, [("9", "ашылды", "action"), ("9", "ашылды", "subject")]),
        (Kind.EDGES, [("мектеп", "INDICATOR"), ("мектеп пен", "INDICATOR")]),
        (Kind.RELATION, [("12", "дүкен", "indicator"), None]),
        (Kind.SPAN, [("дүкен", "INDICATOR"), None]),
    ]
    assert {(one.document, *(side.annotator for side in one.sides)) for one in found} == {("d1", "asan", "usen")}
    assert {side.task for one in found for side in one.sides} == {TASK, None}


def test_other_edges_and_other_label_are_one_disagreement() -> None:
    wide = replace(USEN, spans=(Span(PLACE.start, NINE.end, "LOCATION"),), relations=())
    (one,) = compare([replace(ASAN, spans=(PLACE,), relations=()), wide]).disagreements
    assert one.kind is Kind.BOTH


def test_the_worst_documents_come_first() -> None:
    def both(id: str, ours: tuple[Span, ...], theirs: tuple[Span, ...]) -> list[Document]:
        marks = {"asan": ours, "usen": theirs}
        return [replace(ASAN, id=id, annotator=name, spans=spans, relations=()) for name, spans in marks.items()]

    documents = [
        *both("one, mostly agreed", (YEAR, NINE, OPENED), (YEAR, NINE)),
        *both("one, agreed on nothing, b", (YEAR,), ()),
        *both("one, agreed on nothing, a", (YEAR,), ()),
        *both("two", (YEAR, NINE, SCHOOLS, OPENED), (YEAR, NINE)),
        *both("none", (YEAR,), (YEAR,)),
    ]
    order = list(dict.fromkeys(one.document for one in compare(documents).disagreements))
    assert order == ["two", "one, agreed on nothing, a", "one, agreed on nothing, b", "one, mostly agreed"]


def test_the_exercise_says_what_share_was_found() -> None:
    answers = list(jsonl.read(ROOT / "annotations" / "exercise.jsonl"))
    every = sum(len(document.spans) for document in answers)
    mine = [replace(document, spans=document.spans[1:], relations=(), annotator="asan") for document in answers]
    agreement = compare([*mine, *(replace(document, annotator="exercise") for document in answers)])
    assert agreement.recall("exercise", "asan") == (every - len(answers)) / every
    assert agreement.recall("asan", "exercise") == 1.0


SIZE = 30


@st.composite
def markings(draw: st.DrawFn, annotator: str = "a") -> Document:
    """Spans that do not overlap, and relations between them, in one text."""
    edges = sorted(draw(st.sets(st.integers(0, SIZE), max_size=10)))
    label = st.sampled_from(["GPE", "CARDINAL"])
    spans = [Span(start, end, draw(label)) for start, end in pairwise(edges) if draw(st.booleans())]
    ends = st.sampled_from(spans) if spans else st.nothing()
    relations = st.builds(Relation, ends, ends, st.sampled_from(["place", "subject"]))
    drawn = draw(st.sets(relations, max_size=4)) if spans else set()
    return Document("d", "аб в " * (SIZE // 5), tuple(spans), tuple(drawn), annotator=annotator)


@given(markings(), markings("b"))
def test_agreement_is_symmetric(ours: Document, theirs: Document) -> None:
    spans, relations, kappa = only(compare([ours, theirs]))
    swapped = only(compare([replace(ours, annotator="b"), replace(theirs, annotator="a")]))
    assert (spans.exact, spans.overlapping) == (swapped[0].exact, swapped[0].overlapping)
    assert (relations.exact, relations.overlapping) == (swapped[1].exact, swapped[1].overlapping)
    assert kappa == (swapped[2] if swapped[2] is None else pytest.approx(swapped[2]))
    assert spans.exact <= spans.overlapping <= min(spans.first, spans.second)
    assert relations.exact <= relations.overlapping <= min(relations.first, relations.second)


@given(markings())
def test_a_copy_agrees_fully(ours: Document) -> None:
    agreement = compare([ours, replace(ours, annotator="b")])
    assert agreement.disagreements == ()
    for counts in only(agreement)[:2]:
        assert counts.exact_f1 in (None, 1.0)
        assert counts.overlapping_f1 == counts.exact_f1
    assert only(agreement)[2] in (None, pytest.approx(1.0))


@given(markings(), markings("b"))
def test_markings_differ_where_something_is_told(ours: Document, theirs: Document) -> None:
    same = ({*ours.spans}, {*ours.relations}) == ({*theirs.spans}, {*theirs.relations})
    assert (compare([ours, theirs]).disagreements == ()) == same


@given(st.lists(markings(), min_size=1, max_size=5))
def test_gold_is_what_most_marked_and_never_overlaps(copies: list[Document]) -> None:
    named = [replace(copy, annotator=str(number)) for number, copy in enumerate(copies)]
    (gold,) = adjudicate(named)
    assert all(2 * sum(span in copy.spans for copy in named) > len(named) for span in gold.spans)
    assert all(left.end <= right.start for left, right in pairwise(sorted(gold.spans)))
    assert all({one.source, one.target} <= {*gold.spans} for one in gold.relations)


@given(markings(), st.integers(1, 4))
def test_identical_markings_are_gold(ours: Document, copies: int) -> None:
    named = [replace(ours, annotator=str(number)) for number in range(copies)]
    assert list(adjudicate(named)) == [replace(ours, annotator=None)]


def test_the_vote() -> None:
    third = replace(ASAN, annotator="zeine", spans=(PLACE, NINE, SHOPS), relations=(Relation(NINE, PLACE, "place"),))
    votes: list[Vote] = []
    single = replace(ASAN, id="d0", published="2025-02-14")
    gold = list(adjudicate([USEN, ASAN, single, third], report=votes.append))
    assert [document.id for document in gold] == ["d1", "d0"]
    assert gold[1] == replace(single, annotator=None)
    assert sorted(gold[0].spans) == [YEAR, PLACE, NINE, TWELVE, SHOPS, OPENED]
    assert sorted(gold[0].relations) == [Relation(NINE, PLACE, "place"), Relation(TWELVE, OPENED, "action")]
    (vote,) = votes
    assert (vote.document, vote.annotators) == ("d1", ("usen", "asan", "zeine"))
    assert vote.spans == (RIVER, SCHOOLS, WIDER)
    assert len(vote.relations) == 6  # of 8 drawn by anybody


def test_two_must_agree_and_a_relation_needs_its_ends() -> None:
    (gold,) = adjudicate([ASAN, USEN])
    assert gold.spans == (YEAR, NINE, TWELVE, OPENED)
    assert gold.relations == (Relation(TWELVE, OPENED, "action"),)
    dangling = [replace(document, relations=(Relation(NINE, SCHOOLS, "indicator"),)) for document in (ASAN, USEN)]
    assert next(adjudicate(dangling)).relations == ()


def test_the_adjudicator_has_the_last_word() -> None:
    votes: list[Vote] = []
    others = [replace(document, id="d2") for document in (ASAN, replace(ASAN, annotator="zeine"))]
    gold = list(adjudicate([ASAN, USEN, *others], adjudicator="usen", report=votes.append))
    assert gold[0] == replace(USEN, annotator=None)
    assert gold[1].spans == ASAN.spans
    assert [vote.document for vote in votes] == ["d2"]
    with pytest.raises(ValueError, match="asan, usen"):
        list(adjudicate([ASAN, USEN], adjudicator="nobody"))


def printed(agreement: Agreement, first: int = 20) -> str:
    console = Console(width=200, force_terminal=False)
    with console.capture() as capture:
        console.print(*tables(agreement, first))
    return capture.get()


def test_terminal() -> None:
    words = printed(compare([ASAN, USEN]), 2)
    for part in (
        "asan · usen",
        "7 · 6",
        "57.1% · 66.7%",
        "0.615",
        "0.769",
        "0.597",
        "2 of 7 disagreements",
        "period",
    ):
        assert part in words, part
    assert "мектеп пен" not in words
    assert "–" in printed(compare([Document("d", "", annotator=name) for name in "ab"]))
    hostile = "[bold]\x1b[31m"
    bold = replace(
        ASAN, id=hostile, text=hostile, spans=(Span(0, len(hostile), "GPE"),), relations=(), annotator=hostile
    )
    words = printed(compare([bold, replace(bold, annotator="b", spans=())]))
    assert "[bold] [31m" in words
    assert "\x1b" not in words


def shown(*documents: Document) -> Page:
    return Page(agreement_page.render(compare(documents)))


def test_page_shows_both_versions_in_context() -> None:
    content = agreement_page.render(compare([ASAN, USEN]))
    assert content.count("<article") == 7
    edges = next(part for part in content.split("<article") if Kind.EDGES.value in part and "<mark" in part)
    assert re.findall(r"<mark[^>]*>([^<]*)</mark>", edges) == ["мектеп", "мектеп пен"]
    assert re.findall(r'class="theirs">([^<]*)<', edges) == [" пен"]
    assert edges.count("ашылды.") == 2
    for name in ("Көрсеткіш", "Indicator", "asan", "usen", TASK.replace("&", "&amp;")):
        assert name in edges


def test_page_leaves_out_what_is_far_away() -> None:
    text = f"{'алма ' * 40}12 үй {'өрік ' * 40}Қордай {'шие ' * 40}"
    ours = Document("d", text, (at("12", "CARDINAL", text), at("Қордай", "GPE", text)), annotator="a")
    drawn = replace(ours, relations=(Relation(*ours.spans, "place"),), annotator="b")
    (entry,) = re.findall(r'<div class="context">(.*?)</div>', agreement_page.render(compare([ours, drawn])))[1:]
    words = re.sub(r"<[^>]*>", "", entry)
    assert re.fullmatch(r" … (алма )+12 үй( өрік)+ … (өрік )+Қордай( шие)+ … ", words)
    assert len(words) < 300


def test_page_filters_and_keys() -> None:
    third = replace(ASAN, annotator="zeine", spans=ASAN.spans[:4], relations=())
    page = shown(ASAN, USEN, third)
    keys = page.values("data-key")
    assert len(keys) == len({*keys})
    assert shown(third, ASAN, USEN).values("data-key") == keys
    assert set(shown(ASAN, USEN).values("data-key")) < {*keys}
    options = [attributes["value"] for tag, attributes in page.elements if tag == "option"]
    chosen = " ".join(page.values("data-label") + page.values("data-annotator") + page.values("data-kind")).split()
    assert {*chosen} <= {*options}
    assert {*page.values("data-annotator")} == {"0 1", "0 2", "1 2"}


def test_nothing_of_a_document_is_markup_or_script() -> None:
    harmless = shown(ASAN, replace(USEN, task=TASK))
    words = HOSTILE * 2
    spans = (Span(0, 9, HOSTILE), Span(9, len(words), "CARDINAL"))
    hostile = Document(HOSTILE, words, spans, (Relation(spans[1], spans[0], HOSTILE),), annotator=HOSTILE, task=HOSTILE)
    other = replace(hostile, annotator="b", spans=(Span(0, 9, "GPE"), spans[1]), relations=())
    page = shown(hostile, other)
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in harmless.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    assert names <= {name for _, attributes in harmless.elements for name in attributes}
    assert page.values("href") == []
    assert page.scripts == [(Path(agreement_page.__file__).parent / "agreement.js").read_text("utf-8")]


@pytest.mark.parametrize(
    ("task", "linked"),
    [
        (TASK, True),
        ("http://localhost:8080/projects/1/data?task=5", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("//example.kz", False),
        ("https:", False),
        ("http://[", False),
        ("file:///etc/passwd", False),
        ("", False),
        (None, False),
    ],
)
def test_only_addresses_of_the_web_become_links(task: str | None, linked: bool) -> None:
    links = shown(replace(ASAN, task=task), USEN).values("href")
    assert {*links} == ({task} if linked else set())


def test_the_policy_lets_our_script_run_and_no_other() -> None:
    page = shown(ASAN, USEN)
    (policy,) = (value for value in page.values("content") if "script-src" in value)
    digest = b64encode(sha256(page.scripts[0].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert "unsafe" not in policy


def test_a_page_without_disagreements_or_pairs() -> None:
    assert "Алшақтық жоқ" in agreement_page.render(compare([ASAN, replace(ASAN, annotator="b")]))
    assert "<table" not in agreement_page.render(compare([ASAN]))


DRIVER = """
const report = [], first = document.querySelector(".settled"), kind = document.getElementById("kind");
function note() {
  const visible = [...document.querySelectorAll("article")].filter((one) => one.offsetHeight);
  report.push([done.textContent, visible.length]);
}
function change(control, values) {
  Object.assign(control, values);
  control.dispatchEvent(new Event("change"));
  note();
}
note();
change(first, { checked: true });
change(hide, { checked: true });
change(kind, { value: "0" });
change(kind, { value: "" });
report.push([forgetful.hidden, document.documentElement.scrollWidth - document.documentElement.clientWidth]);
parent.postMessage(report, "*");
"""
TWICE = """<!doctype html>
<body><iframe id="frame" src="page.html" width="360" height="740" style="border: 0"></iframe>
<script>
const reports = [];
onmessage = (event) => {
  reports.push(event.data);
  if (reports.length === 1) frame.src = "page.html?again";
  else document.body.setAttribute("data-report", JSON.stringify(reports));
};
</script></body>"""


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no chromium")
def test_what_is_settled_is_remembered(tmp_path: Path) -> None:
    content = re.sub(r"<meta http-equiv[^>]*>", "", agreement_page.render(compare([ASAN, USEN])))
    (tmp_path / "page.html").write_text(content.replace("</body>", f"<script>{DRIVER}</script></body>"), "utf-8")
    (tmp_path / "twice.html").write_text(TWICE, "utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync --virtual-time-budget=4000"
    command = ["chromium", *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    address = f"file://{tmp_path / 'twice.html'}"
    dom = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout
    (found,) = re.findall(r'data-report="([^"]*)"', dom)
    none, one = ("0 / 7 шешілді · 0 of 7 settled", "1 / 7 шешілді · 1 of 7 settled")
    rest = [[one, 7], [one, 6], [one, 2], [one, 6], [True, 0]]
    assert json.loads(unescape(found)) == [[[none, 7], *rest], [[one, 7], *rest]]
