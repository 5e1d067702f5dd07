"""The service answers programs and people, keeps its limits, and lets no text and no key out."""

import asyncio
import json
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from test_page import HOSTILE, Page
from typer.testing import CliRunner

from infer.extractor import Extractor
from infer.middleware import NO_ANSWER
from infer.protocol import MAX_DOCUMENTS, Articles
from infer.readers import LONGEST
from infer.records import Article, Reading
from infer.reloading import Model, ReloadingModel
from infer.service import MAX_BODY, Limits, Service
from malimet.cli import app

TEXT = "😀 Биыл Қордайда 14 жәрмеңке өтіп,\r\n\r\nоған 300-ден астам шаруа қатысты."
KEY = "қарағай-7719"
BEARER = {"Authorization": f"Bearer {KEY}".encode()}
JSON = {"content-type": "application/json"}


@contextmanager
def running(service: Service) -> Iterator[TestClient]:
    """A client of a service whose model is loaded."""
    with TestClient(service.app()) as client:
        while client.get("/ready").json().get("detail") == "the model is being loaded":
            time.sleep(0.01)
        yield client


@pytest.fixture(scope="module")
def models() -> ReloadingModel:
    return ReloadingModel(threads=1)


@pytest.fixture(scope="module")
def client(models: ReloadingModel) -> Iterator[TestClient]:
    with running(Service(lambda: models)) as client:
        yield client


@pytest.fixture(scope="module")
def guarded(models: ReloadingModel) -> Iterator[TestClient]:
    with running(Service(lambda: models, key=KEY)) as client:
        yield client


class Odd(Extractor):
    """An extractor that fails at one text, with a message that quotes it, and waits at another for `gate`."""

    gate: threading.Event
    begun: threading.Event

    def readings(self, documents: Any, **fields: Any) -> Iterator[Reading]:
        for document in documents:
            if document.text.startswith("Құпия"):
                raise RuntimeError(document.text)
            if document.text.startswith("Күт"):
                self.begun.set()
                assert self.gate.wait(20)
        return super().readings(documents, **fields)


