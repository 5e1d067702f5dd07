"""A real server: many clients get their own articles, a shutdown drops no request, the page works in a real browser."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Barrier

import httpx2
import pytest
from browser import FLAGS, WAIT
from conftest import ROOT
from playwright.sync_api import BrowserContext, Route, sync_playwright
from test_page import HOSTILE

from eval.load import main as measure
from infer.service import MAX_BODY

pytestmark = pytest.mark.slow

KEY = "karagash-7719"
NEWS = f"Биыл Қордайда 14 жәрмеңке өтіп, оған 300-ден астам шаруа қатысты.\n\n{HOSTILE}"
LONG = "\n".join(["Қордай тұрғындары ауылға баратын жолды жөндеуді сұрады."] * 50)


class Server(httpx2.Client):
    """A client of a process that serves."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log
        while not (address := re.search(r"listening on (\S+)", self.log())):
            assert process.poll() is None, self.log()
            time.sleep(0.05)
        self.address = address[1]
        super().__init__(base_url=self.address, timeout=120)
        while self.get("/ready").status_code == 503:
            time.sleep(0.05)

    def log(self) -> str:
        return self._log.read_text("utf-8")

    def metric(self, name: str) -> float:
        """The value of a counter, or the sum over its labels."""
        found = re.findall(rf"^{re.escape(name)}(?:{{.*}})? (\S+)$", self.get("/metrics").text, re.MULTILINE)
        return sum(map(float, found))

    def until(self, name: str, value: float) -> None:
        """Wait for the value of a counter."""
        end = time.monotonic() + 60
        while self.metric(name) != value:
            assert time.monotonic() < end, f"{name} is {self.metric(name)}, not {value}"
            time.sleep(0.02)

    def end(self, signal: int = signal.SIGTERM) -> int:
        """Its exit code, once it has ended by a signal."""
        self.process.send_signal(signal)
        return self.process.wait(60)


@contextmanager
def serving(directory: Path, *options: str, **environment: str) -> Iterator[Server]:
    log = directory / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "malimet", "serve", "--port", "0", *options],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=file,
            stderr=file,
        )
    try:
        server = Server(process, log)
        yield server
        server.close()
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


def test_many_clients_get_their_own_articles(server: Server) -> None:
    clients, requests = 24, 6
    together = Barrier(clients)
    before = server.metric("malimet_documents_total"), server.metric("malimet_batch_documents_count")

    def client(number: int) -> int:
        right = 0
        with httpx2.Client(base_url=server.address, timeout=120) as own:
            together.wait()
            for turn in range(requests):
                counts = [1000 * number + 10 * turn + place + 10_000 for place in range(3)]
                texts = [f"Қордайда {count} шаруа жәрмеңкеге қатысты." for count in counts]
                documents = [{"id": f"{number}-{turn}-{c}", "text": t} for c, t in zip(counts, texts, strict=True)]
                if turn % 2:
                    articles = own.post("/extract", json={"documents": documents}).json()["articles"]
                else:
                    articles = [own.post("/extract", json=document).json() for document in documents]
                assert [article["id"] for article in articles] == [document["id"] for document in documents]
                right += sum(
                    [metric["number"] for metric in article["metrics"]] == [count]
                    for article, count in zip(articles, counts, strict=True)
                )
        return right

    with ThreadPoolExecutor(clients) as threads:
        assert sum(threads.map(client, range(clients))) == clients * requests * 3
    read, batches = server.metric("malimet_documents_total"), server.metric("malimet_batch_documents_count")
    assert read - before[0] == clients * requests * 3
    assert batches - before[1] < clients * requests * 3 / 2  # so documents of several clients were read together


