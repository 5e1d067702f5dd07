"""The ML backend answers Label Studio's requests, takes new models up, and lets no secret out."""

import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.formats import label_studio
from infer.backend import MAX_BODY, MAX_EVENT, MAX_TASKS, app
from infer.extractor import Extractor
from infer.records import Article
from infer.reloading import Model, ReloadingModel
from models.checkpoint import DEFAULT
from train.jobs import TrainingQueue

TEXT = "😀 Жыл басынан бері Қордайда 14 жәрмеңке өтіп, оған 300-ден астам шаруа қатысты."
TOKEN = "b1946ac92492d2347c6235b4d2611184deadbeef"
PASSWORD = "tarbagatay-2210"
AUTH = ("label-studio", PASSWORD)
JSON = {"content-type": "application/json"}
OTHER_CONFIG = """<?xml version="1.0"?><View>
  <Header value="$title"/><Text name="article" value="$body"/><Text name="note" value="a fixed note"/>
  <Labels name="about-note" toName="note"><Label value="CARDINAL"/></Labels>
  <Labels name="marks" toName="article"><Label value="Сан" alias="CARDINAL"/><Label value="INDICATOR"/></Labels>
</View>"""
BOMB = '<!DOCTYPE v [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><View><Text name="t" value="$text"/>&b;</View>'


@pytest.fixture(scope="module")
def models() -> ReloadingModel:
    return ReloadingModel(threads=1)


@pytest.fixture(scope="module")
def client(models: ReloadingModel) -> Iterator[TestClient]:
    with TestClient(app(models)) as client:
        yield client


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[TrainingQueue]:
    queue = TrainingQueue([sys.executable, "-c", "print('fitted')"], tmp_path / "runs")
    yield queue
    queue.close()


def task(text: str = TEXT, id: object = 1) -> dict[str, object]:
    return {"id": id, "data": {"text": text}, "project": 7}


def predict(client: TestClient, *tasks: object, **fields: object) -> list[Any]:
    body = json.dumps({"tasks": tasks, "project": "7.1795000000", **fields})
    answer = client.post("/predict", content=body, headers=JSON)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def regions(prediction: dict[str, Any]) -> dict[str, str]:
    """The words under each region by its id; that they lie where the offsets say is checked on the way."""
    spans = [item for item in prediction["result"] if item["type"] == "labels"]
    for span in spans:
        assert TEXT[span["value"]["start"] : span["value"]["end"]] == span["value"]["text"]
    return {span["id"]: span["value"]["text"] for span in spans}


def test_health_setup_and_versions(client: TestClient, models: ReloadingModel) -> None:
    version = models.loaded.version
    assert version.startswith("malimet-small-")
    expected = {"status": "UP", "model_version": version, "hints": 0}
    assert (client.get("/health").json(), client.get("/").json()) == (expected, expected)
    assert client.post("/setup", json={"project": "7.1", "schema": "<View/>"}).json() == {"model_version": version}
    assert client.get("/versions").json() == {"versions": [version]}


def test_predictions(client: TestClient, models: ReloadingModel) -> None:
    (prediction,) = predict(client, task())
    assert prediction["model_version"] == models.loaded.version
    assert {(item["from_name"], item["to_name"]) for item in prediction["result"] if item["type"] == "labels"} == {
        ("label", "text")
    }
    scores = [item["score"] for item in prediction["result"] if item["type"] == "labels"]
    assert prediction["score"] == pytest.approx(sum(scores) / len(scores), abs=1e-4)
    words = regions(prediction)
    assert {"14", "жәрмеңке", "300-ден астам", "шаруа"} <= set(words.values())
    links = {
        (words[item["from_id"]], item["labels"][0], words[item["to_id"]])
        for item in prediction["result"]
        if item["type"] == "relation"
    }
    assert {("14", "indicator", "жәрмеңке"), ("300-ден астам", "action", "қатысты")} <= links


