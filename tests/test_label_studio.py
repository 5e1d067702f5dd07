"""The Label Studio loop on a real server, with a real browser, and with what goes wrong."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml
from browser import FLAGS, Annotator
from conftest import ROOT, SENTENCES, mark, tiny_recipe
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from studio_server import ADMIN, PASSWORD, TOKEN, Server, executable, free_port, version, wait_for
from typer.testing import CliRunner, Result

from annotations.document import Document
from annotations.formats import jsonl
from annotations.interface import label_config, label_names
from annotations.labels import LabelSet, default_labels
from annotations.scores import score
from annotations.setup import set_up
from annotations.studio import Project, Settings, StudioError, connect, find
from malimet import Extractor
from malimet.cli import app
from train.data import load
from train.fingerprint import digest, digests
from train.recipe import load_recipe
from train.sources import fetched

pytestmark = pytest.mark.slow
ARTICLE = "😀 Ауылда\u00a014 мектеп 😀 ашылды.\nОны Асан\u00a0Үсенов айтты."
LOGIN = "malimet:backend-secret"
SECRETS = (TOKEN, PASSWORD, "sessionid", "csrftoken")


@pytest.fixture(scope="session")
def template(request: pytest.FixtureRequest) -> Path:
    """The data of a server that was started once, kept between test runs: a fresh one takes half a minute."""
    if not executable():
        pytest.skip("Label Studio is not installed: `make test` does it")
    directory: Path = request.config.cache.mkdir(f"label-studio-{version()}")
    if not (directory / "whole").exists():
        first = Server(directory)
        first.start()
        first.kill()
        (directory / "whole").touch()
    return directory


@pytest.fixture
def server(template: Path, tmp_path: Path) -> Iterator[Server]:
    """A running server with one user and no project."""
    running = Server(shutil.copytree(template, tmp_path / "label-studio"))
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium. While it is open, nothing else in this process can run an event loop."""
    path = shutil.which("chromium")
    if not path:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def screenshots(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the pages go: with --screenshots, to where the README shows them."""
    directory = request.config.getoption("--screenshots")
    return Path(directory) if directory else tmp_path_factory.mktemp("screenshots")


def malimet(server: Server, *arguments: object, token: str = TOKEN, url: str | None = None) -> Result:
    """A `malimet label` command, whose output never holds a secret."""
    environment = {"LABEL_STUDIO_URL": url or server.url, "LABEL_STUDIO_API_KEY": token, "MALIMET_LOGIN": LOGIN}
    result = CliRunner().invoke(app, ["label", *map(str, arguments)], env=environment)
    assert not any(secret in result.output for secret in SECRETS)
    return result


def done(result: Result, code: int = 0) -> str:
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def project(server: Server, title: str = "Malimet") -> Project:
    found = find(connect(server.url, TOKEN), server.url, title)
    assert found
    return found


def ids(server: Server) -> Counter[str]:
    """How often each document is a task."""
    return Counter(task["data"]["doc_id"] for task in project(server).tasks())


def articles(path: Path, texts: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps({"id": id, "text": text}) + "\n" for id, text in texts.items()), "utf-8")
    return path


def many(path: Path, number: int = 300) -> Path:
    return articles(path, {f"m{place}": f"{place} мектеп ашылды." for place in range(number)})


def by_hand(target: Project, task: int, text: str, words: str, label: str) -> None:
    """An annotation sent past the browser."""
    start = text.index(words)
    value = {"start": start, "end": start + len(words), "text": words, "labels": [label]}
    region = {"id": "r1", "from_name": "label", "to_name": "text", "type": "labels", "value": value}
    target.client.annotations.create(id=task, result=[region])


def test_a_project_is_made_once_and_never_orphans_annotations(server: Server, tmp_path: Path) -> None:
    assert "made" in done(malimet(server, "init"))
    assert "brought up to date" in done(malimet(server, "init"))
    target = project(server)
    labels, roles = label_names(target.config())
    assert labels == set(default_labels().names())
    assert roles == {role.name for role in default_labels().roles}

    done(malimet(server, "push", articles(tmp_path / "a.jsonl", {"a1": "Қордайда 9 мектеп"}), "--no-predictions"))
    task = next(target.tasks())
    by_hand(target, task["id"], "Қордайда 9 мектеп", "Қордайда", "GPE")
    whole = default_labels()
    smaller = whole.model_dump()
    smaller["labels"] = [label for label in smaller["labels"] if label["name"] != "GPE"]
    for role in smaller["roles"]:
        role["targets"] = [target for target in role["targets"] if target != "GPE"]
    with pytest.raises(StudioError, match=r"GPE in 1 tasks.*task=1"):
        set_up(target.client, server.url, "Malimet", LabelSet.model_validate(smaller))
    assert label_names(target.config())[0] == set(whole.names())


def test_a_text_is_sent_once(server: Server, tmp_path: Path) -> None:
    done(malimet(server, "init"))
    first = articles(tmp_path / "a.jsonl", {"a1": SENTENCES[0][0], "a2": "Бірінші абзац.\n\nЕкінші абзац."})
    assert "new tasks: 2" in done(malimet(server, "push", first))
    assert "new tasks: 0" in done(malimet(server, "push", first))
    again = articles(tmp_path / "b.jsonl", {"a1": "Басқа мәтін.", "b1": SENTENCES[0][0], "b2": SENTENCES[1][0]})
    result = malimet(server, "push", again)
    assert "new tasks: 1" in done(result, 1)
    assert "a1, id: the project has another text by this id" in result.output
    assert "new tasks: 2" in done(
        malimet(server, "push", articles(tmp_path / "c.jsonl", {"a3": "Бір.\n\nЕкі."}), "--paragraphs")
    )
    assert ids(server) == Counter(["a1", "a2", "b2", "a3:0", "a3:6"])
    [prediction] = next(project(server).tasks(annotated=True))["predictions"]
    assert prediction["model_version"].startswith("malimet-small-")
    assert {"labels", "relation"} == {item["type"] for item in prediction["result"]}
    pool = many(tmp_path / "pool.jsonl", 20)
    assert "new tasks: 5" in done(malimet(server, "push", pool, "--select", "diverse", "-n", 5, "--no-predictions"))
    assert "new tasks: 5" in done(malimet(server, "push", pool, "--select", "uncertain", "-n", 5))


def test_the_round_trip(server: Server, browser: Browser, tmp_path: Path, screenshots: Path) -> None:
    """Articles, two annotators in a browser, agreement, gold, a better model, and on to the next articles."""
    known = [mark(number, text, marks) for number, (text, marks) in enumerate(SENTENCES[:2])]
    dev = [mark(100, *SENTENCES[2])]
    (tmp_path / "first").mkdir()
    weak = train(tiny_recipe(tmp_path / "first", known, dev))

    done(malimet(server, "init", "--annotators", 2))
    texts = {"party": ARTICLE, "speech": SENTENCES[3][0], "money": SENTENCES[4][0], "skipped": "Пустая строка."}
    done(malimet(server, "push", articles(tmp_path / "a.jsonl", texts), "--no-predictions"))
    shown = {"news": "Биыл Қордайда 9 мектеп салынды. Оған 4,7 млрд теңге бөлінді."}
    done(malimet(server, "push", articles(tmp_path / "b.jsonl", shown)))
    target = project(server)
    tasks = {task["data"]["doc_id"]: target.task_link(task["id"]) for task in target.tasks()}

    first = Annotator(browser, server, ADMIN, PASSWORD)
    first.open(tasks["party"])
    for hotkey, words in (("1", "14"), ("i", "мектеп"), ("x", "ашылды"), ("p", "Асан\u00a0Үсенов")):
        first.mark(hotkey, words)
    first.relate("14", "мектеп", "indicator")
    first.relate("14", "ашылды", "action")
    first.page.screenshot(path=screenshots / "labelling.png")
    first.submit()
    first.open(tasks["speech"])
    first.mark("p", "Сәкен Оразов")
    first.mark("g", "Текеліде")
    first.submit()
    first.open(tasks["money"])
    first.mark("2", "4,7 млрд.теңге")
    first.mark("x", "бөлінді")
    first.submit()
    first.open_next(target.link)
    first.close_instructions()
    first.skip()
    first.open(tasks["news"])
    first.page.screenshot(path=screenshots / "prediction.png")
    first.delete("Биыл")
    first.submit()

    link = json.loads(api(server, "/api/invite"))["invite_url"]
    second = Annotator.sign_up(browser, server, link, "second@example.com", "second-secret")
    second.open_next(target.link)
    second.close_instructions()
    second.mark("1", "14 ")
    second.mark("i", "мекте")
    second.mark("o", "Асан\u00a0Үсенов")
    second.submit()
    second.open_next(target.link)
    second.close_instructions()
    second.mark("p", "Сәкен Оразов")
    second.page.wait_for_timeout(3000)  # a draft, never submitted

    pulled = tmp_path / "data.jsonl"
    result = malimet(server, "pull", "-o", pulled)
    assert "'мекте' was mended to 'мектеп'" in done(result)
    assert tasks["party"] in result.output
    documents = {(d.id, d.annotator): d for d in jsonl.read(pulled)}
    assert set(documents) == {(id, ADMIN) for id in ("party", "speech", "money", "news")} | {
        ("party", "second@example.com")
    }
    party = documents["party", ADMIN]
    assert party.text == ARTICLE
    assert {(party.cut(span), span.label) for span in party.spans} == {
        ("14", "CARDINAL"),
        ("мектеп", "INDICATOR"),
        ("ашылды", "ACTION"),
        ("Асан\u00a0Үсенов", "PERSON"),
    }
    assert {(party.cut(r.source), r.role, party.cut(r.target)) for r in party.relations} == {
        ("14", "indicator", "мектеп"),
        ("14", "action", "ашылды"),
    }
    other = documents["party", "second@example.com"]
    assert {other.cut(span) for span in other.spans} == {"14", "мектеп", "Асан\u00a0Үсенов"}
    news = documents["news", ADMIN]
    assert news.relations  # the model's own
    assert "Биыл" not in {news.cut(span) for span in news.spans}

    before = pulled.read_bytes()
    assert "wrote" in done(malimet(server, "pull", "-o", pulled, "--changed"))
    assert pulled.read_bytes() == before
    second.submit()
    assert "wrote" in done(malimet(server, "pull", "-o", pulled, "--changed"))
    assert sorted(d.id for d in jsonl.read(pulled)) == ["money", "news", "party", "party", "speech", "speech"]

    gold, page = tmp_path / "gold.jsonl", tmp_path / "agreement.html"
    agreed = malimet(server, "agree", pulled, "--gold", gold, "--adjudicator", ADMIN, "--report", page)
    assert "second@example.com" in done(agreed)
    assert tasks["party"].replace("&", "&amp;") in page.read_text("utf-8")
    reader = browser.new_page(viewport={"width": 1200, "height": 1000})
    reader.goto(page.as_uri())
    reader.screenshot(path=screenshots / "agreement.png")

    (tmp_path / "second").mkdir()
    sources = [{"path": "train.json"}, {"path": str(gold)}, {"path": "dev.json", "dev": 1}]
    better = train(tiny_recipe(tmp_path / "second", known, dev, sources=sources))
    corrected = list(jsonl.read(gold))
    assert f1(better, corrected) > f1(weak, corrected)
    assert "new tasks: 1" in done(
        malimet(server, "push", articles(tmp_path / "c.jsonl", {"next": SENTENCES[5][0]}), "--model", better)
    )


def train(recipe: Path) -> Path:
    assert CliRunner().invoke(app, ["train", str(recipe)]).exit_code == 0
    return recipe.parent / "run" / "model"


def f1(model: Path, gold: list[Document]) -> float:
    found = [[*article.spans] for article in Extractor.load(model).pipe(gold)]
    return score([document.spans for document in gold], found)["micro avg"]["f1-score"]  # type: ignore[arg-type]


def api(server: Server, path: str, body: object = None) -> bytes:
    headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
    with urlopen(Request(f"{server.url}{path}", json.dumps(body).encode() if body else None, headers)) as answer:
        return answer.read()


def test_what_is_refused_is_said_in_a_sentence(server: Server, tmp_path: Path) -> None:
    pool = many(tmp_path / "pool.jsonl", 3)
    output = tmp_path / "data.jsonl"
    assert "has no project 'Malimet'" in done(malimet(server, "push", pool), 2)
    done(malimet(server, "init"))
    assert "does not take the token" in done(malimet(server, "push", pool, token="wrong"), 2)
    assert "LABEL_STUDIO_API_KEY" in done(malimet(server, "push", pool, token=""), 2)
    assert "does not answer" in done(malimet(server, "push", pool, url="http://127.0.0.1:9"), 2)
    assert "was not pulled before" in done(malimet(server, "pull", "-o", output, "--changed"), 2)
    done(malimet(server, "push", pool, "--no-predictions"))

    target = project(server)
    task = next(target.tasks())
    by_hand(target, task["id"], task["data"]["text"], "мектеп", "GPE")
    target.configure(Settings(label_config(default_labels()).replace('"PERSON"', '"HERO"'), "", 1))
    assert "PERSON" in done(malimet(server, "push", many(tmp_path / "more.jsonl", 4)), 2)
    by_hand(target, task["id"], task["data"]["text"], "мектеп", "HERO")
    result = malimet(server, "pull", "-o", output)
    assert target.task_link(task["id"]) in done(result, 1)
    assert not list(jsonl.read(output))

    target.client.projects.delete(id=target.id)
    assert "has no project" in done(malimet(server, "pull", "-o", output), 2)
    with pytest.raises(StudioError):
        list(target.tasks())


def test_a_recipe_learns_from_a_project(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What annotators submitted, as `malimet label pull` brings it, once for each output, then without the server."""
    done(malimet(server, "init"))
    texts = {"marked": SENTENCES[1][0], "skipped": SENTENCES[2][0], "open": SENTENCES[3][0]}
    done(malimet(server, "push", articles(tmp_path / "a.jsonl", texts), "--no-predictions"))
    target = project(server)
    tasks = {task["data"]["doc_id"]: task["id"] for task in target.tasks()}
    by_hand(target, tasks["marked"], texts["marked"], "Қордай", "GPE")
    target.client.annotations.create(id=tasks["skipped"], result=[], was_cancelled=True)
    monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    source, dev = {"path": f"label-studio://{target.id}"}, [mark(100, *SENTENCES[2])]
    path = tiny_recipe(tmp_path, dev, dev, sources=[source, {"path": "dev.json", "dev": 1}])
    with pytest.raises(OSError, match="has no project '999'"):
        fetched(load_recipe(path, ["finetuning.sources=[{path: label-studio://999}]"]), Console(quiet=True))
    paper = io.StringIO()
    recipe = fetched(load_recipe(path), Console(file=paper, width=200))
    assert "'Қордай' was mended to 'Қордайда'" in paper.getvalue() and TOKEN not in paper.getvalue()
    pulled = tmp_path / "data.jsonl"
    done(malimet(server, "pull", "-o", pulled))
    (document,) = load(recipe.finetuning.sources, recipe.data).train
    assert [document] == list(jsonl.read(pulled)) and document.id == "marked"
    assert [document.cut(span) for span in document.spans] == ["Қордайда"]
    assert digests(recipe.inputs(), recipe.data)[source["path"]] == digest(pulled)
    server.kill()
    assert load(fetched(load_recipe(path), Console(quiet=True)).finetuning.sources, recipe.data).train == [document]
    with pytest.raises(OSError, match="does not answer"):
        fetched(load_recipe(path, [f"output={tmp_path / 'another'}"]), Console(quiet=True))


def test_a_server_that_dies_in_the_middle_of_a_push(server: Server, tmp_path: Path) -> None:
    done(malimet(server, "init"))
    pool = many(tmp_path / "pool.jsonl")
    pushing = start(server, "push", pool, "--no-predictions")
    wait_for_tasks(server)
    server.kill()
    output, _ = pushing.communicate(timeout=120)
    assert pushing.returncode == 2
    assert b"does not answer" in output
    assert not any(secret.encode() in output for secret in SECRETS)
    server.start()
    done(malimet(server, "push", pool, "--no-predictions"))
    assert set(ids(server).values()) == {1}
    assert len(ids(server)) == 300


def test_a_push_and_a_pull_that_are_killed(server: Server, tmp_path: Path) -> None:
    done(malimet(server, "init"))
    pool = many(tmp_path / "pool.jsonl")
    pushing = start(server, "push", pool, "--no-predictions")
    wait_for_tasks(server)
    pushing.send_signal(signal.SIGKILL)
    pushing.wait()
    done(malimet(server, "push", pool, "--no-predictions"))
    assert ids(server) == Counter({f"m{place}": 1 for place in range(300)})

    target = project(server)
    for task in list(target.tasks())[:20]:
        by_hand(target, task["id"], task["data"]["text"], "мектеп", "INDICATOR")
    output = tmp_path / "data.jsonl"
    for moment in (1.5, 2.5, 3.5):
        pulling = start(server, "pull", "-o", output)
        time.sleep(moment)
        pulling.send_signal(signal.SIGKILL)
        pulling.wait()
        assert not output.exists() or len(list(jsonl.read(output))) == 20
    done(malimet(server, "pull", "-o", output))
    whole = output.read_bytes()
    pulling = start(server, "pull", "-o", output)
    time.sleep(2.5)
    server.kill()
    said, _ = pulling.communicate(timeout=120)
    assert output.read_bytes() == whole
    assert pulling.returncode == 0 or (pulling.returncode == 2 and b"does not answer" in said)


def test_an_answer_that_a_proxy_loses(server: Server, tmp_path: Path) -> None:
    done(malimet(server, "init"))
    with losing_proxy(server) as url:
        assert "new tasks: 120" in done(
            malimet(server, "push", many(tmp_path / "pool.jsonl", 120), "--no-predictions", url=url)
        )
    assert ids(server) == Counter({f"m{place}": 1 for place in range(120)})


def start(server: Server, *arguments: object) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"LABEL_STUDIO_URL": server.url, "LABEL_STUDIO_API_KEY": TOKEN, "MALIMET_LOGIN": LOGIN}
    command = [sys.executable, "-m", "malimet", "label", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def wait_for_tasks(server: Server) -> None:
    """Until a push has stored its first tasks."""
    target = project(server)
    while target.updated_at() is None:
        time.sleep(0.02)


def test_what_compose_starts(server: Server, tmp_path: Path) -> None:
    """The commands of compose.yaml, on this machine: a project whose predictions come from the backend."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    backend = f"http://127.0.0.1:{free_port()}"
    places = {"0.0.0.0": "127.0.0.1", "9090": backend.rpartition(":")[2], "http://backend:9090": backend}
    places["/examples"] = str(ROOT / "examples")
    commands = {name: [places.get(word, word) for word in each.get("command", ())] for name, each in services.items()}
    serving = start(server, *commands["backend"])
    try:
        wait_for(backend)
        done(malimet(server, *commands["project"]))
        assert "new tasks: 1" in done(malimet(server, *commands["articles"]))
        done(malimet(server, "push", articles(tmp_path / "a.jsonl", {"a1": SENTENCES[0][0]}), "--no-predictions"))
        target = project(server)
        chosen = {"all": True, "excluded": []}
        target.client.actions.create(id="retrieve_tasks_predictions", project=target.id, selected_items=chosen)
        tasks = {task["data"]["doc_id"]: task for task in target.tasks(annotated=True)}
        [prediction] = tasks["a1"]["predictions"]
        assert prediction["model_version"].startswith("malimet-small-")
        assert "14" in {item["value"]["text"] for item in prediction["result"] if item["type"] == "labels"}
        drawn = {"type": "labels", "value": {"start": 0, "end": 7, "labels": ["DATE"]}}
        [ml] = target.client.ml.list(project=target.id)
        asked = {"task": tasks["a1"]["id"], "context": {"result": [drawn]}}
        offered = json.loads(api(server, f"/api/ml/{ml.id}/interactive-annotating", asked))["data"]["result"]
        assert [item["value"]["text"] for item in offered] == ["Биыл", "14"]
    finally:
        serving.terminate()
        output, _ = serving.communicate(timeout=60)
    assert not any(secret.encode() in output for secret in (*SECRETS, LOGIN.partition(":")[2]))


@contextmanager
def losing_proxy(server: Server) -> Iterator[str]:
    """The address of a proxy that passes everything on and answers the first two imports with 502."""
    lost = 0

    class Proxy(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            nonlocal lost
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {key: value for key, value in self.headers.items() if key.lower() != "host"}
            request = Request(server.url + self.path, body or None, headers, method=self.command)
            try:
                with urlopen(request) as answer:
                    status, content = answer.status, answer.read()
            except HTTPError as error:
                status, content = error.code, error.read()
            if "/import" in self.path and lost < 2:
                lost += 1
                status, content = 502, b"<h1>Bad Gateway</h1>"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _pass

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_port}"
        proxy.shutdown()
