"""Logits to spans: Viterbi under the IOB2 rule that I-X follows only B-X or I-X."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from annotations.document import Span
from models.encoding import Window

Floats = NDArray[np.float32]


def viterbi(logits: Floats, starts: Collection[int] = (0,)) -> NDArray[np.int64]:
    """The best valid tag sequence of [words, tags] logits, whose columns are O, B-1, I-1, B-2, I-2 …

    Nothing goes on at the words of `starts`, the first among them. Only I- tags have a rule, and it looks at two tags
    of the same label, so a step costs time linear in the tags.
    """
    words, tags = logits.shape
    before = np.zeros((words, tags), dtype=np.int64)
    begins = np.arange(1, tags, 2)
    score = np.zeros(tags, dtype=np.float32)
    for word in range(words):
        best = int(score.argmax())
        before[word] = best
        inside: Floats = np.full(len(begins), -np.inf, dtype=np.float32)
        if word not in starts:
            stays = score[2::2] > score[1::2]
            before[word, 2::2] = begins + stays
            inside = np.where(stays, score[2::2], score[1::2])
        score = logits[word] + score[best]
        score[2::2] = logits[word, 2::2] + inside
    path = np.empty(words, dtype=np.int64)
    path[-1] = score.argmax()
    for word in range(words - 1, 0, -1):
        path[word - 1] = before[word, path[word]]
    return path


def spans(window: Window, logits: Floats, tags: Sequence[str], *, temperature: float) -> list[Span]:
    """Spans that the logits [pieces, tags] of a window decide, in order; a word speaks by its first piece.

    A span's score is the least probability among its words' tags after temperature scaling (Guo et al. 2017).
    """
    scaled = logits[window.firsts]
    path = viterbi(scaled, window.starts)
    scaled = scaled / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    probability = np.exp(scaled[np.arange(len(path)), path]) / np.exp(scaled).sum(axis=1)
    return [
        Span(window.words[first][0], window.words[end - 1][1], label, round(float(probability[first:end].min()), 4))
        for first, end, label in stretches([tags[number] for number in path])
    ]


def stretches(names: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """The first word, the word behind the last, and the label of each run of IOB2 tags; a run bridges no gap."""
    first = 0
    while first < len(names):
        end = first + 1
        if names[first] != "O":
            while end < len(names) and names[end] == f"I-{names[first][2:]}":
                end += 1
            yield first, end, names[first][2:]
        first = end


def decode(
    windows: Sequence[Window], logits: Sequence[Floats], tags: Sequence[str], *, temperature: float = 1.0
) -> list[Span]:
    """The spans of a text from its windows and the logits [pieces, tags] of each.

    Where windows overlap, a span belongs to the window that decides its first word, and none begins inside another.
    """
    found: list[Span] = []
    for window, scores in zip(windows, logits, strict=True):
        begin, end = window.words[window.decided[0]][0], window.words[window.decided[-1]][1]
        for span in spans(window, scores, tags, temperature=temperature):
            if begin <= span.start < end and (not found or span.start >= found[-1].end):
                found.append(span)
    return found
