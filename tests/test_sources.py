"""Training data from the network, from datasets and from the cache: what comes is whole, checked and fetched once."""

import hashlib
import io
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from conftest import tiny_recipe
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from pydantic import ValidationError
from rich.console import Console

from annotations.checks import Problem
from annotations.document import Document
from annotations.formats import jsonl
from annotations.labels import default_labels
from models.encoding import WindowEncoder
from models.tokenization import train_tokenizer
from train import huggingface
from train.cache import cache
from train.data import load
from train.dry_run import dry_run
from train.encoded import encode, rows
from train.fingerprint import digests
from train.recipe import Recipe, Source, find, load_recipe
from train.sources import awaited, fetched
from train.tokenised import tokenised

IOB2 = "Сәуле B-PERSON\nКентауда B-GPE\n7 B-CARDINAL\nкөпір O\nкөрді O\n"
QUIET = Console(quiet=True)


@dataclass
class Site:
    """A server on the loopback interface: what it answers, and how often it was asked."""

    content: bytes
    promised: int | None = None
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/files/sentences.iob2"


@pytest.fixture
def site() -> Iterator[Site]:
    answers = Site(IOB2.encode())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(answers.promised or len(answers.content)))
            self.end_headers()
            self.wfile.write(answers.content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answers.port = server.server_address[1]
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield answers
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def empty_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALIMET_CACHE", str(tmp_path_factory.mktemp("empty")))


def recipe(directory: Path, *sources: dict[str, object]) -> Recipe:
    """A recipe that learns from these sources, of which there may be none here."""
    path = tiny_recipe(directory, [], [])
    return load_recipe(path, [f"finetuning.sources={json.dumps(sources)}"])


def downloaded(site: Site, sha256: str | None = None) -> dict[str, object]:
    wanted = sha256 or hashlib.sha256(site.content).hexdigest()
    return {"path": "own/sentences.iob2", "download": {"url": site.url, "sha256": wanted}}


def kept(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_a_file_is_downloaded_once(site: Site, tmp_path: Path) -> None:
    """Into the cache under its checksum; a file where the path says, or one that came before, is not asked for."""
    asks = recipe(tmp_path, downloaded(site))
    (source,) = fetched(asks, QUIET).finetuning.sources
    (document,) = load([source], tmp_path).train
    assert document.text == "Сәуле Кентауда 7 көпір көрді"
    assert find(source, tmp_path).is_relative_to(cache()) and site.asked == ["/files/sentences.iob2"]
    assert digests([source], tmp_path) == {"own/sentences.iob2": hashlib.sha256(site.content).hexdigest()}
    assert fetched(asks, QUIET).model_dump() == asks.model_dump() and len(site.asked) == 1
    find(source, tmp_path).write_text("бұзылған", "utf-8")
    assert find(fetched(asks, QUIET).finetuning.sources[0], tmp_path).read_bytes() == site.content
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sentences.iob2").write_text("Басқа O\n", "utf-8")
    (here,) = fetched(asks, QUIET).finetuning.sources
    assert find(here, tmp_path) == tmp_path / "own" / "sentences.iob2" and len(site.asked) == 2


def test_what_is_not_the_file_is_not_kept(site: Site, tmp_path: Path) -> None:
    whole = site.content
    with pytest.raises(ValueError, match=r"sentences\.iob2: the SHA-256 of what came is [0-9a-f]{64}, and the recipe"):
        fetched(recipe(tmp_path, downloaded(site, "0" * 64)), QUIET)
    asks = recipe(tmp_path, downloaded(site))
    site.content, site.promised = whole[:20], len(whole)
    with pytest.raises((ValueError, OSError), match=r"cut off|cannot be downloaded"):
        fetched(asks, QUIET)
    assert kept(cache()) == []
    site.content = whole
    assert find(fetched(asks, QUIET).finetuning.sources[0], tmp_path).read_bytes() == whole


def test_a_network_that_is_not_there(site: Site, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        site.port = closed.getsockname()[1]
    with pytest.raises(OSError, match=r"http://127.*cannot be downloaded: .*refused"):
        fetched(recipe(tmp_path, downloaded(site)), QUIET)
    assert kept(cache()) == []


def test_a_dry_run_fetches_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, documents: list[Document]
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    hub = {"path": "hf://someone/kazakh", "split": "train"}
    asks = recipe(tmp_path, downloaded(site), {"path": "label-studio://7"}, hub)
    before, paper = kept(tmp_path), io.StringIO()
    dry_run(asks, Console(file=paper, width=200))
    told = paper.getvalue()
    assert f"would be fetched: own/sentences.iob2 from {site.url}" in told
    assert "would be fetched: label-studio://7 from http://127.0.0.1:9" in told
    assert "would be fetched: hf://someone/kazakh train from the Hugging Face hub" in told
    assert kept(tmp_path) == before and kept(cache()) == [] and site.asked == []


def test_what_was_pulled_is_read_again_without_a_server(tmp_path: Path, documents: list[Document]) -> None:
    """A run that goes on learns from the same documents, whatever annotators did meanwhile."""
    asks = recipe(tmp_path, {"path": "label-studio://7"})
    (tmp_path / "run" / "sources").mkdir(parents=True)
    jsonl.write(documents, tmp_path / "run" / "sources" / "label-studio-7.jsonl")
    (source,) = fetched(asks, QUIET).finetuning.sources
    assert awaited(asks) == [] and load([source], tmp_path).train == documents
    elsewhere = fetched(asks, QUIET).model_copy(update={"output": tmp_path / "another"})
    assert find(fetched(elsewhere, QUIET).finetuning.sources[0], tmp_path) == find(source, tmp_path)


def test_a_project_needs_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    with pytest.raises(OSError, match=r"put your access token .* into the variable LABEL_STUDIO_API_KEY"):
        fetched(recipe(tmp_path, {"path": "label-studio://7"}), QUIET)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ({"path": "label-studio://news"}, "is no address of labelled documents"),
        ({"path": "https://example.org/a.iob2"}, "a file on the network has a `path` and a `download`"),
        ({"path": "hf://someone/kazakh"}, "name the `split` of the dataset"),
        ({"path": "label-studio://7", "labels": {"PER": "PERSON"}}, "a project has no splits, and is in our labels"),
        ({"path": "a.iob2", "download": {"url": "http://127.0.0.1/a.iob2"}}, "sha256"),
        ({"path": "a.iob2", "download": {"url": "file:///etc/hosts", "sha256": "0" * 64}}, "url"),
        ({"path": "hf://a/b", "split": "x", "download": {"url": "http://h/f", "sha256": "0" * 64}}, "is an address"),
    ],
)
def test_a_source_that_cannot_be(source: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Source.model_validate(source)


@pytest.mark.parametrize(
    ("path", "split", "title"),
    [
        ("kaznerd/valid.iob2.xz", None, "valid"),
        ("data/set", "train", "set-train"),
        ("label-studio://7", None, "label-studio-7"),
        ("hf://some/one", "train", "some--one--train"),
        ("hf://some/one/kk", "train", "some--one--kk--train"),
    ],
)
def test_a_source_has_a_title(path: str, split: str | None, title: str) -> None:
    assert Source(path=path, split=split).title == title


TOKENS = ["Сәуле", "Кентауда", "7", "көпір", "көрді", "."]
TAGS = ["O", "B-PERSON", "I-PERSON", "B-GPE", "B-CARDINAL"]
NUMBERS = [1, 3, 4, 0, 0, 0]
SENTENCE = "Сәуле Кентауда 7 көпір көрді."
MARKED = [("Сәуле", "PERSON"), ("Кентауда", "GPE"), ("7", "CARDINAL")]


def sentences(*rows: dict[str, object]) -> Dataset:
    features = Features(
        {"id": Value("string"), "tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=TAGS))}
    )
    return Dataset.from_list([{"id": "AID1", "tokens": TOKENS, "ner_tags": NUMBERS}, *rows], features=features)


def marked(document: Document) -> list[tuple[str, str]]:
    return [(document.cut(span), span.label) for span in document.spans]


@pytest.mark.parametrize("form", ["saved", "saved splits", "parquet", "json", "streamed"])
def test_sentences_of_a_dataset(form: str, tmp_path: Path) -> None:
    """Saved to disk, in files that `load_dataset` knows, and streamed to a file, as from the hub."""
    dataset, path, split = sentences({"id": "2", "tokens": ["Жаңбыр"], "ner_tags": [0]}), tmp_path / "set", "train"
    if form == "saved":
        dataset.save_to_disk(path)
    elif form == "saved splits":
        DatasetDict({"train": dataset, "test": sentences()}).save_to_disk(path)
    elif form == "json":
        path.mkdir()
        named = [{**row, "ner_tags": [TAGS[tag] for tag in row["ner_tags"]]} for row in dataset]
        (path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in named), "utf-8")
    else:
        path.mkdir()
        dataset.to_parquet(path / "train-00000-of-00001.parquet")
    if form == "streamed":
        huggingface.stream(str(path), None, "train", tmp_path / "set-train.parquet")
        path = tmp_path / "set-train.parquet"
    named_split = None if form in {"saved", "streamed"} else split
    source = Source.model_validate({"path": path, "split": named_split})
    first, second = load([source], tmp_path).train
    assert (first.id, first.text, marked(first)) == ("AID1", SENTENCE, MARKED)
    assert first.groups == ({"entity", "time", "value"} if form == "json" else {"PERSON", "GPE", "CARDINAL"})
    assert second.id == {"saved": "set:2"}.get(form, "set-train:2") and second.spans == ()


def test_texts_of_a_dataset(tmp_path: Path) -> None:
    """Offsets count code points; labels of another scheme are mapped."""
    text = "😀 Сәуле 7 көпір көрді."
    spans = [{"start": 2, "end": 7, "label": "PER"}, {"start": 8, "end": 9, "label": "NUM"}]
    Dataset.from_list([{"text": text, "spans": spans, "views": 3}]).save_to_disk(tmp_path / "texts")
    source = Source(path="texts", labels={"PER": "PERSON", "NUM": "CARDINAL"})
    (document,) = load([source], tmp_path).train
    assert (document.id, document.text) == ("texts:1", text)
    assert marked(document) == [("Сәуле", "PERSON"), ("7", "CARDINAL")]
    assert document.groups == {"PERSON", "CARDINAL"}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"tokens": ["Жаңбыр"], "ner_tags": [0, 0]}, "AID3, row 2, tokens: there are 1 of them, and 2 tags."),
        ({"tokens": ["Жаң быр"], "ner_tags": [0]}, "AID3, row 2, token 1: 'Жаң быр' is empty or holds white space."),
        ({"tokens": ["Жаңбыр"], "ner_tags": [-1]}, "AID3, row 2, ner_tags: -1 is none of the 5 tags."),
        ({"tokens": ["Жаңбыр"], "ner_tags": [2]}, "I-PERSON goes on with nothing, for O stands before it."),
    ],
)
def test_a_malformed_row_costs_only_itself(row: dict[str, object], why: str, tmp_path: Path) -> None:
    sentences({"id": "AID3", **row}).save_to_disk(tmp_path / "set")
    rejected: list[Problem] = []
    assert len(list(huggingface.read(tmp_path / "set", None, rejected.append))) == 1
    assert str(rejected[0]).endswith(why)