def test_a_prediction_reads_back_as_the_extractor_found_it(client: TestClient, models: ReloadingModel) -> None:
    (prediction,) = predict(client, task())
    annotated = {**task(), "annotations": [{"id": 1, "result": prediction["result"]}]}
    document = label_studio.from_task(annotated)
    assert document
    found = models.loaded.extractor.extract(TEXT).spans
    assert [(s.start, s.end, s.label, s.score) for s in document.spans] == [
        (s.start, s.end, s.label, s.score) for s in found
    ]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        "text",
        [],
        {},
        {"id": 9},
        {"id": 9, "data": None},
        {"id": 9, "data": {}},
        {"id": 9, "data": {"text": None}},
        {"id": 9, "data": {"text": ["Құпия 14 сөз"]}},
        {"id": 9, "data": {"text": "Құпия 14 сөз \ud800"}},
    ],
)
def test_a_task_that_cannot_be_read_fails_alone(
    client: TestClient, models: ReloadingModel, bad: object, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third, blank = predict(client, task(id=1), bad, task(id=2), task("", id=3))
    assert second == {"result": [], "score": 0.0, "model_version": models.loaded.version}
    assert first == third
    assert first["result"]
    assert (blank["result"], blank["score"]) == ([], 1.0)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "infer.backend"]
    name = "task 9" if isinstance(bad, dict) and bad else "tasks[1]"
    assert line.startswith(f"no prediction for {name}, data['text']: ")
    assert "Құпия" not in line


class FailsOnOne(Extractor):
    """An extractor with a fault, whose message quotes the text."""

    def extract(self, text: str, **fields: Any) -> Article:
        if text.startswith("Құпия"):
            raise RuntimeError(text)
        return super().extract(text, **fields)


class Faulty(ReloadingModel):
    """A model directory that is read with the fault."""

    def latest(self) -> Model:
        return Model(FailsOnOne.load(threads=1), "v1")


def test_a_fault_of_ours_fails_one_task_and_tells_no_text(caplog: pytest.LogCaptureFixture) -> None:
    first, second = predict(TestClient(app(Faulty(threads=1))), task("Құпия 14 сөз", id="a"), task())
    assert first == {"result": [], "score": 0.0, "model_version": "v1"}
    assert second["result"]
    assert "no prediction for task 'a': RuntimeError in test_backend.py, line " in caplog.text
    assert "Құпия" not in caplog.text


