"""What must hold for any input, one function a target: each takes bytes and raises where a promise is broken.

A text is the bytes as UTF-8; bytes that are none become lone surrogates, as in `os.fsdecode`, so that these occur too.
"""

import io
import json
import math
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from annotations.checks import Problem
from annotations.document import Document, Span
from annotations.formats import brat, conll, factrueval, jsonl, label_studio
from infer import charsets, headers, names, numbers, periods
from infer.extractor import Extractor, unread
from infer.readers import stream
from infer.records import ModelName, build
from infer.rows import READERS, Columns
from models.checkpoint import Checkpoint
from models.decoding import decode
from models.sentences import split

Check = Callable[[bytes], None]


DAY = date(2025, 2, 14)
LABELS = ("PERSON", "GPE", "ORGANISATION", "ADAGE", "CONTACT")


def text_of(data: bytes) -> str:
    """The text that some bytes stand for."""
    return data.decode("utf-8", "surrogateescape")


def _holds(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(promise)


# The grammars


def read_number(data: bytes) -> None:
    """Numbers are finite and ranges ascend."""
    text = text_of(data)
    found = numbers.parse(text)
    if found:
        _holds(found.value.is_finite() and (found.high is None or found.high > found.value), f"a number: {found}")
    numbers.read_bound(text)


def read_period(data: bytes) -> None:
    """Intervals are whole days in order, which Interval itself sees to; the same text gives the same days."""
    text = text_of(data)
    for published in (None, DAY, date.min, date.max):
        periods.resolve(text, published)


def read_names(data: bytes) -> None:
    """Each mention has a nominative in its words, and lies in one cluster."""
    mentions = [(text, label) for text in text_of(data).split("|") for label in LABELS]
    clusters = names.merge(mentions)
    _holds(len(clusters) == len(mentions), "one cluster a mention")
    _holds(set(clusters) == set(range(len(set(clusters)))), "clusters are numbered without gaps")
    for text, label in mentions:
        _holds(names.nominative(text, label) in " ".join(text.split()), "a nominative is a part of the mention")
    for cluster in set(clusters):
        names.fullest([mention for mention, own in zip(mentions, clusters, strict=True) if own == cluster])


def read_headers(data: bytes) -> None:
    """Lines that date an article lie in it, in order."""
    text = text_of(data)
    edges = [edge for line in headers.header_lines(text) for edge in line]
    _holds(edges == sorted(edges) and (not edges or edges[-1] <= len(text)), "header lines lie in the text")
    headers.publication_date(text)


# The model's input and output


def cut_sentences(data: bytes) -> None:
    """Sentences are trimmed, in order, and leave nothing but white space out."""
    text = text_of(data)
    end = 0
    for start, stop in split(text):
        _holds(end <= start < stop and not text[end:start].strip(), "sentences cover the text")
        _holds(text[start:stop] == text[start:stop].strip(), "sentences are trimmed")
        end = stop
    _holds(not text[end:].strip(), "the last sentence ends the text")


def encode_and_decode(data: bytes) -> None:
    """Windows leave nothing unread, and spans from any logits lie on words, in order, apart from each other."""
    checkpoint, text = _checkpoint(), data.decode(errors="ignore")
    windows = checkpoint.encoder.encode(text)
    _holds(unread(text, windows) == 0, "every character is read")
    decided = [window.words[position] for window in windows for position in window.decided]
    _holds(decided == sorted(set(decided)), "every word is decided once")
    chance = np.random.default_rng(len(data) + sum(data))
    logits = [chance.normal(size=(len(window.ids), len(checkpoint.tags))).astype(np.float32) for window in windows]
    spans = decode(windows, logits, checkpoint.tags)
    _check_spans(spans, text)
    starts, ends = ({word[edge] for window in windows for word in window.words} for edge in (0, 1))
    _holds(all(span.start in starts and span.end in ends for span in spans), "spans begin and end with words")


def build_records(data: bytes) -> None:
    """Whatever spans the network finds, records quote the text at their offsets and are JSON."""
    text = data.decode(errors="ignore")
    tags = _checkpoint().tags[1::2]
    spans, end = [], 0
    for number, byte in enumerate(data[:200]):
        start = end + byte % 7
        end = start + 1 + byte // 16
        if end > len(text):
            break
        spans.append(Span(start, end, tags[(byte + number) % len(tags)].removeprefix("B-"), 0.5))
    _check_article(build(Document("a", text, published="2025-02-14"), spans, ModelName(name="a", version="1"), 0), text)


def extract(data: bytes) -> None:
    """From text to records: all of it."""
    text = data.decode(errors="ignore")
    article = _extractor().extract(text, published="2025-02-14")
    _holds(article.unread == 0, "every character is read")
    _check_article(article, text)


def _check_article(article: Any, text: str) -> None:
    _check_spans(article.spans, text)
    _check_quotes(json.loads(article.model_dump_json(by_alias=True)), text)


def _check_spans(spans: Sequence[Any], text: str) -> None:
    edges = [edge for span in spans for edge in (span.start, span.end)]
    _holds(edges == sorted(edges) and all(span.start < span.end <= len(text) for span in spans), "spans are in order")


def _check_quotes(value: Any, text: str) -> None:
    """All that tells a text and its place tells the text at that place."""
    if isinstance(value, dict):
        if value.keys() >= {"text", "start", "end"}:
            _holds(text[value["start"] : value["end"]] == value["text"], f"the text at its place: {value}")
        for inner in value.values():
            _check_quotes(inner, text)
    elif isinstance(value, list):
        for inner in value:
            _check_quotes(inner, text)
    elif isinstance(value, float):
        _holds(math.isfinite(value), "numbers are finite")


# Files of articles and of labelled documents


def decode_bytes(data: bytes) -> None:
    """A stream is decoded as the whole of its bytes is; what is no text in its encoding stays none."""
    short = data[: charsets.PIECE]
    try:
        whole = charsets.decode(short, charsets.detect(short))
    except UnicodeDecodeError:
        whole = None
    try:
        streamed = charsets.as_utf8("", io.BytesIO(short)).read()
    except EOFError:
        _holds(whole is None, "half a character is at the end")
        return
    try:
        _holds(streamed.decode() == whole, "streams and files are decoded alike")
    except UnicodeDecodeError:
        _holds(whole is None, "a text is decoded")


def articles_of(suffix: str) -> Check:
    """Documents of a file of articles, and sentences for what cannot be read."""

    def check(data: bytes) -> None:
        path = _folder() / f"articles{suffix}"
        path.write_bytes(data)
        ids = set()
        for item in stream([str(path)], Columns(html=suffix == ".html")):
            if isinstance(item, Problem):
                str(item).encode()
                continue
            _holds(item.id not in ids and bool(item.id), "ids are told apart")
            ids.add(item.id)
            for told in (item.id, item.text, item.title or ""):
                told.encode()
            if item.published:
                date.fromisoformat(item.published)
            if suffix == ".txt":
                codecs = (*charsets.NAMES, "utf-8-sig")
                _holds(any(_same(item.text, codec, data) for codec in codecs), "a text is its file's")

    return check


def _same(text: str, codec: str, data: bytes) -> bool:
    try:
        if codec == "utf-16":
            return data[2:] == text.encode("utf-16-le" if data.startswith(b"\xff\xfe") else "utf-16-be")
        return text.encode(codec) == data
    except UnicodeEncodeError:
        return False


def labelled_in(format: Any, suffix: str) -> Check:
    """Labelled documents have sound spans, and those in our formats come back as they were written."""

    def check(data: bytes) -> None:
        path = _folder() / f"labelled{suffix}"
        path.write_bytes(data)
        documents = _labelled(format, path)
        if format not in (jsonl, label_studio, conll):
            return
        try:
            format.write(documents, path)
        except Problem:
            _holds(format is conll, "what was read can be written")  # columns cannot hold it, and say so
            return
        _holds(_labelled(format, path) == documents, "what was written is read")

    return check


def standoff_in(format: Any, *suffixes: str) -> Check:
    """Labelled documents that are several files, here the bytes between NULs."""

    def check(data: bytes) -> None:
        folder = _folder() / f"standoff{suffixes[0]}"
        folder.mkdir(exist_ok=True)
        for suffix, content in zip(suffixes, data.split(b"\0", len(suffixes) - 1), strict=False):
            (folder / f"a{suffix}").write_bytes(content)
        _labelled(format, folder)

    return check


def _labelled(format: Any, path: Path) -> list[Document]:
    problems: list[Problem] = []
    documents = list(format.read(path, problems.append))
    for problem in problems:
        str(problem).encode(errors="surrogatepass")
    for document in documents:
        document.text.encode()
        sound = all(0 <= span.start < span.end <= len(document.text) for span in document.spans)
        _holds(sound, "spans lie in their text")
    return documents


# The server


def predict(data: bytes) -> None:
    """No body of a request is a fault of the server's; regions lie where they say."""
    for route in ("/predict", "/webhook"):
        answer = _client().post(route, content=data, headers={"content-type": "application/json"})
        _holds(answer.status_code < 500, f"{route} answers {answer.status_code}")
        if route == "/predict" and answer.status_code == 200:
            for task, prediction in zip(json.loads(data)["tasks"], answer.json()["results"], strict=True):
                for region in prediction["result"]:
                    if region["type"] == "labels":
                        _check_quotes(region, next(text for text in task["data"].values() if isinstance(text, str)))


@cache
def _folder() -> Path:
    return Path(_TEMPORARY.name)


_TEMPORARY = TemporaryDirectory()


@cache
def _checkpoint() -> Checkpoint:
    return Checkpoint.open()


@cache
def _extractor() -> Extractor:
    return Extractor.load(threads=1)


@cache
def _client() -> Any:
    from fastapi.testclient import TestClient

    from infer.backend import app
    from infer.reloading import ReloadingModel

    return TestClient(app(ReloadingModel(threads=1)))


TARGETS: dict[str, Check] = {
    "numbers": read_number,
    "periods": read_period,
    "names": read_names,
    "headers": read_headers,
    "sentences": cut_sentences,
    "encoder and decoder": encode_and_decode,
    "records": build_records,
    "extractor": extract,
    "encodings": decode_bytes,
    **{f"articles {suffix}": articles_of(suffix) for suffix in (*READERS, ".jsonl.gz", ".csv.xz", ".jsonl.zst")},
    "labelled .jsonl": labelled_in(jsonl, ".jsonl"),
    "labelled .json": labelled_in(label_studio, ".json"),
    "labelled .iob2": labelled_in(conll, ".iob2"),
    "labelled .ann": standoff_in(brat, ".txt", ".ann"),
    "labelled .objects": standoff_in(factrueval, ".txt", ".spans", ".objects"),
    "HTTP body": predict,
}
del TARGETS["articles .htm"]  # read as .html