@pytest.mark.parametrize(
    ("span", "why"),
    [
        ({"start": 3, "end": 60, "label": "PERSON"}, "3 to 60 is no stretch of the text of 5 characters"),
        ({"start": 2, "end": 2, "label": "PERSON"}, "2 to 2 is no stretch"),
        ({"start": 0, "end": 5, "label": "HERO"}, "'HERO' is not one of"),
    ],
)
def test_a_malformed_span_costs_only_its_text(span: dict[str, object], why: str, tmp_path: Path) -> None:
    Dataset.from_list([{"text": "Сәуле", "spans": [span]}]).save_to_disk(tmp_path / "set")
    rejected: list[Problem] = []
    assert list(huggingface.read(tmp_path / "set", None, rejected.append)) == []
    assert why in str(rejected[0])


def test_two_sources_with_one_title(tmp_path: Path, documents: list[Document]) -> None:
    """The scores of one would hide those of the other."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        jsonl.write(documents, tmp_path / name / "dev.jsonl")
    with pytest.raises(ValueError, match="several sources with dev documents are called dev"):
        load([Source(path=f"{name}/dev.jsonl", dev=1) for name in ("first", "second")], tmp_path)


def test_a_dataset_without_labelled_documents(tmp_path: Path) -> None:
    Dataset.from_list([{"text": "Жаңбыр жауды.", "views": 3}]).save_to_disk(tmp_path / "set")
    with pytest.raises(ValueError, match="its columns are text, views; labelled documents have tokens and ner_tags"):
        load([Source(path="set")], tmp_path)
    DatasetDict({"train": sentences()}).save_to_disk(tmp_path / "splits")
    with pytest.raises(ValueError, match="the `split` must be one of train"):
        load([Source(path="splits", split="dev")], tmp_path)
    with pytest.raises(ValueError, match="leave `split` out"):
        load([Source(path="set", split="train")], tmp_path)
    (tmp_path / "a.jsonl").touch()
    with pytest.raises(ValueError, match="`split` goes with a dataset, which this is not"):
        load([Source(path="a.jsonl", split="train")], tmp_path)


class Interrupted(list[Document]):
    """Documents whose second reading, the one that cuts them into windows, ends like a process that is killed."""

    readings = 0

    def __iter__(self) -> Iterator[Document]:
        self.readings += 1
        for number, document in enumerate(super().__iter__()):
            if self.readings == 2 and number == 2:
                raise KeyboardInterrupt
            yield document


def test_documents_are_tokenised_once(documents: list[Document]) -> None:
    """The rows are those that `rows` gives, on disk, whole or absent, and again only for what changes them."""
    labels = default_labels()
    encoder = WindowEncoder(train_tokenizer([document.text for document in documents], vocab_size=200), size=16)
    with pytest.raises(KeyboardInterrupt):
        tokenised(Interrupted(documents), encoder, labels, every_piece=False)
    first = tokenised(documents, encoder, labels, every_piece=False)
    assert list(first) == list(rows(encode(documents, encoder, labels), every_piece=False))
    (file,) = (Path(each["filename"]) for each in first.cache_files)
    written = file.stat().st_mtime_ns
    again = tokenised([replace(document) for document in documents], encoder, labels, every_piece=False)
    assert again.cache_files == first.cache_files and file.stat().st_mtime_ns == written
    others = [
        tokenised(documents[1:], encoder, labels, every_piece=False),
        tokenised([replace(documents[0], spans=()), *documents[1:]], encoder, labels, every_piece=False),
        tokenised(
            [replace(documents[0], groups=frozenset({"GPE"})), *documents[1:]], encoder, labels, every_piece=False
        ),
        tokenised(documents, encoder, labels, every_piece=True),
        tokenised(documents, WindowEncoder(encoder.tokenizer, size=12), labels, every_piece=False),
    ]
    assert len({other.cache_files[0]["filename"] for other in [first, *others]}) == 6
