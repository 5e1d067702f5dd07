"""Viterbi finds the best of the valid sequences, and spans come back from them."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from annotations.document import Span
from models.decoding import decode, stretches, viterbi
from models.encoding import Window

TAGS = ("O", "B-GPE", "I-GPE", "B-DATE", "I-DATE")
logits = arrays.arrays(np.float32, st.tuples(st.integers(1, 4), st.just(5)), elements=st.integers(-9, 9).map(float))


def is_valid(path: tuple[int, ...], starts: set[int]) -> bool:
    return all(
        tag == 0 or tag % 2 or (before in (tag - 1, tag) and word not in starts)
        for word, (before, tag) in enumerate(zip((0, *path), path, strict=False))
    )


@given(logits, st.sets(st.integers(0, 3)))
def test_viterbi_is_the_best_valid_path(scores: np.ndarray, more: set[int]) -> None:
    starts = {0, *more}
    path = tuple(viterbi(scores, starts))
    every = [candidate for candidate in product(range(5), repeat=len(scores)) if is_valid(candidate, starts)]
    total = {candidate: sum(scores[word, tag] for word, tag in enumerate(candidate)) for candidate in every}
    assert path in total
    assert total[path] == max(total.values())


def test_spans_of_two_windows_that_overlap() -> None:
    words = [(0, 2), (3, 5), (6, 8), (9, 11)]
    same = {"ids": [1, 1, 1], "firsts": [0, 1, 2], "counts": [1, 1, 1], "starts": frozenset({0})}
    first = Window(words=words[:3], decided=range(2), **same)
    second = Window(words=words[1:], decided=range(1, 3), **same)
    sure = np.eye(5, dtype=np.float32) * 20
    found = decode([first, second], [sure[[0, 1, 2]], sure[[1, 2, 3]]], TAGS)
    assert found == [Span(3, 8, "GPE"), Span(9, 11, "DATE")]
    assert all(span.score is not None and span.score > 0.99 for span in found)


def test_a_score_is_among_valid_tags() -> None:
    """At a sentence's start the network would rather go on; where it must not, it is sure of the label."""
    window = Window(
        ids=[1, 1], words=[(0, 2), (3, 5)], firsts=[0, 1], counts=[1, 1], starts=frozenset({0, 1}), decided=range(2)
    )
    sure, goes_on = np.eye(5, dtype=np.float32)[3] * 20, np.array([0, 0, 0, 10, 20], dtype=np.float32)
    (_, second) = decode([window], [np.stack([sure, goes_on])], TAGS)
    assert second == Span(3, 5, "DATE") and second.score is not None and second.score > 0.99


def test_stretches_bridge_no_gap() -> None:
    names = ["B-GPE", "I-GPE", "O", "I-GPE", "B-DATE", "B-DATE", "I-GPE"]
    assert list(stretches(names)) == [(0, 2, "GPE"), (3, 4, "GPE"), (4, 5, "DATE"), (5, 6, "DATE"), (6, 7, "GPE")]