def test_the_configuration_names_what_regions_name(client: TestClient) -> None:
    tasks = [{"id": 1, "data": {"body": TEXT, "text": "ескі мәтін"}}]
    (prediction,) = predict(client, *tasks, label_config=OTHER_CONFIG)
    assert {item["value"]["labels"][0] for item in prediction["result"] if item["type"] == "labels"} == {
        "CARDINAL",
        "INDICATOR",
    }
    assert {(item["from_name"], item["to_name"]) for item in prediction["result"] if item["type"] == "labels"} == {
        ("marks", "article")
    }
    ids = regions(prediction)
    ends = [item for item in prediction["result"] if item["type"] == "relation"]
    assert {item["labels"][0] for item in ends} == {"indicator"}
    assert all(item["from_id"] in ids and item["to_id"] in ids for item in ends)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("<View>", "label_config: it is not XML"),
        ("<View/>", "label_config: it has no <Labels"),
        ('<View><Text name="t" value="$text"/></View>', "label_config: it has no <Labels"),
        ('<View><Text name="t" value="$text"/><Labels name="l" toName="u"/></View>', "label_config: it has no <Labels"),
        ('<View><Text name="t" value="text"/><Labels name="l" toName="t"/></View>', "label_config: it has no <Labels"),
        (BOMB, "label_config: a document type declaration is not accepted"),
        ("<View>\ud800</View>", "label_config: "),
        (7, "label_config: Input should be a valid string"),
    ],
)
def test_configurations_that_cannot_be_used(client: TestClient, config: object, why: str) -> None:
    answer = client.post("/predict", content=json.dumps({"tasks": [task()], "label_config": config}), headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(why)


def test_an_interactive_request_gets_the_spans_inside_its_regions(client: TestClient) -> None:
    (everything,) = predict(client, task())
    begin, end = TEXT.index("14"), TEXT.index(" өтіп")
    drawn = {
        "id": "x1",
        "type": "labels",
        "from_name": "label",
        "value": {"start": begin, "end": end, "labels": ["ART"]},
    }
    link = {"type": "relation", "from_id": "x1", "to_id": "x2"}
    for context, expected in [
        ([drawn], {"14", "жәрмеңке"}),
        ([drawn, link, None, {"value": {"start": "0", "end": "80"}}], {"14", "жәрмеңке"}),
        ([drawn, {"value": {"start": 0, "end": TEXT.index("басынан") + 3}}], {"14", "жәрмеңке"}),  # half a span is none
        ([{"value": {"start": begin + 1, "end": end}}], {"жәрмеңке"}),
        ([], set()),
        ([link], set()),
    ]:
        (prediction,) = predict(client, task(), params={"login": None, "context": {"result": context}})
        found = regions(prediction)
        assert set(found.values()) == expected
        assert len(found) == len(prediction["result"])  # and no relations
        assert found.items() <= regions(everything).items()  # the same ids: Label Studio merges them
    for params in [{"context": None}, {"context": {}}, {"context": {"project_credentials_login": "x"}}, None]:
        assert predict(client, task(), params=params) == [everything]


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("/predict", b"", 400, "the body: Field required"),
        ("/predict", b'{"tasks": [', 400, "the body is not JSON: see character 11"),
        ("/predict", b"\xff\xfe", 400, ""),
        ("/predict", b"[" * 100_000, 400, ""),
        ("/predict", b"[]", 400, "the body: "),
        ("/predict", b"{}", 400, "tasks: Field required"),
        ("/predict", b'{"tasks": {}}', 400, "tasks: Input should be a valid list"),
        ("/predict", b'{"tasks": [], "params": {"context": []}}', 400, "params.context: "),
        ("/predict", b'{"tasks": []}', 200, None),
        ("/predict", json.dumps({"tasks": [0] * (MAX_TASKS + 1)}).encode(), 413, "there are 5001 tasks"),
        ("/predict", b" " * (MAX_BODY + 1), 413, None),
        ("/webhook", b" " * (MAX_EVENT + 1), 413, None),
        ("/webhook", b'{"action":', 400, "the body is not JSON: see character 10"),
        ("/webhook", b"{}", 200, None),
        ("/webhook", b"[3]", 200, None),
        ("/webhook", b'{"action": ["START_TRAINING"]}', 200, None),
        ("/webhook", b'{"action": "PROJECT_UPDATED"}', 200, None),
        ("/webhook", b'{"action": "START_TRAINING"}', 409, "no recipe is configured"),
        ("/training", b"", 409, "no recipe is configured"),
        ("/setup", b"nothing that can be read", 200, None),
        ("/nowhere", b"{}", 404, "Not Found"),
    ],
)
def test_answers(client: TestClient, path: str, body: bytes, status: int, why: str | None) -> None:
    answer = client.post(path, content=body, headers=JSON)
    assert answer.status_code == status
    if why is not None:
        assert answer.json()["detail"].startswith(why)


def test_a_body_of_another_type(client: TestClient) -> None:
    for path in ("/predict", "/webhook"):
        assert client.post(path, content=b'{"tasks": []}', headers={"content-type": "text/plain"}).status_code == 400