def test_a_body_too_large_is_told_so(server: Server) -> None:
    answer = server.post("/extract", content=b" " * (MAX_BODY + 2**20), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert "the body is larger than" in answer.json()["detail"]


def test_a_client_that_goes_away(server: Server) -> None:
    body = json.dumps({"documents": [{"text": LONG}] * 100}).encode()
    head = f"POST /extract HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    read = server.metric("malimet_documents_total")
    with socket.create_connection((server.base_url.host, server.base_url.port)) as connection:
        connection.sendall(head.encode() + body)
        while not server.metric("malimet_queue_documents"):
            time.sleep(0.01)
    server.until("malimet_requests_in_progress", 0)
    assert server.metric("malimet_queue_documents") == 0
    assert server.metric("malimet_documents_total") - read < 100


def test_sigterm_drops_no_request(tmp_path: Path) -> None:
    clients, documents = 8, [{"text": LONG}] * 5
    with serving(tmp_path) as server, ThreadPoolExecutor(clients) as threads:

        def ask() -> httpx2.Response:
            return httpx2.post(f"{server.address}/extract", json={"documents": documents}, timeout=120)

        answers = [threads.submit(ask) for _ in range(clients)]
        server.until("malimet_requests_in_progress", clients)
        server.process.send_signal(signal.SIGTERM)
        while server.get("/ready").status_code == 200:
            time.sleep(0.01)
        assert server.get("/ready").json()["detail"] == "the server is shutting down"
        refused = server.post("/extract", json={"text": "бір"})
        assert (refused.status_code, refused.headers["connection"]) == (503, "close")
        assert not all(answer.done() for answer in answers)
        for answer in answers:
            assert answer.result().status_code == 200
            assert len(answer.result().json()["articles"]) == len(documents)
        assert server.process.wait(60) == 0
        assert "Traceback" not in server.log()
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{server.address}/health")


def test_sigterm_under_load_cuts_no_answer_off(tmp_path: Path) -> None:
    """Each request of clients that keep their connections is answered, or refused in words, or not let in."""
    with serving(tmp_path) as server, ThreadPoolExecutor(8) as threads:

        def ask(number: int) -> list[int]:
            statuses = [200]
            with httpx2.Client(base_url=server.address, timeout=120) as own, suppress(httpx2.ConnectError):
                while statuses[-1] == 200:
                    answer = own.post("/extract", json={"text": f"Қордайда {number} мектеп салынды."})
                    assert answer.json()["id" if answer.status_code == 200 else "detail"]
                    statuses.append(answer.status_code)
            return statuses

        clients = [threads.submit(ask, number) for number in range(8)]
        while server.metric("malimet_documents_total") < 40:
            time.sleep(0.02)
        server.process.send_signal(signal.SIGTERM)
        statuses = [status for client in clients for status in client.result()]
        assert server.process.wait(60) == 0
    assert statuses.count(200) >= 40
    assert set(statuses) <= {200, 503}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once(tmp_path: Path, how: int) -> None:
    with serving(tmp_path) as server:
        assert server.end(how) == 0


def test_limits_of_time_and_queue_and_a_key_that_is_not_shown(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "--timeout", "2", "--queue", "40", MALIMET_API_KEY=KEY) as server,
        ThreadPoolExecutor() as threads,
    ):
        assert server.post("/extract", json={"text": "бір"}).status_code == 401
        server.headers["Authorization"] = f"Bearer {KEY}"
        assert server.post("/extract", json={"text": "бір"}).status_code == 200
        slow = threads.submit(server.post, "/extract", json={"documents": [{"text": LONG * 8}] * 40})
        while not server.metric("malimet_queue_documents"):
            assert not slow.done()
        assert server.post("/extract", json={"documents": [{"text": "бір"}] * 40}).status_code == 429
        assert slow.result().status_code == 503
        assert slow.result().headers["Retry-After"] == "5"
        assert server.metric('malimet_requests_total{route="/extract",status="429"}') == 1
        assert server.end() == 0
        assert "POST /extract 401" in server.log()
        assert KEY not in server.log()


def test_the_load_test(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    measure([server.address, "--clients", "1", "4", "--seconds", "1"])
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows[1:]] == ["1", "4"]
    for row in rows[1:]:
        assert float(row[1]) > 0
        assert row[6:-1] == ["200:"]


@pytest.fixture(scope="module")
def browser_context(server: Server) -> Iterator[tuple[BrowserContext, list[str]]]:
    """A browser that reaches the server and nothing else, and what it asked for elsewhere."""
    elsewhere: list[str] = []

    def only_ours(route: Route) -> None:
        if route.request.url.startswith(f"{server.address}/"):
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        context = browser.new_context(viewport={"width": 380, "height": 780}, has_touch=True, color_scheme="dark")
        context.set_default_timeout(WAIT)
        context.route("**/*", only_ours)
        yield context, elsewhere
        browser.close()


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no chromium")
def test_a_person_pastes_an_article(server: Server, browser_context: tuple[BrowserContext, list[str]]) -> None:
    context, elsewhere = browser_context
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("dialog", lambda dialog: told.append(dialog.message))
    page.goto(server.address)
    page.fill("textarea", NEWS)
    page.fill("input[name=published]", "2025-02-14")
    page.click("button")
    page.wait_for_selector("article")
    assert page.inner_text(".text") != ""
    assert page.input_value("textarea") == NEWS
    page.uncheck("#names")
    assert page.text_content(".text") == NEWS
    context.set_offline(True)  # what follows needs no server
    page.tap("a.mark:has-text('300-ден астам')")
    assert "шаруа" in page.inner_text("#line")
    assert page.locator(".mark[data-lit]").count() >= 2
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    context.set_offline(False)
    page.fill("textarea", " ")
    page.click("button")
    assert "Бұл мәтінді оқу мүмкін емес." in page.inner_text("[role=alert]")
    assert all("status of 422" in each for each in told)  # the browser's own note
    assert elsewhere == []
