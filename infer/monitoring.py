"""What a service counts for Prometheus. No label holds a word of a request."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
DOCUMENTS = (1, 2, 4, 8, 16, 32)


class Monitor:
    """The counters of one service."""

    def __init__(self, *, waiting: Callable[[], float], in_progress: Callable[[], float]) -> None:
        """`waiting` tells how many documents wait, `in_progress` how many requests have no answer yet."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "malimet_requests", "Requests that have ended.", ["route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "malimet_request_seconds", "How long requests took.", ["route"], buckets=SECONDS, registry=self._registry
        )
        self._documents = Counter(
            "malimet_documents", "Documents read, or rejected by the model.", ["outcome"], registry=self._registry
        )
        self._words = Counter("malimet_words", "Words of the documents read.", registry=self._registry)
        self._batch = Histogram(
            "malimet_batch_documents", "Documents read together.", buckets=DOCUMENTS, registry=self._registry
        )
        self._gauge("malimet_queue_documents", "Documents that wait to be read.", waiting)
        self._gauge("malimet_requests_in_progress", "Requests that have no answer yet.", in_progress)

    def _gauge(self, name: str, help: str, value: Callable[[], float]) -> None:
        Gauge(name, help, registry=self._registry).set_function(value)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, *, read: int, rejected: int, words: int) -> None:
        """Count a batch: its documents, and the words of those that were read."""
        self._documents.labels("read").inc(read)
        self._documents.labels("rejected").inc(rejected)
        self._words.inc(words)
        self._batch.observe(read + rejected)

    def text(self) -> bytes:
        """All counters as Prometheus reads them, of the type `CONTENT_TYPE_LATEST` of its client library."""
        return generate_latest(self._registry)