def test_a_stream_longer_than_the_limit(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(MAX_EVENT // 2**20 + 1):
            yield b" " * 2**20

    assert client.post("/webhook", content=chunks(), headers=JSON).status_code == 413


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([TEXT, "\udfff"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "data", "text", "tasks", "value", "start", "end"]), inner, max_size=4)
    ),
    max_leaves=12,
)
CONTEXTS = st.fixed_dictionaries({"context": st.fixed_dictionaries({"result": VALUES}) | VALUES}) | VALUES
TASKS = st.lists(
    st.fixed_dictionaries({"id": VALUES, "data": st.fixed_dictionaries({"text": VALUES}) | VALUES}) | VALUES
)
CONFIGS = VALUES | st.sampled_from([OTHER_CONFIG, BOMB])
BODIES = st.fixed_dictionaries({"tasks": TASKS | VALUES}, optional={"params": CONTEXTS, "label_config": CONFIGS})


@settings(max_examples=150)
@given(BODIES | VALUES)
def test_no_json_breaks_a_prediction(client: TestClient, body: Any) -> None:
    answer = client.post("/predict", content=json.dumps(body), headers=JSON)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert len(answer.json()["results"]) == len(body["tasks"])


def test_health_answers_while_predictions_are_made(client: TestClient) -> None:
    with ThreadPoolExecutor() as threads:
        slow = [threads.submit(predict, client, *[task("\n".join([TEXT] * 10))] * 15) for _ in range(2)]
        time.sleep(0.1)
        assert client.get("/health").status_code == 200
        assert client.post("/setup").status_code == 200
        assert not all(each.done() for each in slow)
        assert slow[0].result() == slow[1].result()


def test_annotation_events_are_counted(models: ReloadingModel) -> None:
    with TestClient(app(models)) as client:
        actions = ["ANNOTATION_CREATED", "ANNOTATION_UPDATED", "TASKS_CREATED", "ANNOTATION_DELETED"]
        answers = [client.post("/webhook", json={"action": action, "task": task()}).json() for action in actions]
        assert answers == [{"hints": 1}, {"hints": 2}, {"hints": 2}, {"hints": 3}]
        assert client.get("/health").json()["hints"] == 3


def test_training(models: ReloadingModel, jobs: TrainingQueue) -> None:
    with TestClient(app(models, jobs=jobs)) as client:
        assert client.get("/training").json() == {"runs": []}
        answer = client.post("/training")
        assert (answer.status_code, answer.json()["run"]["number"]) == (202, 1)
        started = client.post("/webhook", json={"action": "START_TRAINING", "project": {"id": 7}})
        assert started.status_code == 200
        last = started.json()["run"]["number"]
        for _ in range(200):
            runs = client.get("/training").json()["runs"]
            if [run["status"] for run in runs] == ["done"] * last:
                break
            time.sleep(0.05)
        assert runs[-1]["last_line"] == "fitted"


@pytest.mark.parametrize(
    ("method", "path", "body", "without", "with_"),
    [
        ("GET", "/health", None, 200, 200),
        ("GET", "/", None, 401, 200),
        ("GET", "/versions", None, 401, 200),
        ("GET", "/docs", None, 401, 200),
        ("GET", "/openapi.json", None, 401, 200),
        ("GET", "/nowhere", None, 401, 404),
        ("POST", "/setup", {}, 401, 200),
        ("POST", "/predict", {"tasks": []}, 401, 200),
        ("GET", "/training", None, 401, 200),
        ("POST", "/training", None, 401, 202),
        ("POST", "/webhook", {"action": "ANNOTATION_CREATED"}, 200, 200),
        ("POST", "/webhook", {"action": "TASKS_CREATED"}, 200, 200),
        ("POST", "/webhook", {"action": "START_TRAINING"}, 401, 200),
    ],
)
def test_who_may_ask(
    models: ReloadingModel, jobs: TrainingQueue, method: str, path: str, body: object, without: int, with_: int
) -> None:
    client = TestClient(app(models, jobs=jobs, credentials=AUTH))
    refused = client.request(method, path, json=body)
    assert refused.status_code == without
    assert ("WWW-Authenticate" in refused.headers) == (without == 401)
    assert client.request(method, path, json=body, auth=("label-studio", "guess")).status_code == without
    if without == 401:
        assert jobs.state()["runs"] == []
    assert client.request(method, path, json=body, auth=AUTH).status_code == with_


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !", "Basic ж", f"Bearer {TOKEN}", "Basic bGFiZWwtc3R1ZGlv", "Basic Og=="]
)
def test_headers_that_hold_no_credentials(models: ReloadingModel, header: str) -> None:
    client = TestClient(app(models, credentials=AUTH))
    assert client.get("/versions", headers={b"Authorization": header.encode()}).status_code == 401


