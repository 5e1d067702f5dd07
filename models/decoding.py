"""Logits to spans: Viterbi under the IOB2 rule that I-X follows only B-X or I-X."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from annotations.document import Span
from models.encoding import Window

Floats = NDArray[np.float32]


def viterbi(logits: Floats, starts: Collection[int] = (0,)) -> NDArray[np.int64]:
    """The best valid tag sequence of [words, tags] logits, whose columns are O, B-1, I-1, B-2, I-2 …

    Nothing goes on at the words of `starts`, the first among them, so that each stretch between two of them has a best
    sequence of its own: that of each word's best tag, if it is valid.
    """
    words = len(logits)
    path: NDArray[np.int64] = logits.argmax(axis=1)
    inside = (path > 0) & (path % 2 == 0)
    behind = np.diff(path, prepend=path[:1])  # 1 after the B- tag of a label, 0 after its I- tag
    wrong = inside & (behind != 0) & (behind != 1)
    for start, end in pairwise(sorted({words, *(min(start, words) for start in starts)})):
        if wrong[start:end].any() or inside[start]:
            path[start:end] = _best(logits[start:end])
    return path


def _best(logits: Floats) -> NDArray[np.int64]:
    """The best valid sequence of a stretch. Only I- tags have a rule, and it looks at two tags of the same label, so a
    step costs time linear in the tags."""
    words, tags = logits.shape
    before = np.zeros((words, tags), dtype=np.int64)
    begins = np.arange(1, tags, 2)
    score = logits[0].copy()
    score[2::2] = -np.inf
    for word in range(1, words):
        best = int(score.argmax())
        stays = score[2::2] > score[1::2]
        inside = np.where(stays, score[2::2], score[1::2])
        before[word] = best
        before[word, 2::2] = begins + stays
        score = logits[word] + score[best]
        score[2::2] = logits[word, 2::2] + inside
    path = np.empty(words, dtype=np.int64)
    path[-1] = score.argmax()
    for word in range(words - 1, 0, -1):
        path[word - 1] = before[word, path[word]]
    return path


def spans(window: Window, logits: Floats, tags: Sequence[str], *, temperature: float) -> list[Span]:
    """Spans that the logits [pieces, tags] of a window decide, in order; a word speaks by its first piece.

    A span's score is the least probability of its words' tags after temperature scaling (Guo et al. 2017). At a word
    where nothing goes on, that is the probability among the tags that may stand there.
    """
    scaled = logits[window.firsts]
    path = viterbi(scaled, window.starts)
    scaled = scaled / temperature
    starts = [word for word in window.starts if word < len(path)]
    scaled[starts, 2::2] = -np.inf
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
