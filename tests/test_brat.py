"""brat standoff is read as it is shipped, in directories and archives, and nothing of an archive reaches the disk."""

import io
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.checks import Problem
from annotations.document import Document, Span
from annotations.formats import auto, brat
from annotations.labels import default_labels

TEXT = "Сәуле Ертаева\nТекеліде 12 дүкен ашты."
ANN = "T1\tPERSON 0 13\tСәуле Ертаева\nR1\tLIVES Arg1:T1 Arg2:T2\nT2\tGPE 14 22\tТекеліде\n#1\tNote T2\tқала\n"
SPANS = (Span(0, 13, "PERSON"), Span(14, 22, "GPE"))


def archive(path: Path, contents: dict[str, bytes]) -> Path:
    mode = path.suffix.removeprefix(".")
    with tarfile.open(path, "w" if mode == "tar" else f"w:{mode}") as tar:  # type: ignore[call-overload]
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def directory(path: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def pair(ann: str | bytes = ANN, text: str | bytes = TEXT, name: str = "a") -> dict[str, bytes]:
    files = {f"{name}.ann": ann, f"{name}.txt": text}
    return {name: content if isinstance(content, bytes) else content.encode() for name, content in files.items()}


@pytest.mark.parametrize("name", ["collection", "c.tar", "c.tar.xz", "c.tar.gz"])
def test_collections(name: str, tmp_path: Path) -> None:
    contents = pair(name="train/a") | {"README.txt": b"\xff", "notes.md": b"-"} | pair("", "Бос.", "dev/b")
    build = archive if name.startswith("c.") else directory
    documents = list(auto.read(build(tmp_path / name, contents)))
    assert sorted((d.id, d.text, d.spans) for d in documents) == [("dev/b", "Бос.", ()), ("train/a", TEXT, SPANS)]


@st.composite
def standoff(draw: st.DrawFn) -> tuple[str, str, list[Span]]:
    """A text with any characters and line ends, its `.ann`, and the spans told there, of which none overlap."""
    words = draw(st.lists(st.from_regex(r"\w{1,5}", fullmatch=True), min_size=1, max_size=6))
    gaps = [draw(st.text(" \n\r\t«.🇰🇿\u0301\u2028\x85", max_size=3)) for _ in words]
    text, lines, spans = "", [], []
    for number, (word, gap) in enumerate(zip(words, gaps, strict=True)):
        text += gap
        label = draw(st.sampled_from(default_labels().names()))
        lines.append(f"T{number}\t{label} {len(text)} {len(text) + len(word)}\t{word}\n")
        spans.append(Span(len(text), len(text) + len(word), label))
        text += word
    return text, "".join(lines), spans


@settings(max_examples=100)
@given(standoff())
def test_offsets_count_code_points(case: tuple[str, str, list[Span]]) -> None:
    text, ann, spans = case
    with tempfile.TemporaryDirectory() as folder:
        [document] = brat.read(directory(Path(folder), pair(ann, text)))
    assert document == Document("a", text, tuple(spans), groups=frozenset(default_labels().names()))


@pytest.mark.parametrize(
    ("ann", "found"),
    [
        ("T1\tGPE 14 22\tТекеліде\r\nT2\tCARDINAL 23 25\t12\r\n", ["Текеліде", "12"]),
        ("\ufeffT1\tGPE 14 22\tТекеліде", ["Текеліде"]),
        ("T1\tPERSON 0 22\tСәуле Ертаева Текеліде", ["Сәуле Ертаева\nТекеліде"]),
        ("T1\tPERSON 0 13;14 22\tСәуле Ертаева Текеліде", ["Сәуле Ертаева\nТекеліде"]),
        ("T1\tPERSON 6 13;0 5\tЕртаева Сәуле", ["Сәуле Ертаева"]),
        ("T1\tPERSON 0 5;14 22\tСәуле Текеліде", []),
        ("T1\tQUANTITY 23 31\t12 дүкен\nT2\tCARDINAL 23 25\t12", ["12 дүкен"]),
    ],
)
def test_entities(ann: str, found: list[str], tmp_path: Path) -> None:
    [document] = brat.read(directory(tmp_path, pair(ann)))
    assert [document.cut(span) for span in document.spans] == found


LONG = "9" * 5000


@pytest.mark.parametrize(
    ("files", "where"),
    [
        (pair("T1\tGPE 14 22\tТекелі"), ".ann, line 1"),
        (pair("\nT1\tGPE 15 23\tТекеліде"), ".ann, line 2"),
        (pair("T1\tGPE 14 99\tТекеліде"), ".ann, line 1"),
        (pair("T1\tGPE 14 14\t"), ".ann, line 1"),
        (pair("T1\tGPE 22 14\t"), ".ann, line 1"),
        (pair("T1\tGPE -8 22\tТекеліде"), ".ann, line 1"),
        (pair(f"T1\tGPE 14 {LONG}\tТекеліде"), ".ann, line 1"),
        (pair("T1\tGPE 14 22"), ".ann, line 1"),
        (pair("T1 GPE 14 22 Текеліде"), ".ann, line 1"),
        (pair("T1\tCITY 14 22\tТекеліде"), "spans[0].label"),
        (pair(b"T1\tGPE 14 22\t\xff"), ".ann, byte 13"),
        (pair(text=TEXT.encode() + b"\xd2"), ".txt, byte 66"),
        ({"a.ann": ANN.encode()}, ".txt"),
    ],
)
def test_a_malformed_document_costs_only_itself(files: dict[str, bytes], where: str, tmp_path: Path) -> None:
    problems: list[Problem] = []
    path = archive(tmp_path / "c.tar", files | pair(name="sound"))
    assert [document.id for document in brat.read(path, problems.append)] == ["sound"]
    assert [(problem.document, problem.where) for problem in problems] == [("a", where)]
    with pytest.raises(Problem, match=r"^a, "):
        list(brat.read(path))


def test_nothing_of_an_archive_reaches_a_path(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text(TEXT)
    path = archive(inside / "c.tar", pair(name="../up") | pair(name=str(tmp_path / "absolute")))
    with tarfile.open(path, "a") as tar:
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.txt")
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo("link.ann"))
    problems: list[Problem] = []
    assert len(list(brat.read(path, problems.append))) == 2
    assert [problem.document for problem in problems] == ["link"]
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["c.tar", "inside", "secret.txt"]


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = b"\xff".decode(errors="surrogateescape")
    [document] = brat.read(archive(tmp_path / "c.tar", pair(name=name)))
    assert document.id.encode() == b"?"


@pytest.mark.parametrize("name", ["c.tar", "c.tar.xz", "c.tar.gz"])
def test_a_broken_archive(name: str, tmp_path: Path) -> None:
    path = archive(tmp_path / name, pair(name="a") | pair(name="b"))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"c\.tar"):
        list(auto.read(path))


@pytest.mark.parametrize("name", ["none.tar", "labels.json", "labels.xml"])
def test_what_auto_refuses(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    archive(path, {"a.txt": b"-"}) if name == "none.tar" else path.write_text("[]")
    with pytest.raises(ValueError, match=name):
        list(auto.read(path, mapping={"CITY": "GPE"}))
