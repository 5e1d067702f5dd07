"""The encoding of a file of Kazakh or Russian text: UTF-8, UTF-16 with a byte order mark, Windows-1251 or KZ-1048.

Windows-1251 and KZ-1048 differ in 16 bytes: Kazakh letters in the one, Ukrainian, Belarusian, Serbian and Macedonian
letters in the other. General detectors take short Kazakh texts for Windows-1251, where `Үкімет үйі` is `Їкімет їйі`.
Here texts are Kazakh or Russian, and neither language has those letters: a text with one of these bytes is KZ-1048, and
any other is the same in both.
"""

import codecs
import io
import logging
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any

logger = logging.getLogger(__name__)

PIECE = io.DEFAULT_BUFFER_SIZE  # bytes of a stream that are decoded together
UTF_8 = "utf-8"
NAMES = {UTF_8: "UTF-8", "utf-16": "UTF-16", "cp1251": "Windows-1251", "kz1048": "KZ-1048"}

_MARKS = {codecs.BOM_UTF8: UTF_8, codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LOWER, _UPPER = "а-яёәғқңөұүһі", "А-ЯЁӘҒҚҢӨҰҮҺІ"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_SHAPE = re.compile(rf"[{_UPPER}]?[{_LOWER}]+|[{_UPPER}]+")
_MOST = 0.8  # of the letters that are not ASCII stand in words of one case pattern: names such as ҚазТАГ do not


def detect(content: bytes) -> str:
    """The codec that decodes a text, by Python's name for it: that of UTF-8 for a text in none of the four."""
    return _marked(content) or _unmarked(content)


def decode(content: bytes, codec: str) -> str:
    """The text without its byte order mark. Raises UnicodeDecodeError."""
    text = content.decode(codec)
    return text.removeprefix("\ufeff") if codec == UTF_8 else text  # that of UTF-16 is gone already


def tell(name: str, codec: str) -> None:
    """Log that a file is read in another encoding than UTF-8."""
    if codec != UTF_8:
        logger.warning("%s is read as %s", name, NAMES[codec])


def as_utf8(name: str, file: IO[bytes]) -> IO[bytes]:
    """A stream in UTF-8 without its byte order mark, whatever its encoding, which is told as `tell` does.

    The first piece that is not ASCII decides. Bytes that are no text in that encoding are not UTF-8 in what is read
    either, so that the row that holds them can be refused. Reading raises EOFError for half a character at the end.
    """
    return io.BufferedReader(_Chunks(_recoded(name, file)))


class _Chunks(io.RawIOBase):
    """Chunks of bytes as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or memoryview(next(filter(None, self._chunks), b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _recoded(name: str, file: IO[bytes]) -> Iterator[bytes]:
    pieces = iter(lambda: file.read(PIECE), b"")
    first = next(pieces, b"")
    codec = _marked(first)
    for piece in chain([first.removeprefix(codecs.BOM_UTF8)], pieces):
        if codec is None and piece.isascii():
            yield piece
            continue
        if codec is None:
            piece += next(pieces, b"")  # it may begin with the last letter of this one
            codec = _unmarked(piece)
        tell(name, codec)
        rest = chain([piece], pieces)
        yield from rest if codec == UTF_8 else _in_utf8(rest, codec)
        return


def _in_utf8(pieces: Iterable[bytes], codec: str) -> Iterator[bytes]:
    # What cannot be decoded becomes a lone surrogate, which these handlers write as bytes that are not UTF-8.
    errors = "surrogatepass" if codec == "utf-16" else "surrogateescape"
    decoder = codecs.getincrementaldecoder(codec)(errors)
    for piece in pieces:
        yield decoder.decode(piece).encode(UTF_8, errors)
    try:
        yield decoder.decode(b"", final=True).encode(UTF_8, errors)
    except UnicodeDecodeError as error:
        raise EOFError(f"half a character at its end: {error.reason}") from None


def _marked(content: bytes) -> str | None:
    return next((codec for mark, codec in _MARKS.items() if content.startswith(mark)), None)


def _unmarked(content: bytes) -> str:
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(content)  # which may end within a letter
    except UnicodeDecodeError:
        text = content.decode("kz1048", "replace")
        if _is_plausible(text):
            return "cp1251" if text == content.decode("cp1251", "replace") else "kz1048"
    return UTF_8


def _is_plausible(text: str) -> bool:
    """Whether text that was decoded as KZ-1048 is Kazakh or Russian: its words keep one case pattern and are mostly in
    small letters, which those of UTF-8, KOI8-R and code page 866 are not when they are read so."""
    words = [word for word in _LETTERS.findall(text) if not word.isascii()]
    shaped = sum(len(word) for word in words if _SHAPE.fullmatch(word))
    small = sum(letter.islower() for word in words for letter in word)
    letters = sum(map(len, words))
    return letters > 0 and shaped >= _MOST * letters and 2 * small >= letters and not _CONTROL.search(text)