class OddModel(ReloadingModel):
    """A model directory that is read with Odd."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        self.odd = Odd.load(threads=1)
        self.odd.gate, self.odd.begun = threading.Event(), threading.Event()

    def latest(self) -> Model:
        return Model(self.odd, "v1")


def metric(client: TestClient, name: str) -> float:
    """The value of a counter, or the sum over its labels."""
    found = re.findall(rf"^{re.escape(name)}(?:{{.*}})? (\S+)$", client.get("/metrics").text, re.MULTILINE)
    return sum(map(float, found))


def until(client: TestClient, name: str, value: float) -> None:
    """Wait for the value of a counter."""
    for _ in range(2000):
        if metric(client, name) == value:
            return
        time.sleep(0.005)
    raise AssertionError(f"{name} is {metric(client, name)}, not {value}")


def test_one_document_has_the_bytes_of_the_command_line(client: TestClient, models: ReloadingModel) -> None:
    extractor = models.loaded.extractor
    for document, article in [
        ({"text": TEXT}, extractor.extract(TEXT)),
        (
            {"text": TEXT, "id": "a1", "published": "2025-02-14", "title": "Жәрмеңке"},
            extractor.extract(TEXT, id="a1", published="2025-02-14", title="Жәрмеңке"),
        ),
        ({"text": TEXT, "id": 7, "title": None, "url": "ignored"}, extractor.extract(TEXT, id="7")),
        ({"text": ""}, extractor.extract("")),
    ]:
        answer = client.post("/extract", json=document)
        assert answer.status_code == 200
        assert answer.content.decode() == article.model_dump_json(by_alias=True) + "\n"
    for span in client.post("/extract", json={"text": TEXT}).json()["metrics"]:
        assert TEXT[span["value"]["start"] : span["value"]["end"]] == span["value"]["text"]


def test_several_documents_come_back_in_order_and_a_bad_one_costs_only_itself(client: TestClient) -> None:
    documents = [
        {"id": "a", "text": TEXT},
        {"id": "b", "text": TEXT, "published": "кеше"},
        {"text": TEXT},
        "text",
        {"id": "a", "text": TEXT},
        {"id": "", "text": TEXT},
        {"id": "c", "text": None},
        {"id": "d", "text": "а" * (LONGEST + 1)},
        {"id": "e", "text": "бір\ud800"},
        {"id": "f", "text": "екі\0"},
        {"id": "g", "text": ""},
    ]
    answer = client.post("/extract", content=json.dumps({"documents": documents}), headers=JSON)
    assert answer.status_code == 200
    found = Articles.model_validate_json(answer.content)
    assert [article.id for article in found.articles] == ["a", "2", "g"]
    assert [len(article.metrics) for article in found.articles] == [2, 2, 0]
    assert [(reject.index, reject.document, reject.where) for reject in found.rejects] == [
        (1, "b", "published"),
        (3, "3", "document"),
        (4, "a", "id"),
        (5, "5", "id"),
        (6, "c", "text"),
        (7, "d", "text"),
        (8, "e", "text"),
        (9, "f", "text"),
    ]
    assert found.rejects[5].why == "it has 200,001 characters, and no article more than 200,000: split it"
    assert client.post("/extract", json={"documents": []}).json() == {"articles": [], "rejects": []}


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"", 400, "the body: Field required"),
        (b'{"text": ', 400, "the body is not JSON: see character 9"),
        (b"\xff\xfe", 400, ""),
        (b"[" * 100_000, 400, ""),
        (b"[]", 422, "text, document: it is not a JSON object."),
        (b"3", 422, "text, document: it is not a JSON object."),
        (b"{}", 422, "text, text: Field required."),
        (b'{"id": "a9"}', 422, "a9, text: Field required."),
        (b'{"id": "a\\ud800", "text": ""}', 422, "a?, id: "),
        (b'{"id": "a\\ud800", "text": "", "title": "\\ud800", "published": "\\ud800"}', 422, "a?, id: "),
        (b'{"text": "", "published": "\\ud800"}', 422, "text, published: '\\ud800' is not an ISO date."),
        (b'{"documents": [{"id": "\\ud800"}]}', 200, None),
        (b'{"id": "a9", "text": 5}', 422, "a9, text: Input should be a valid string."),
        (b'{"id": ["a9"], "text": ""}', 422, "text, id: "),
        (b'{"id": "a9", "text": "", "published": "14.02"}', 422, "a9, published: '14.02' is not an ISO date."),
        (json.dumps({"id": "a9", "text": "ә" * (LONGEST + 1)}).encode(), 422, "a9, text: it has 200,001 characters"),
        (b'{"documents": {}}', 422, "documents: it is not a list"),
        (json.dumps({"documents": [0] * (MAX_DOCUMENTS + 1)}).encode(), 413, "there are 257 documents, and 256"),
        (b" " * (MAX_BODY + 1), 413, "the body is larger than 8,388,608 bytes"),
    ],
)
def test_refusals(client: TestClient, body: bytes, status: int, why: str | None) -> None:
    answer = client.post("/extract", content=body, headers=JSON)
    assert answer.status_code == status
    assert why is None or answer.json()["detail"].startswith(why)


def test_other_bodies_and_routes(client: TestClient) -> None:
    def stream() -> Iterator[bytes]:
        for _ in range(MAX_BODY // 2**20 + 1):
            yield b" " * 2**20

    assert client.post("/extract", content=stream(), headers=JSON).status_code == 413
    assert client.post("/extract", content=b'{"text": ""}', headers={"content-type": "text/plain"}).status_code == 422
    assert client.get("/extract").status_code == 405
    assert client.get("/құпия").status_code == 404
    assert (
        "access-control-allow-origin" not in client.post("/extract", json={"text": ""}, headers={"Origin": "x"}).headers
    )


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([TEXT, "\udfff"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "text", "published", "title", "documents"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(max_examples=80)
@given(st.fixed_dictionaries({"documents": st.lists(VALUES, max_size=4)}) | VALUES)
def test_no_json_breaks_an_answer(client: TestClient, body: Any) -> None:
    answer = client.post("/extract", content=json.dumps(body), headers=JSON)
    assert answer.status_code in (200, 422)
    if answer.status_code == 200 and "documents" in body:
        found = Articles.model_validate_json(answer.content)
        assert len(found.articles) + len(found.rejects) == len(body["documents"])


def test_health_and_readiness_while_the_model_loads(models: ReloadingModel) -> None:
    gate = threading.Event()

    def load() -> ReloadingModel:
        assert gate.wait(20)
        return models

    service = Service(load)
    with TestClient(service.app()) as client:
        assert client.get("/health").json() == {"status": "up"}
        for answer in (client.get("/ready"), client.post("/extract", json={"text": TEXT})):
            assert (answer.status_code, answer.json()["detail"]) == (503, "the model is being loaded")
            assert answer.headers["Retry-After"] == "5"
        assert client.post("/", data={"text": TEXT}).status_code == 503
        gate.set()
        while client.get("/ready").status_code == 503:
            time.sleep(0.01)
        assert client.get("/ready").json()["model"]["name"] == "malimet-small"


def test_more_documents_than_a_batch_holds(client: TestClient) -> None:
    documents = [{"text": f"Қордайда {number} мектеп салынды."} for number in range(10, 90)]
    found = client.post("/extract", json={"documents": documents}).json()
    assert [article["metrics"][0]["number"] for article in found["articles"]] == list(range(10, 90))


def test_who_may_ask(guarded: TestClient) -> None:
    for method, path, without in [
        ("GET", "/health", 200),
        ("GET", "/ready", 200),
        ("GET", "/", 200),
        ("POST", "/", 401),
        ("POST", "/extract", 401),
        ("GET", "/metrics", 401),
        ("GET", "/openapi.json", 401),
        ("GET", "/nowhere", 401),
    ]:
        assert guarded.request(method, path).status_code == without
        assert guarded.request(method, path, headers={"Authorization": "Bearer guess"}).status_code == without
    assert guarded.post("/extract", content=b" " * (MAX_BODY + 1)).status_code == 401  # and it is not read
    assert guarded.post("/extract").headers["WWW-Authenticate"].startswith("Bearer")
    assert guarded.post("/extract", json={"text": TEXT}, headers=BEARER).status_code == 200
    assert guarded.get("/metrics", headers=BEARER).status_code == 200
    paths = guarded.get("/openapi.json", headers=BEARER).json()["paths"]
    assert {path for path, operations in paths.items() if "security" in str(operations)} == {"/extract", "/metrics"}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", f"Basic {KEY}", f"Bearer {KEY}1", KEY, "Bearer \xff"])
def test_headers_that_hold_no_key(guarded: TestClient, header: str) -> None:
    answer = guarded.post("/extract", json={"text": TEXT}, headers={b"Authorization": header.encode()})
    assert answer.status_code == 401


def test_the_page_asks_for_the_key_and_keeps_the_text(guarded: TestClient) -> None:
    assert 'name="key"' in guarded.get("/").text
    refused = guarded.post("/", data={"text": TEXT, "key": "guess"})
    assert refused.status_code == 401
    assert "Кілт дұрыс емес." in refused.text
    assert "жәрмеңке" in refused.text
    answer = guarded.post("/", data={"text": TEXT, "key": KEY})
    assert answer.status_code == 200
    assert KEY not in answer.text + refused.text
    assert "14" in Page(answer.text).marks.values()


def test_a_document_that_the_model_fails_at_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    with running(Service(OddModel)) as client:
        documents = [{"text": TEXT}, {"id": "s", "text": "Құпия 14 сөз"}, {"text": TEXT}]
        found = client.post("/extract", json={"documents": documents}).json()
        assert [article["id"] for article in found["articles"]] == ["0", "2"]
        why = "the model failed at it, by a fault of the server"
        assert found["rejects"] == [{"document": "s", "index": 1, "where": "text", "why": why}]
        answer = client.post("/extract", json=documents[1])
        assert (answer.status_code, answer.json()["detail"]) == (500, f"s, text: {why}.")
        assert client.post("/", data={"text": "Құпия"}).status_code == 500
        assert metric(client, 'malimet_documents_total{outcome="rejected"}') == 3
    assert "a document could not be read: RuntimeError in test_service.py, line " in caplog.text
    assert "Құпия" not in caplog.text


def test_a_full_queue_and_a_request_that_takes_too_long() -> None:
    models = OddModel()
    with (
        running(Service(lambda: models, limits=Limits(seconds=1.5, queue=2))) as client,
        ThreadPoolExecutor() as threads,
    ):
        slow = threads.submit(client.post, "/extract", json={"text": "Күт"})
        assert models.odd.begun.wait(20)
        waiting = threads.submit(client.post, "/extract", json={"documents": [{"text": TEXT}, {"text": TEXT}]})
        until(client, "malimet_queue_documents", 2)
        for answer in (client.post("/extract", json={"text": TEXT}), client.post("/", data={"text": TEXT})):
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
        assert "2 documents wait already" in answer.text
        assert client.get("/health").status_code == 200
        for answer in (slow.result(), waiting.result()):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert answer.json()["detail"].startswith("it took longer than 1.5 seconds")
        assert metric(client, "malimet_queue_documents") == 0
        models.odd.gate.set()
        assert client.post("/extract", json={"text": TEXT}).status_code == 200
        assert client.post("/extract", json={"documents": [{"text": ""}] * 3}).status_code == 413


def test_a_client_that_goes_away_costs_nothing_further() -> None:
    models = OddModel()
    service = Service(lambda: models)
    application = service.app()
    sent: list[Any] = []

    async def ask(body: bytes, gone: asyncio.Event) -> None:
        parts = [{"type": "http.request", "body": body}]

        async def receive() -> Any:
            if not parts:
                await gone.wait()
            return parts.pop() if parts else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/extract", "query_string": b""}
        headers = [(b"content-type", b"application/json")]
        await application({**scope, "headers": headers}, receive, send)

    with running(service) as client, ThreadPoolExecutor() as threads:
        assert client.portal
        gone = client.portal.call(asyncio.Event)
        slow = threads.submit(client.post, "/extract", json={"text": "Күт"})
        assert models.odd.begun.wait(20)
        leaving = client.portal.start_task_soon(ask, json.dumps({"documents": [{"text": TEXT}] * 9}).encode(), gone)
        until(client, "malimet_queue_documents", 9)
        client.portal.call(gone.set)
        leaving.result(timeout=20)
        assert metric(client, "malimet_queue_documents") == 0
        assert sent[0]["status"] == NO_ANSWER
        models.odd.gate.set()
        assert slow.result().status_code == 200
        assert metric(client, "malimet_documents_total") == 1


def test_while_it_shuts_down(models: ReloadingModel) -> None:
    service = Service(lambda: models)
    with running(service) as client:
        service.progress.draining = True
        assert client.get("/health").status_code == 200
        assert client.get("/metrics").status_code == 200
        for answer in (client.get("/ready"), client.post("/extract", json={"text": TEXT}), client.get("/")):
            assert (answer.status_code, answer.json()["detail"]) == (503, "the server is shutting down")
            assert answer.headers["Retry-After"] == "5"


def test_counters(models: ReloadingModel) -> None:
    with running(Service(lambda: models)) as client:
        client.post("/extract", json={"text": "Биыл 14 жәрмеңке өтті."})
        client.post("/extract", json={"documents": [{"text": "бір екі"}, {"text": "үш"}, {"text": 4}]})
        client.post("/extract", json={})
        client.get(f"/{KEY}")
        assert metric(client, 'malimet_requests_total{route="/extract",status="200"}') == 2
        assert metric(client, 'malimet_requests_total{route="/extract",status="422"}') == 1
        assert metric(client, 'malimet_requests_total{route="(another path)",status="404"}') == 1
        assert metric(client, 'malimet_request_seconds_count{route="/extract"}') == 3
        assert metric(client, 'malimet_documents_total{outcome="read"}') == 3
        assert metric(client, "malimet_words_total") == 7
        assert metric(client, "malimet_batch_documents_sum") == 3
        assert metric(client, "malimet_requests_in_progress") == 0
        assert metric(client, "process_resident_memory_bytes") > 0
        content = client.get("/metrics")
        assert content.headers["content-type"].startswith("text/plain; version=")
        assert KEY not in content.text


def test_no_key_and_no_text_is_logged(guarded: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for headers in (BEARER, {"Authorization": f"Bearer {KEY}1".encode()}):
        for body in (json.dumps({"text": TEXT, "id": "сыр"}), f'{{"text": "{TEXT}', json.dumps({"text": [TEXT]})):
            guarded.post(f"/extract?key={KEY}", content=body, headers=JSON | headers)
            guarded.post("/", data={"text": TEXT, "key": KEY}, headers=headers)
            guarded.post(f"/{KEY}", content=body, headers=headers)
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]  # that is the client's log
    logged = "\n".join(logging.Formatter().format(record) for record in ours)
    assert {line.rsplit(" ", 2)[0] for line in logged.splitlines() if line.startswith("POST")} == {
        "POST / 200",
        *(f"POST /extract {status}" for status in (200, 400, 401, 422)),
        *(f"POST (another path) {status}" for status in (401, 404)),
    }
    for secret in (KEY, "жәрмеңке", "сыр", KEY.encode().hex()):
        assert secret not in logged


def test_the_page_shows_the_article_as_it_was_pasted(client: TestClient) -> None:
    empty = client.get("/")
    assert empty.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert not Page(empty.text).texts
    answer = client.post("/", data={"text": TEXT, "published": "2025-02-14"})
    assert answer.status_code == 200
    shown = Page(answer.text)
    assert shown.texts == [TEXT.replace("\r\n", "\n")]
    assert {"14", "300-ден астам"} <= set(shown.marks.values())
    assert "2025-02-14" in shown.values("value")
    (policy,) = (value for value in shown.values("content") if "script-src" in value)
    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'self'; ")
    assert not [
        value for name in ("href", "src", "action") for value in shown.values(name) if not value.startswith("#")
    ]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422),
        ({"text": " \r\n"}, 422),
        ({"text": TEXT, "published": "кеше"}, 422),
        ({"text": TEXT, "published": HOSTILE}, 422),
        ({"text": "а" * (LONGEST + 1)}, 422),
        ({"text": "бір\0"}, 422),
        ({"text": HOSTILE}, 200),
        ({"text": f"\n\n{TEXT}"}, 200),
    ],
)
def test_what_a_form_may_hold(client: TestClient, fields: dict[str, str], status: int) -> None:
    answer = client.post("/", data=fields)
    assert answer.status_code == status
    shown = Page(answer.text)
    assert ("alert" in shown.values("role")) == (status == 422)
    assert len(shown.scripts) == 1
    assert not {"img", "onerror"} & {tag for tag, _ in shown.elements}
    if status == 200:
        assert shown.texts == [fields["text"].replace("\r\n", "\n")]


def test_bodies_that_are_no_form(client: TestClient) -> None:
    for content in (b"\xff\xfe", b"%ff%fe=%00&text", b"text", b"&" * 5000, json.dumps({"text": TEXT}).encode()):
        assert client.post("/", content=content).status_code == 422
    assert client.post("/", content=b"text=%ff14").status_code == 200


def test_the_documentation_holds_what_is_answered(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {"/extract", "/health", "/ready", "/metrics"}
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert all(operation["description"] for operation in operations)
    extract = schema["paths"]["/extract"]["post"]
    assert set(extract["responses"]) == {"200", "400", "401", "413", "422", "429", "500", "503"}
    requests = extract["requestBody"]["content"]["application/json"]["examples"]
    answers = extract["responses"]["200"]["content"]["application/json"]["examples"]
    for name, kind in (("one", Article), ("many", Articles)):
        answer = client.post("/extract", json=requests[name]["value"])
        assert answer.status_code == 200
        kind.model_validate(answers[name]["value"])
        assert without_scores(answer.json()) == without_scores(answers[name]["value"])


def without_scores(value: Any) -> Any:
    """An answer without what depends on the model's version: scores, their reasons, its name."""
    if isinstance(value, dict):
        return {name: without_scores(each) for name, each in value.items() if name not in ("score", "how", "model")}
    return [without_scores(each) for each in value] if isinstance(value, list) else value


def test_a_missing_extra_is_named() -> None:
    for module in ("fastapi", "prometheus_client"):
        program = f"import sys; sys.modules[{module!r}] = None; from malimet.cli import app; app(['serve'])"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.returncode == 2
        assert "malimet: serving needs the `serve` extra: pip install 'malimet[serve]'" in done.stderr


def test_where_it_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MALIMET_API_KEY", raising=False)

    def serve(*options: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["serve", *options])
        return done.exit_code, done.output

    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, output = serve("--host", "0.0.0.0", "--port", port)
        assert code == 2
        assert "warning: whoever reaches 0.0.0.0 may have texts read: set MALIMET_API_KEY" in output
        assert f"malimet: cannot listen on 0.0.0.0:{port}: " in output
        monkeypatch.setenv("MALIMET_API_KEY", KEY)
        assert "warning" not in serve("--host", "0.0.0.0", "--port", port)[1]
    code, output = serve("--port", "0", "--model", str(tmp_path))
    assert code == 2
    assert f"malimet: {tmp_path}" in output or "No such file" in output