def test_no_secret_and_no_text_comes_out(models: ReloadingModel, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {"access_token": TOKEN, "params": {"login": "x", "password": PASSWORD, "context": 7}}
    with TestClient(app(models, credentials=AUTH), cookies={"sessionid": TOKEN}) as client:
        answers = [
            client.post(f"{path}?token={TOKEN}", content=body, headers=JSON | extra, auth=auth)
            for path in ("/setup", "/predict", "/webhook", "/training", f"/{TOKEN}")
            for body in (json.dumps({**secrets, "tasks": [task()]}), f'{{"access_token": "{TOKEN}", {TEXT}')
            for auth in (AUTH, ("label-studio", PASSWORD + "1"))
            for extra in ({}, {"X-Token": TOKEN})
        ]
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]  # that is the client's log
    logged = [logging.Formatter().format(record) for record in ours]
    assert {"POST /setup 200", "POST /predict 400", "POST /webhook 200", "POST (another path) 404"} <= set(logged)
    for told in [*logged, *(answer.text for answer in answers)]:
        assert TOKEN not in told
        assert PASSWORD not in told
        assert "жәрмеңке" not in told


def copy_of_the_model(directory: Path, version: str) -> Path:
    """A model directory of its own, with another version."""
    shutil.copytree(DEFAULT, directory, ignore=shutil.ignore_patterns("*.safetensors", "*.md", "metrics.json"))
    set_version(directory, version)
    return directory


def set_version(directory: Path, version: str) -> None:
    config = json.loads((directory / "config.json").read_text("utf-8"))
    config["malimet"] |= {"name": "copy", "version": version}
    (directory / "config.json").write_text(json.dumps(config), "utf-8")


def test_a_new_model_is_taken_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = copy_of_the_model(tmp_path / "model", "first")
    models = ReloadingModel(path, threads=1)
    with TestClient(app(models)) as client:

        def served() -> tuple[str, str, str]:
            version = client.post("/setup").json()["model_version"]
            return version, client.get("/health").json()["model_version"], predict(client, task())[0]["model_version"]

        assert served() == ("copy-first",) * 3
        assert models.latest() is models.latest()

        set_version(path, "second, longer")
        assert served() == ("copy-second, longer",) * 3

        network = (path / "model.onnx").read_bytes()
        (path / "model.onnx").write_bytes(network[: len(network) // 2])  # half-written
        set_version(path, "third")
        assert served() == served() == ("copy-second, longer",) * 3
        assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1

        (path / "model.onnx").write_bytes(network)
        assert served() == ("copy-third",) * 3

        shutil.rmtree(path)
        assert served() == ("copy-third",) * 3
        copy_of_the_model(path, "fourth")
        assert served() == ("copy-fourth",) * 3


def test_a_directory_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ReloadingModel(tmp_path)


def test_the_documentation_names_every_route(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {"/", "/health", "/setup", "/versions", "/predict", "/webhook", "/training"}
    assert all(operation["description"] for path in schema["paths"].values() for operation in path.values())


def test_a_missing_extra_is_named() -> None:
    program = "import sys; sys.modules['fastapi'] = None; import infer.backend"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "ImportError: the ML backend needs the `serve` extra: pip install 'malimet[serve]'" in done.stderr
