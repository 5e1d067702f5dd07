"""With --html the main text of pages is what is read, wherever the pages are, and nothing is fetched for it."""

import json
import sys
from pathlib import Path

import pytest

from annotations.checks import Problem
from annotations.document import Document
from infer import html
from infer.batch import check
from infer.readers import stream
from infer.rows import Columns

TITLE = "Қордайда жәрмеңке өтті"
LEAD = "Жыл басынан бері аудан орталығында 14 жәрмеңке ұйымдастырылып, оған 300-ден астам шаруа қатысты."
MORE = "Картоп бағасы 12 пайызға арзандады, деп хабарлады аудан әкімдігі. Бұл туралы өткен аптада айтылған болатын."
BODY = f"""<nav><a href="/">Басты бет</a> <a href="/n">Жаңалықтар</a></nav>
<article><p>{LEAD}</p><p>{MORE}</p></article>
<footer>© 2019 Ауыл таңы. Барлық құқық қорғалған</footer>"""
PAGE = f"""<!doctype html><html lang="kk"><head><meta charset="windows-1251"><title>{TITLE}</title>
<meta property="article:published_time" content="2025-02-14T10:00:00+05:00"></head><body>{BODY}</body></html>"""
COLUMNS = Columns(html=True)


def read(*places: Path, columns: Columns = COLUMNS) -> list[Document | Problem]:
    return list(stream(map(str, places), columns))


@pytest.mark.parametrize("codec", ["utf-8", "kz1048"])
@pytest.mark.parametrize("name", ["a.html", "a.htm", "a.txt"])
def test_files(tmp_path: Path, name: str, codec: str) -> None:
    (tmp_path / name).write_bytes(PAGE.encode(codec))
    expected = Document("a", f"{LEAD}\n{MORE}", title=TITLE, published="2025-02-14")
    assert read(tmp_path) == read(tmp_path / name) == [expected]


def test_columns_of_tables(tmp_path: Path) -> None:
    """What the table tells of a page goes before what the page does; a column may hold parts of pages."""
    rows = [
        {"id": "1", "text": PAGE, "title": "Жәрмеңке"},
        {"id": "2", "text": BODY},
        {"id": "3", "text": f"<p>{LEAD}</p>"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert read(tmp_path) == [
        Document("1", f"{LEAD}\n{MORE}", title="Жәрмеңке", published="2025-02-14"),
        Document("2", f"{LEAD}\n{MORE}"),
        Document("3", LEAD),
    ]


def test_without_the_option_pages_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE, "utf-8")
    assert read(tmp_path, columns=Columns()) == []
    with pytest.raises(ValueError, match="pages with --html"):
        read(tmp_path / "a.html", columns=Columns())
    with pytest.raises(ValueError, match="which is read"):
        check([str(tmp_path)], f"{tmp_path}/out.html", None, html=True)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("", "no main text"),
        ("<script>var a = 1;</script>", "no main text"),
        ("<div>" * 9999, "no main text"),
        ("<!--", "no main text"),
        ("<p>а" * (html.LONGEST // 4 + 1), "the page has 4,000,004 characters, and 4,000,000 are the most"),
        (None, "valid string"),
    ],
)
def test_pages_without_a_text_are_rejected(tmp_path: Path, page: str | None, why: str) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "1", "text": page}), "utf-8")
    (problem,) = read(tmp_path)
    assert isinstance(problem, Problem)
    assert (problem.document, problem.where) == ("1", "text, a.jsonl line 1")
    assert why in problem.why


def test_nothing_is_fetched() -> None:
    events = []
    watching = True
    sys.addaudithook(lambda event, _: events.append(event) if watching and event.startswith("socket.") else None)
    for page in (
        "http://ayyl.example/",
        f'<base href="http://ayyl.example/"><img src="/a.png">{PAGE}<iframe src="//b/">',
    ):
        try:
            html.main_text(page)
        except ValueError as error:
            assert "no main text" in str(error)
    watching = False
    assert not events


def test_a_missing_library_is_told_by_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)  # what Python takes for a module that is not installed
    with pytest.raises(ImportError, match=r"pip install 'malimet\[html\]'"):
        html.main_text(PAGE)
