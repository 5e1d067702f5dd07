"""The web page: its text is the document's to the letter, its links lead somewhere, and no document becomes markup."""

import json
import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_linking import marked
from typer.testing import CliRunner

from annotations.document import Document, Span
from infer import page
from infer.records import Marked, ModelName, Reading, build
from malimet.cli import app

MODEL = ModelName(name="none", version="0")
VOID = {"meta", "input"}
NEWS = """
😀 [Биыл|DATE]\u00a0[Қосағаш|GPE] ауылында\t[14|CARDINAL] [жәрмеңке|INDICATOR] [өткізілді|ACTION].\r
  Оған [Асан Үсенов|PERSON] [300-ден астам|CARDINAL] [шаруа|INDICATOR] әкелді.
[Қосағаш|GPE] ауылында [14|CARDINAL] [жәрмеңке|INDICATOR] [өткізілді|ACTION].
"""
HOSTILE = "</script><script>alert(1)</script><!-- {{ 7*7 }} <img src=x onerror='alert(1)'> \"&quot; onclick=\"a"


def read(sentence: str, **fields: str) -> Reading:
    text, spans = marked(sentence)
    document = Document(**{"id": "a1", "published": "2025-02-14"} | fields, text=text)
    return document, build(document, spans, MODEL)


class Page(HTMLParser):
    """What a browser would make of a page; an element that is not closed in its turn fails."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.marks: dict[str, str] = {}
        self.scripts: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(content)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = tag, {name: value or "" for name, value in attrs}
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)
        if element[1].get("class") == "text":
            self.texts.append("")
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for tag, attributes in self._open:
            names = attributes.get("class", "").split()
            if "text" in names:
                self.texts[-1] += data
            if "mark" in names:
                self.marks[attributes["id"]] = self.marks.get(attributes["id"], "") + data
            if tag == "script":
                self.scripts[-1] += data

    def values(self, name: str) -> list[str]:
        """The values of an attribute, in the order of the page."""
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def test_text_and_marks_are_the_document_s() -> None:
    document, article = read(NEWS)
    shown = Page(page.render([(document, article)]))
    assert shown.texts == [document.text]
    assert shown.marks == {f"a0m{span.start}": document.text[span.start : span.end] for span in article.spans}
    assert shown.values("lang")[0] == "kk"
    assert {"Әкімшілік аумақ", "Көрсеткіш"} <= set(shown.values("data-label"))


@given(st.text(), st.integers(0, 9), st.integers(1, 9))
def test_any_text_is_shown_as_it_is(text: str, start: int, length: int) -> None:
    spans = [Span(start, start + length, "GPE")] if start + length <= len(text) else []
    document = Document("a", text)
    shown = Page(page.render([(document, build(document, spans, MODEL))]))
    assert shown.texts == [text]
    assert list(shown.marks.values()) == [document.cut(span) for span in spans]


def test_records_names_and_repeats_lead_to_their_places() -> None:
    shown = Page(page.render([read(NEWS), read(NEWS, id="a2")]))
    ids = shown.values("id")
    assert len(ids) == len(set(ids))
    links = [link.removeprefix("#") for link in shown.values("href")]
    assert {"a0", "a1", "a1r0"} <= set(links)
    assert {*links, *shown.values("data-record"), *shown.values("data-span")} <= set(ids)
    rows = [attributes["id"] for tag, attributes in shown.elements if tag == "tr" and "id" in attributes]
    assert rows == ["a0r0", "a0r1", "a0r2", "a1r0", "a1r1", "a1r2"]
    first = shown.values("data-span")[:5]
    assert [shown.marks[id] for id in first] == ["14", "жәрмеңке", "өткізілді", "Биыл", "Қосағаш"]


def test_one_article_needs_no_index() -> None:
    tags = [tag for tag, _ in Page(page.render([read(NEWS)])).elements]
    assert "nav" not in tags
    assert "nav" in [tag for tag, _ in Page(page.render([read(NEWS), read(NEWS)])).elements]


def test_nothing_of_a_document_is_markup_or_script() -> None:
    words = HOSTILE.replace("[", "")
    sentence = f"{HOSTILE} [{words}|GPE] ауылында [14 {words}|CARDINAL] [{words}|INDICATOR] [{words}|ACTION] {HOSTILE}"
    document, article = read(sentence, id=HOSTILE, title=HOSTILE)
    labelled = tuple(Marked(start=s.start, end=s.end, label=HOSTILE, score=1.0) for s in article.spans)
    hostile = article.model_copy(update={"warnings": (HOSTILE,), "spans": labelled})
    harmless = Page(page.render([read(NEWS), read("Ауа райы [ашық|GPE].")]))
    for version in (article, hostile):
        shown = Page(page.render([(document, version)] * 2))
        assert shown.texts == [document.text] * 2
        assert {tag for tag, _ in shown.elements} <= {tag for tag, _ in harmless.elements} | {"p"}
        names = {name for _, attributes in shown.elements for name in attributes}
        assert names <= {name for _, attributes in harmless.elements for name in attributes}
        assert all(link.startswith("#") for link in shown.values("href"))
        assert shown.scripts == [(Path(page.__file__).parent / "page.js").read_text("utf-8")]


def test_the_policy_lets_our_script_run_and_no_other() -> None:
    shown = Page(page.render([read(NEWS)]))
    (policy,) = (value for value in shown.values("content") if "script-src" in value)
    digest = b64encode(sha256(shown.scripts[0].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("spans", [[(0, 3), (2, 4)], [(0, 99)], [(2, 2)]])
def test_spans_that_do_not_fit_the_text_are_refused(spans: list[tuple[int, int]]) -> None:
    document = Document("a", "Бір сөз.")
    fitting = build(document, [], MODEL)
    unfit = tuple(Marked(start=start, end=end, label="GPE", score=None) for start, end in spans)
    with pytest.raises(ValueError, match="the span at"):
        page.render([(document, fitting.model_copy(update={"spans": unfit}))])


def test_command_line(tmp_path: Path) -> None:
    text = "Биыл 14 жәрмеңке өтті."
    done = CliRunner().invoke(app, ["extract", "-", "-o", str(tmp_path / "a.html")], input=text)
    assert done.exit_code == 0, done.output
    shown = Page((tmp_path / "a.html").read_text("utf-8"))
    assert shown.texts == [text]
    assert "14" in shown.marks.values()


DRIVER = """
const report = [], value = document.querySelector("a.mark");
function note() {
  const lit = [...document.querySelectorAll(".mark[data-lit]")].map((mark) => [mark.textContent, mark.dataset.lit]);
  report.push([line.textContent.replace(/\\s+/g, " "), lit]);
}
for (const [kind, target] of [["pointerover", value], ["pointerover", document.body], ["focusin", value],
    ["focusout", value], ["click", value], ["pointerover", document.body], ["click", value]]) {
  target.dispatchEvent(new Event(kind, { bubbles: true, cancelable: true }));
  note();
}
const { scrollWidth, clientWidth } = document.documentElement;
parent.postMessage([...report, scrollWidth - clientWidth], "*");
"""
PHONE = """<!doctype html>
<body><iframe src="page.html" width="360" height="740" style="border: 0"></iframe>
<script>onmessage = (event) => document.body.setAttribute("data-report", JSON.stringify(event.data))</script>
</body>"""


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no chromium")
def test_roles_light_up_under_pointer_focus_and_tap_on_a_phone(tmp_path: Path) -> None:
    content = page.render([read(NEWS)])
    content = re.sub(r"<meta http-equiv[^>]*>", "", content).replace("</body>", f"<script>{DRIVER}</script></body>")
    (tmp_path / "page.html").write_text(content, "utf-8")
    (tmp_path / "phone.html").write_text(PHONE, "utf-8")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync --virtual-time-budget=2000"
    command = ["chromium", *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    dom = subprocess.run(
        [*command, f"file://{tmp_path / 'phone.html'}"], capture_output=True, text=True, check=True
    ).stdout
    (report,) = re.findall(r'data-report="([^"]*)"', dom)
    *steps, beyond = json.loads(unescape(report))
    words = "мән: 14 · көрсеткіш: жәрмеңке · әрекет: өткізілді · кезең: Биыл 2025-01-01 … 2025-12-31 · орын: Қосағаш"
    roles = [["Биыл", "кезең"], ["Қосағаш", "орын"], ["14", "мән"], ["жәрмеңке", "көрсеткіш"], ["өткізілді", "әрекет"]]
    lit, dark = [words, roles], ["", []]
    assert steps == [lit, dark, lit, dark, lit, lit, dark]
    assert beyond == 0
