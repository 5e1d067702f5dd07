"""Every format gives back the document that it was given, and tells of every malformed one by its place."""

import copy
import gzip
import json
import lzma
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.atomic import atomic_text
from annotations.checks import Problem
from annotations.document import Document, Relation, Span
from annotations.formats import conll, jsonl, label_studio
from annotations.labels import GROUPS, default_labels

LABELS = default_labels()
SUFFIXES = {label_studio: "json", conll: "iob2", jsonl: "jsonl"}
PIECES = ["Ауыл", "300-ден", "12,5%", "«", "»", " ", "\u00a0", "\r\n", "\n\n", "\t", "\u2028", "\x1c", "\x85", "\ufeff"]
PIECES += ["и\u0306", "\u0301", "👩‍🌾", "🇰🇿", "\u200b", "# {", '"', "\\", "_", "O", "\x00", "²"]
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)
names = st.none() | texts


def round_trip(module: ModuleType, document: Document, packing: str = "") -> Document:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"documents.{SUFFIXES[module]}{packing}")
        module.write([document], path)
        [read] = module.read(path)
    assert isinstance(read, Document)
    return read


def heads(text: str) -> st.SearchStrategy[dict[str, Any]]:
    groups = st.frozensets(st.sampled_from(sorted(GROUPS)))
    return st.fixed_dictionaries(
        {"id": texts, "text": st.just(text), "published": names, "title": names, "source": names, "groups": groups}
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any readable document: spans overlap, repeat, stand in any order, begin and end anywhere."""
    text = draw(texts)
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).filter(lambda pair: pair[0] < pair[1])
    scores = st.none() | st.floats(0, 1)
    spans = st.builds(
        lambda place, label, score: Span(place[0], place[1], label, score),
        places,
        st.sampled_from(LABELS.names()),
        scores,
    )
    chosen = tuple(draw(st.lists(spans, max_size=5))) if text else ()
    relations: tuple[Relation, ...] = ()
    if chosen:
        ends, roles = st.sampled_from(chosen), st.sampled_from([role.name for role in LABELS.roles])
        relations = tuple(draw(st.lists(st.builds(Relation, ends, ends, roles), max_size=4)))
    return Document(**draw(heads(text)), spans=chosen, relations=relations)


@st.composite
def columned(draw: st.DrawFn) -> Document:
    """Any document that IOB2 can hold: spans in order, apart, without white space at their edges."""
    text = draw(texts)
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    places = [(start, end) for start, end in pairwise(edges) if text[start:end] == text[start:end].strip()]
    spans = tuple(
        Span(start, end, draw(st.sampled_from(LABELS.names()))) for start, end in places if draw(st.booleans())
    )
    return Document(**draw(heads(text)), spans=spans)


@pytest.mark.parametrize("module", [label_studio, jsonl])
@settings(max_examples=100)
@given(document=documents())
def test_round_trip(module: ModuleType, document: Document) -> None:
    read = round_trip(module, document)
    assert read == document
    assert [span.score for span in read.spans] == [span.score for span in document.spans]


def test_who_marked_a_document_is_kept(tmp_path: Path) -> None:
    document = Document(
        "d1", "Көктем келді.", annotator="aigul@example.com", task="http://labels.example/projects/1/data?task=7"
    )
    jsonl.write([document], tmp_path / "documents.jsonl")
    assert list(jsonl.read(tmp_path / "documents.jsonl")) == [document]


@settings(max_examples=100)
@given(document=columned())
def test_round_trip_of_columns(document: Document) -> None:
    assert round_trip(conll, document) == document


@pytest.mark.parametrize("module", SUFFIXES)
@pytest.mark.parametrize(("packing", "unpack"), [(".xz", lzma.decompress), (".gz", gzip.decompress)])
def test_packed_files(module: ModuleType, packing: str, unpack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    document = Document("d1", "Көктемде 40 түп алма егілді.", (Span(0, 8, "DATE"), Span(9, 11, "CARDINAL")))
    path = tmp_path / f"documents{packing}"
    module.write([document, document], path)
    assert "Көктемде" in unpack(path.read_bytes()).decode()
    assert list(module.read(path)) == [document, document]


@pytest.mark.parametrize("module", SUFFIXES)
def test_no_half_written_file(module: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "documents"
    path.write_text("бұрынғы")

    def broken() -> Iterator[Document]:
        yield Document("d1", "Бір.")
        raise RuntimeError("the disk of the reader broke")

    with pytest.raises(RuntimeError):
        module.write(broken(), path)
    assert path.read_text() == "бұрынғы"
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_text_keeps_line_ends(tmp_path: Path) -> None:
    with atomic_text(tmp_path / "a.txt") as file:
        file.write("бір\r\nекі\n")
    assert (tmp_path / "a.txt").read_bytes() == "бір\r\nекі\n".encode()


@pytest.mark.parametrize("module", [label_studio, jsonl])
def test_writers_refuse_a_dangling_relation(module: ModuleType, tmp_path: Path) -> None:
    number, shops = Span(0, 2, "CARDINAL"), Span(3, 8, "INDICATOR")
    document = Document("d1", "12 дүкен", (number,), (Relation(number, shops, "indicator"),))
    with pytest.raises(Problem, match=r"^d1, relations\[0\].target: it is not a span of the document.$"):
        module.write([document], tmp_path / "documents")
    assert not list(tmp_path.iterdir())


# Label Studio

TASK: dict[str, Any] = {
    "id": 7,
    "data": {"text": "Қалада 12 дүкен ашылды.", "doc_id": "d1"},
    "annotations": [
        {
            "id": 70,
            "completed_by": 1,
            "was_cancelled": False,
            "result": [
                {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["indicator"]},
                {"type": "labels", "id": "a", "value": {"start": 7, "end": 9, "text": "?", "labels": ["CARDINAL"]}},
                {"type": "labels", "id": "b", "value": {"start": 10, "end": 15, "labels": ["INDICATOR"]}, "score": 0.5},
            ],
        }
    ],
}
NUMBER, SHOPS = Span(7, 9, "CARDINAL"), Span(10, 15, "INDICATOR")
MISSING = object()


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    task: Any = copy.deepcopy(TASK)
    inner = task
    for step in path[:-1]:
        inner = inner[step]
    if value is MISSING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return dict(task)


def export(tmp_path: Path, *tasks: object) -> Path:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    return path


def test_label_studio_trusts_offsets(tmp_path: Path) -> None:
    [document] = label_studio.read(export(tmp_path, TASK))
    assert document == Document("d1", TASK["data"]["text"], (NUMBER, SHOPS), (Relation(NUMBER, SHOPS, "indicator"),))
    assert [span.score for span in document.spans] == [None, 0.5]


def test_label_studio_relation_to_the_left() -> None:
    task = changed(
        ("annotations", 0, "result", 0), {"type": "relation", "from_id": "b", "to_id": "a", "labels": ["indicator"]}
    )
    task["annotations"][0]["result"][0]["direction"] = "left"
    document = label_studio.from_task(task)
    assert document and document.relations == (Relation(NUMBER, SHOPS, "indicator"),)


@pytest.mark.parametrize(
    ("data", "id"), [({"doc_id": "d1", "sentence_id": "s1"}, "d1"), ({"sentence_id": "s1"}, "s1"), ({}, "7")]
)
def test_label_studio_document_id(data: dict[str, str], id: str) -> None:
    document = label_studio.from_task(changed(("data",), {"text": TASK["data"]["text"], **data}))
    assert document and document.id == id


EARLY, LATE = "2031-03-01T10:00:00Z", "2031-03-01T10:00:00.5Z"


@pytest.mark.parametrize(
    ("annotations", "annotator", "chosen"),
    [
        ([], None, None),
        ([{"id": 1, "was_cancelled": True}], None, None),
        ([{"id": 1}, {"id": 2, "was_cancelled": True}], None, 1),
        ([{"id": 2}, {"id": 1}], None, 2),
        ([{"id": 1, "updated_at": LATE}, {"id": 2, "updated_at": EARLY}], None, 1),
        ([{"id": 1, "completed_by": 5}, {"id": 2, "completed_by": 6}], 5, 1),
        ([{"id": 1, "completed_by": 5}, {"id": 3, "completed_by": 5}, {"id": 4, "completed_by": 6}], 5, 3),
        ([{"id": 1, "completed_by": 5}], 6, None),
    ],
)
def test_label_studio_choice_of_annotation(
    annotations: list[dict[str, Any]], annotator: int | None, chosen: int | None, tmp_path: Path
) -> None:
    def marked(annotation: dict[str, Any]) -> dict[str, Any]:
        value = {"start": 0, "end": annotation["id"], "labels": ["GPE"]}
        return annotation | {"result": [{"type": "labels", "id": "a", "value": value}]}

    path = export(tmp_path, changed(("annotations",), [marked(annotation) for annotation in annotations]))
    read = [document.spans[0].end for document in label_studio.read(path, annotator=annotator)]
    assert read == ([] if chosen is None else [chosen])


R = ("annotations", 0, "result")


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("data",), MISSING, "data"),
        (("data", "text"), MISSING, "data.text"),
        (("data", "text"), 5, "data.text"),
        (("data", "text"), "Қала \ud800", "data.text"),
        (("data", "title"), "Қала \ud800", "data.title"),
        (("data", "doc_id"), 5, "data.doc_id"),
        (("data", "title"), ["Қала"], "data.title"),
        (("data", "groups"), ["colour"], "data.groups[0]"),
        (("annotations",), MISSING, "annotations"),
        (("annotations",), {}, "annotations"),
        (("annotations", 0), None, "annotations[0]"),
        (("annotations", 0, "id"), "x", "annotations[0].id"),
        (("annotations", 0, "was_cancelled"), "no", "annotations[0].was_cancelled"),
        (("annotations", 0, "updated_at"), "кеше", "annotations[0].updated_at"),
        (R, MISSING, "annotations[0].result"),
        ((*R, 1), "a", "annotations[0].result[1]"),
        ((*R, 1, "type"), MISSING, "annotations[0].result[1].type"),
        ((*R, 1, "type"), "choices", "annotations[0].result[1].type"),
        ((*R, 1, "id"), MISSING, "annotations[0].result[1].id"),
        ((*R, 2, "id"), "a", "annotations[0].result[2].id"),
        ((*R, 2, "score"), float("nan"), "annotations[0].result[2].score"),
        ((*R, 2, "score"), 1.5, "annotations[0].result[2].score"),
        ((*R, 2, "score"), True, "annotations[0].result[2].score"),
        ((*R, 1, "value"), MISSING, "annotations[0].result[1].value"),
        ((*R, 1, "value", "start"), MISSING, "annotations[0].result[1].value.start"),
        ((*R, 1, "value", "start"), "7", "annotations[0].result[1].value.start"),
        ((*R, 1, "value", "start"), True, "annotations[0].result[1].value.start"),
        ((*R, 1, "value", "start"), float("nan"), "annotations[0].result[1].value.start"),
        ((*R, 1, "value", "start"), -1, "annotations[0].result[1].value.start"),
        ((*R, 1, "value", "start"), 9, "annotations[0].result[1].value.start"),
        ((*R, 1, "value", "end"), 24, "annotations[0].result[1].value.end"),
        ((*R, 1, "value", "labels"), [], "annotations[0].result[1].value.labels"),
        ((*R, 1, "value", "labels"), ["CARDINAL", "MONEY"], "annotations[0].result[1].value.labels"),
        ((*R, 1, "value", "labels"), ["NUMBER"], "annotations[0].result[1].value.labels[0]"),
        ((*R, 0, "from_id"), "z", "annotations[0].result[0].from_id"),
        ((*R, 0, "to_id"), "z", "annotations[0].result[0].to_id"),
        ((*R, 0, "to_id"), MISSING, "annotations[0].result[0].to_id"),
        ((*R, 0, "direction"), "bi", "annotations[0].result[0].direction"),
        ((*R, 0, "labels"), [], "annotations[0].result[0].labels"),
        ((*R, 0, "labels"), ["cause"], "annotations[0].result[0].labels[0]"),
    ],
)
def test_label_studio_malformed_task(path: tuple[str | int, ...], value: object, where: str, tmp_path: Path) -> None:
    problems: list[Problem] = []
    sound = {**TASK, "id": 8}
    documents = list(label_studio.read(export(tmp_path, changed(path, value), sound), problems.append))
    assert [(problem.document, problem.where) for problem in problems] == [("task 7", where)]
    assert len(documents) == 1
    with pytest.raises(Problem, match=r"^task 7, "):
        list(label_studio.read(export(tmp_path, changed(path, value), sound)))


@pytest.mark.parametrize("task", [None, [], {"data": {"text": "Қала"}, "annotations": []}])
def test_label_studio_task_without_id(task: object, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"^export.json\[1\], "):
        list(label_studio.read(export(tmp_path, TASK, task)))


@pytest.mark.parametrize("content", [b"", b"{}", b"[1", b"\xff\xfe\xfa", b"[" * 100_000])
def test_label_studio_malformed_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(content)
    problems: list[Problem] = []
    assert list(label_studio.read(path, problems.append)) == []
    assert [problem.document for problem in problems] == ["export.json"]


# JSON Lines

LINE: dict[str, Any] = {"id": "d1", "text": "12 дүкен", "spans": [{"start": 0, "end": 2, "label": "CARDINAL"}]}


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (b"{", "line 2"),
        (b'{"id": "d1", "text": "\xff"}', "line 2"),
        (b"[]", "line 2"),
        ({"text": "12"}, "line 2, id"),
        ({"id": "d1", "text": None}, "line 2, text"),
        ({**LINE, "colour": "red"}, "line 2, colour"),
        ({**LINE, "spans": [{"start": 0, "end": 9, "label": "CARDINAL"}]}, "line 2, spans[0].end"),
        ({**LINE, "spans": [{"start": 0, "end": 2, "label": "NUMBER"}]}, "line 2, spans[0].label"),
        ({**LINE, "spans": [{"start": 0.5, "end": 2, "label": "CARDINAL"}]}, "line 2, spans[0].start"),
        ({**LINE, "relations": [{"source": 0, "target": 1, "role": "action"}]}, "line 2, relations[0].target"),
        ({**LINE, "relations": [{"source": -1, "target": 0, "role": "action"}]}, "line 2, relations[0].source"),
        ({**LINE, "relations": [{"source": 0, "target": 0, "role": "cause"}]}, "line 2, relations[0].role"),
    ],
)
def test_jsonl_malformed_line(line: bytes | dict[str, Any], where: str, tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    sound = json.dumps(LINE).encode()
    path.write_bytes(b"\n".join([sound, line if isinstance(line, bytes) else json.dumps(line).encode(), b"", sound]))
    problems: list[Problem] = []
    assert len(list(jsonl.read(path, problems.append))) == 2
    assert [problem.where for problem in problems] == [where]


# IOB2


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("« Көктөбе » бағы ашылды .", "«Көктөбе» бағы ашылды."),
        ('Ол " Жол " , " Қар " романдарын оқыды .', 'Ол "Жол", "Қар" романдарын оқыды.'),
        ("„ Дала “ мен “ Тау ”", "„Дала“ мен “Тау”"),
        ("« Үш жыл күттік » , — деді диқан Еркін .", "«Үш жыл күттік», — деді диқан Еркін."),
        ("Өнім 3 , 4 %-ке артты .", "Өнім 3,4%-ке артты."),
        ("Қойманың 71 %-ы бос .", "Қойманың 71%-ы бос."),
        ("Кен үлесі 9 , 125 %", "Кен үлесі 9,125%"),
        ("Баға 15 – 25 %-ға өсті .", "Баға 15 – 25%-ға өсті."),
        ("Дүкен 09 : 30-да ашылады .", "Дүкен 09:30-да ашылады."),
        ("Бағдарламаның 3 . 1 нұсқасы шықты .", "Бағдарламаның 3.1 нұсқасы шықты."),
        ("Топтарда 11 , 12 , 9 бала бар .", "Топтарда 11, 12, 9 бала бар."),
        ("2031 , 2032 жылдары", "2031, 2032 жылдары"),
        ("Үшеуі : 1-і аға , 2-еуі іні .", "Үшеуі: 1-і аға, 2-еуі іні."),
        ("« Самал » -ға бардық .", "«Самал»-ға бардық."),
        ("« Самал »-да тұрамыз .", "«Самал»-да тұрамыз."),
        ("« -лар » жалғауы", "«-лар» жалғауы"),
        ("Екі - үш күн", "Екі - үш күн"),
        ("Жаңа мектеп ( 2 қабатты ) дайын [ сурет ] !", "Жаңа мектеп (2 қабатты) дайын [сурет]!"),
        ("Рас па ? !", "Рас па?!"),
        ("Ауа қозғалысы 12 километр / сағат", "Ауа қозғалысы 12 километр / сағат"),
    ],
)
def test_detokenise(tokens: str, text: str) -> None:
    words = tokens.split()
    joined, starts = conll.detokenise(words)
    assert joined == text
    assert [joined[start : start + len(word)] for start, word in zip(starts, words, strict=True)] == words


def columns(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "a.iob2"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_conll_reads_kaznerd_form(tmp_path: Path) -> None:
    first = "XID1 O\n« O\nКөктөбе B-FACILITY\n» O\nбағының O\n"
    first += "2 B-PERCENTAGE\n, I-PERCENTAGE\n8 I-PERCENTAGE\n%-і I-PERCENTAGE\n"
    second = "Бес\tB-CARDINAL\r\nалты\tB-CARDINAL\r\n"
    one, two = conll.read(columns(tmp_path, f"{first}\n\r\n\n{second}"), groups={"value"})
    assert (one.id, one.text, one.groups) == ("XID1", "«Көктөбе» бағының 2,8%-і", frozenset({"value"}))
    assert [(one.cut(span), span.label) for span in one.spans] == [("Көктөбе", "FACILITY"), ("2,8%-і", "PERCENTAGE")]
    assert (two.id, two.text, [two.cut(span) for span in two.spans]) == ("a.iob2:13", "Бес алты", ["Бес", "алты"])


def test_conll_default_groups_leave_roles_open(tmp_path: Path) -> None:
    [document] = conll.read(columns(tmp_path, "Бес B-CARDINAL\n"))
    assert document.groups == {"entity", "time", "value"}


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ("Бес O\nалты I-CARDINAL\n", 4),
        ("Бес I-CARDINAL\n", 3),
        ("Бес B-CARDINAL\nалты I-MONEY\n", 4),
        ("Бес B-NUMBER\n", 3),
        ("Бес CARDINAL\n", 3),
        ("Бес\n", 3),
        ("Бес B-CARDINAL O\n", 3),
        ("XID1 O\n", 3),
        (b"Bes O\n\xff O\n", 4),
        ('# {"id": "d1"}\nБес O\n', 3),
        ('# {"id": "d1", "text": "Бес"\nБес O\n', 3),
        ('# {"id": "d1", "text": "Бес алты"}\nБес O\nжеті O\n', 5),
        ('# {"id": "d1", "text": "Бес алты"}\nБес O\n', 3),
    ],
)
def test_conll_malformed_block(block: str | bytes, line: int, tmp_path: Path) -> None:
    content = block if isinstance(block, bytes) else block.encode()
    problems: list[Problem] = []
    path = columns(tmp_path, "Бір O\n\n".encode() + content + "\nЕкі O\n".encode())
    assert [document.text for document in conll.read(path, problems.append)] == ["Бір", "Екі"]
    assert [problem.where.partition(",")[0] for problem in problems] == [f"line {line}"]


NUMBERED = Span(0, 2, "CARDINAL")


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (Document("d1", "12 дүкен", (NUMBERED,), (Relation(NUMBERED, NUMBERED, "action"),)), "relations[0]"),
        (Document("d1", "12 дүкен", (Span(0, 2, "CARDINAL", 0.9),)), "spans[0].score"),
        (Document("d1", "12 дүкен", (Span(0, 3, "CARDINAL"),)), "spans[0].end"),
        (Document("d1", "12 дүкен", (Span(0, 8, "QUANTITY"), NUMBERED)), "spans[0]"),
    ],
)
def test_conll_refuses_what_columns_cannot_hold(document: Document, where: str, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        conll.write([document], tmp_path / "a.iob2")
    assert (caught.value.document, caught.value.where) == ("d1", where)
    assert not list(tmp_path.iterdir())
