"""Logits to spans: Viterbi under the IOB2 rule that I-X follows only B-X or I-X."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotations.document import Span
from models.encoding import Window

Floats = NDArray[np.float32]


def viterbi(logits: Floats) -> NDArray[np.int64]:
    """The best valid tag sequence of [words, tags] logits, whose columns are O, B-1, I-1, B-2, I-2 …

    Only I- tags have a rule, and it looks at two tags of the same label, so a step costs time linear in the tags.
    """
    words, tags = logits.shape
    before = np.zeros((words, tags), dtype=np.int64)
    score = logits[0].copy()
    score[2::2] = -np.inf
    begins = np.arange(1, tags, 2)
    for word in range(1, words):
        best = int(score.argmax())
        stays = score[2::2] > score[1::2]
        before[word] = best
        before[word, 2::2] = begins + stays
        inside = np.where(stays, score[2::2], score[1::2])
        score = logits[word] + score[best]
        score[2::2] = logits[word, 2::2] + inside
    path = np.empty(words, dtype=np.int64)
    path[-1] = score.argmax()
    for word in range(words - 1, 0, -1):
        path[word - 1] = before[word, path[word]]
    return path


def spans(logits: Floats, words: Sequence[tuple[int, int]], tags: Sequence[str], *, temperature: float) -> list[Span]:
    """Spans of the words [words, 2] that the logits [words, tags] decide, in order.

    A span's score is the least probability among its words' tags after temperature scaling (Guo et al. 2017).
    """
    path = viterbi(logits)
    scaled = logits / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    probability = np.exp(scaled[np.arange(len(path)), path]) / np.exp(scaled).sum(axis=1)
    found: list[Span] = []
    position = 0
    while position < len(path):
        name = tags[path[position]]
        end = position + 1
        if name != "O":
            while end < len(path) and tags[path[end]] == f"I-{name[2:]}":
                end += 1
            score = round(float(probability[position:end].min()), 4)
            found.append(Span(words[position][0], words[end - 1][1], name[2:], score))
        position = end
    return found


def decode(
    windows: Sequence[Window], logits: Sequence[Floats], tags: Sequence[str], *, temperature: float = 1.0
) -> list[Span]:
    """The spans of a text from its windows and the logits [pieces, tags] of each; a word speaks by its first piece.

    Where windows overlap, a span belongs to the window that decides its first word, and none begins inside another.
    """
    found: list[Span] = []
    for window, scores in zip(windows, logits, strict=True):
        begin, end = window.words[window.decided[0]][0], window.words[window.decided[-1]][1]
        for span in spans(scores[window.firsts], window.words, tags, temperature=temperature):
            if begin <= span.start < end and (not found or span.start >= found[-1].end):
                found.append(span)
    return found
