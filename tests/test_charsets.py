"""Texts that are not in UTF-8 are told, decoded and said; what is in no known encoding is refused where it breaks."""

import io
import json
import logging
from pathlib import Path

import pytest

from annotations.checks import Problem
from annotations.document import Document
from infer import charsets
from infer.readers import stream

KAZAKH = [
    "Сурет",
    "Өнім",
    "Үкімет үйі",
    "Әкім Нұрлан Сәдуақасов",
    "Жүргізуші келді.",
    "2025 жылғы 14 ақпан",
    "«ҚазТАГ» агенттігі: ЖШС-ның 300-ден астам шаруасы жәрмеңкеге қатысты, – деді ол.",
    "id,text\n1,Өңірде егін егілді\n2,Жаңа мектеп салынды\n",
]
RUSSIAN = [
    "да",
    "Ярмарка",
    "В среду прошла ярмарка, в ней участвовали более 300 крестьян.",
    "Цена выросла на 15 % – до 300 тысяч тенге за штуку № 5.",
]
OTHERS = [
    *((text, codec) for text in RUSSIAN if "№" not in text for codec in ("koi8_r", "cp866")),
    ("Été à la plage, café crème et naïveté d'un garçon", "latin-1"),
    ("5 €", "cp1252"),
]


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        *((text, codec) for text in KAZAKH + RUSSIAN for codec in ("utf-8", "utf-16")),
        *((text, "kz1048") for text in KAZAKH[1:]),
        *((text, "cp1251") for text in (KAZAKH[0], *RUSSIAN)),
    ],
)
def test_the_encoding_is_told(text: str, codec: str) -> None:
    content = text.encode(codec)
    assert charsets.detect(content) == codec
    assert charsets.decode(content, codec) == text
    assert charsets.as_utf8("", io.BytesIO(content)).read().decode() == text


@pytest.mark.parametrize("text", KAZAKH + RUSSIAN)
def test_one_broken_byte_does_not_change_the_encoding(text: str) -> None:
    for place in range(len(text)):
        content = text[:place].encode() + b"\xd0\x98\xd0" + text[place:].encode()
        assert charsets.detect(content) == "utf-8"


@pytest.mark.parametrize(("text", "codec"), OTHERS)
def test_other_encodings_are_not_read(text: str, codec: str) -> None:
    with pytest.raises(UnicodeDecodeError):
        content = text.encode(codec)
        charsets.decode(content, charsets.detect(content))


def test_a_general_detector_is_no_help_with_short_kazakh_texts() -> None:
    library = pytest.importorskip("charset_normalizer")
    found = [library.from_bytes(text.encode("kz1048"), cp_isolation=["cp1251", "kz1048"]).best() for text in KAZAKH[1:]]
    assert [str(best) == text for best, text in zip(found, KAZAKH[1:], strict=True)].count(False) >= 3


LAST = '{"id": "z", "text": ""}'


def lines(encoding: str, number: int) -> bytes:
    rows = [
        {"id": str(n), "text": f"{n}: Өңірде {n} мектеп салынды, ғимарат үшін қаражат бөлінді."} for n in range(number)
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(encoding)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "kz1048"])
def test_streams_of_other_encodings(tmp_path: Path, codec: str, caplog: pytest.LogCaptureFixture) -> None:
    """In pieces that end within letters, and beginning with more than one piece of ASCII."""
    ascii = "".join(json.dumps({"id": f"a{n}", "text": "Ә"}) + "\n" for n in range(1000))
    expected = [f"a{n}" for n in range(1000)] + [str(n) for n in range(999)]
    content = ascii.encode("utf-8") + lines("utf-8", 999)
    (tmp_path / "news.jsonl").write_bytes(content.decode().encode(codec))
    (tmp_path / "table.csv").write_bytes(("id,text\n" + "x,\n" * 9000 + 'ә,"Өңір"\n').encode(codec))
    found = list(stream([str(tmp_path / "news.jsonl")]))
    documents = [item for item in found if isinstance(item, Document)]
    assert [document.id for document in documents] == expected == [item.id for item in documents]
    assert documents[-1].text.startswith("998: Өңірде")
    assert len(found) == len(documents)
    *_, last = stream([str(tmp_path / "table.csv")])
    assert isinstance(last, Document) and (last.id, last.text) == ("ә", "Өңір")
    told = {record.message for record in caplog.records if record.levelno == logging.WARNING}
    name = charsets.NAMES.get(codec)
    assert told == ({f"news.jsonl is read as {name}", f"table.csv is read as {name}"} if name else set())


@pytest.mark.parametrize(
    ("content", "where", "read_ids"),
    [
        (lines("kz1048", 2) + b'{"id": "x", "text": "\x98"}\n' + LAST.encode(), "line 3", ["0", "1", "z"]),
        (lines("utf-16", 2) + b"\x00\xd8\x0a\x00" + LAST.encode("utf-16-le"), "line 3", ["0", "1", "z"]),
        (lines("utf-16", 2) + b"{", "after row 2", ["0", "1"]),
        (b" " * 50_000 + b"\n" + lines("utf-8", 2)[:-3], "line 3", ["0"]),
    ],
)  # fmt: skip
def test_what_breaks_later_is_refused_where_it_breaks(
    tmp_path: Path, content: bytes, where: str, read_ids: list[str]
) -> None:
    (tmp_path / "news.jsonl").write_bytes(content)
    found = list(stream([str(tmp_path / "news.jsonl")]))
    (problem,) = [item for item in found if isinstance(item, Problem)]
    assert (problem.document, problem.where) == ("news.jsonl", where)
    assert [item.id for item in found if isinstance(item, Document)] == read_ids


def test_text_files_in_each_encoding(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "«Өңір» – 14 мектеп"
    for number, codec in enumerate(("utf-8", "utf-8-sig", "utf-16", "kz1048")):
        (tmp_path / f"{number}.txt").write_bytes(text.encode(codec))
    (tmp_path / "4.txt").write_bytes(b"\xef\xbb\xbf" + b"\xff")
    (tmp_path / "5.txt").write_bytes(text.encode("utf-16")[:-1])
    *documents, marked, cut = stream([str(tmp_path)])
    assert [item.text for item in documents if isinstance(item, Document)] == [text] * 4
    assert isinstance(marked, Problem) and (marked.where, marked.why[:15]) == ("byte 3", "it is not UTF-8")
    assert isinstance(cut, Problem) and cut.why.startswith("it is not UTF-16")
    assert [record.message for record in caplog.records] == [
        "2.txt is read as UTF-16",
        "3.txt is read as KZ-1048",
        "5.txt is read as UTF-16",
    ]
