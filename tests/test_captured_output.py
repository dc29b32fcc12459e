"""Capturing what a program writes: bounded in memory, whole in its file."""

from __future__ import annotations

import io
import tracemalloc

from prefect_luthier.captured_output import LINE_CHARACTERS, SHOWN_LINES, OutputCapture
from prefect_luthier.masking import Masker


def test_lines_are_passed_on_as_soon_as_they_are_complete():
    """A line is shown when its end arrives, the last one at the end of the stream."""
    lines: list[str] = []
    capture = OutputCapture(lines.append)
    capture.feed(b"one\ntw")
    assert lines == ["one"]
    capture.feed(b"o\r\nthree")
    assert lines == ["one", "two"]
    output = capture.finish()
    assert lines == ["one", "two", "three"]
    assert output.text == "one\ntwo\r\nthree"
    assert output.tail == ("one", "two", "three")


def test_a_hundred_megabytes_in_one_line_do_not_fill_the_memory():
    """The file gets everything; memory, line and text stay short, and the cut is stated."""
    lines: list[str] = []

    class Counter(io.RawIOBase):
        size = 0

        def write(self, data) -> int:
            self.size += len(data)
            return len(data)

    file = Counter()
    piece = b"x" * 65536
    tracemalloc.start()
    capture = OutputCapture(lines.append, file, keep_bytes=1000)
    for _ in range(1600):
        capture.feed(piece)
    output = capture.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert file.size == output.size_bytes == 1600 * 65536
    assert peak < 2_000_000
    assert len(lines) == 1
    assert lines[0].startswith("x" * LINE_CHARACTERS + " [cut: a line of ")
    assert output.truncated
    assert output.text == "x" * 1000 + f"\n[cut: the first 1000 of {1600 * 65536} bytes]"


def test_only_so_many_lines_are_shown():
    """After the last shown line one line says that there are more."""
    lines: list[str] = []
    capture = OutputCapture(lines.append)
    for _ in range(10):
        capture.feed(b"y\n" * 2000)
    output = capture.finish()
    assert len(lines) == SHOWN_LINES + 1
    assert "more than" in lines[-1]
    assert output.size_bytes == 40_000


def test_bytes_that_are_no_text_are_replaced():
    """Invalid UTF-8 and NUL cannot be stored as text."""
    capture = OutputCapture()
    capture.feed(b"a\xff\0b")
    assert capture.finish().text == "a\ufffd\ufffdb"


def test_secrets_are_masked_before_anything_sees_them():
    """Neither the file nor a line nor the kept text holds a secret cut in two."""
    lines: list[str] = []
    file = io.BytesIO()
    capture = OutputCapture(lines.append, file, Masker(["hunter2"]))
    capture.feed(b"pass hun")
    capture.feed(b"ter2 end\n")
    assert capture.finish().text == "pass *** end\n"
    assert lines == ["pass *** end"]
    assert file.getvalue() == b"pass *** end\n"
