"""Text to windows of piece ids, and spans to tags of words. Offsets count code points of the text as given."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tokenizers import Encoding, Tokenizer

from annotations.document import Span
from models.sentences import split
from models.tokenization import WORDS

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of text as the network sees it.

    ids [pieces] with special tokens; for each word its offsets in the text, `firsts` its first piece, `counts` its
    pieces. `starts` are the words before which no span goes on: the window's first and those that begin a sentence.
    Words outside of `decided` are context: a neighbouring window decides them.
    """

    ids: list[int]
    words: list[tuple[int, int]]
    firsts: list[int]
    counts: list[int]
    starts: frozenset[int]
    decided: range


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    ids: list[int]


class WindowEncoder:
    """Cuts text into windows of at most `size` pieces: whole sentences together, and a sentence longer than that into
    windows that overlap by half, so that every word is decided with context on both sides. No word is left out: one
    that has more pieces than `size` gets a window of its own length."""

    def __init__(self, tokenizer: Tokenizer, *, size: int) -> None:
        self.tokenizer = tokenizer
        probe: Encoding = tokenizer.encode(["а"], is_pretokenized=True)
        own = [position for position, special in enumerate(probe.special_tokens_mask) if not special]
        self.before, self.after = probe.ids[: own[0]], probe.ids[own[-1] + 1 :]
        self.size = size - len(self.before) - len(self.after)
        if self.size < 2:
            raise ValueError(f"a window of {size} pieces has no room beside its special tokens")

    def encode(self, text: str) -> list[Window]:
        """The windows of a text, in order; each of its words is decided in exactly one."""
        spans = split(text)
        words = [WORDS.pre_tokenize_str(text[start:end]) for start, end in spans]
        encodings = self.tokenizer.encode_batch(
            [[word for word, _ in sentence] for sentence in words], is_pretokenized=True, add_special_tokens=False
        )
        sentences = [
            _pieces(encoding, sentence, start)
            for encoding, sentence, (start, _) in zip(encodings, words, spans, strict=True)
        ]
        return list(self._windows(sentences))

    def _windows(self, sentences: Iterable[list[_Word]]) -> Iterator[Window]:
        together: list[_Word] = []
        starts: list[int] = []
        room = self.size
        for sentence in sentences:
            length = sum(len(word.ids) for word in sentence)
            if length > room and together:
                yield self._window(together, starts, range(len(together)))
                together, starts, room = [], [], self.size
            if length > room:
                yield from self._overlapping(sentence)
            else:
                starts.append(len(together))
                together, room = together + sentence, room - length
        if together:
            yield self._window(together, starts, range(len(together)))

    def _overlapping(self, words: list[_Word]) -> Iterator[Window]:
        first = decided = 0
        while decided < len(words):
            end, used = first, 0
            while end < len(words) and (end == first or used + len(words[end].ids) <= self.size):
                used += len(words[end].ids)
                end += 1
            if end <= decided:  # long words left no room for what is still to be decided: without those before it
                first = decided
                continue
            last = len(words) if end == len(words) else max((first + 3 * end) // 4, decided + 1)
            yield self._window(words[first:end], [0], range(decided - first, last - first))
            first, decided = max((first + end) // 2, first + 1) if last < len(words) else last, last

    def _window(self, words: Sequence[_Word], starts: list[int], decided: range) -> Window:
        ids = list(self.before)
        firsts = []
        for word in words:
            firsts.append(len(ids))
            ids += word.ids
        return Window(
            ids=ids + self.after,
            words=[(word.start, word.end) for word in words],
            firsts=firsts,
            counts=[len(word.ids) for word in words],
            starts=frozenset(starts),
            decided=decided,
        )


def _pieces(encoding: Encoding, words: list[tuple[str, tuple[int, int]]], offset: int) -> list[_Word]:
    """The words of a sentence with their pieces. Words that normalise to nothing (zero-width characters) fall away."""
    grouped: list[list[int]] = [[] for _ in words]
    for piece, word in zip(encoding.ids, encoding.word_ids, strict=True):
        if word is not None:
            grouped[word].append(piece)
    return [
        _Word(start + offset, end + offset, ids) for (_, (start, end)), ids in zip(words, grouped, strict=True) if ids
    ]


def tag(window: Window, spans: Iterable[Span], tags: Sequence[str]) -> tuple[list[int], list[Span]]:
    """IOB2 tag numbers of a window's words, and the spans that they cannot represent: those with an edge inside a word
    or outside of the window, that go on into another sentence, or that overlap another.

    Words under a span that is lost are IGNORED, so that nobody learns O from them.
    """
    number = {name: position for position, name in enumerate(tags)}
    begins = {start: position for position, (start, _) in enumerate(window.words)}
    ends = {end: position for position, (_, end) in enumerate(window.words)}
    result = [0] * len(window.words)
    lost = []
    for span in spans:
        first, last = begins.get(span.start), ends.get(span.end)
        if (
            first is not None
            and last is not None
            and window.starts.isdisjoint(range(first + 1, last + 1))
            and not any(result[first : last + 1])
        ):
            inside = number[f"I-{span.label}"]
            result[first : last + 1] = [number[f"B-{span.label}"]] + [inside] * (last - first)
        else:
            lost.append(span)
            for position, (start, end) in enumerate(window.words):
                if start < span.end and span.start < end:
                    result[position] = result[position] or IGNORED
    return result, lost
