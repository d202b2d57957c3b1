"""Holding another program to the vectors: started once, asked line by line, and never trusted.

The program may answer at once or only when it has read everything; it may die, hang, garble, answer twice, out of
order or without end. Each of these becomes a failure with words; none of them stops or blocks the run.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.testing.answers import Answer
from fhir_hr.testing.protocol import MAX_ANSWER, PACKS_VARIABLE, Request, read_answer

__all__ = ["Conversation", "Limits", "converse"]

_MOST_PROBLEMS = 50
_KEPT_ERRORS = 64 << 10
_GRACE = 2.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait, in seconds: for the next answer, and for all of them."""

    answer: float = 10.0
    total: float = 600.0


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """What a program answered.

    Attributes:
        answers: by request id; only the first to each request.
        problems: what was wrong with the conversation as a whole, in words.
        faults: by request id, what was wrong with its answer other than its content.
        stderr: the beginning of what it wrote there.
        seconds: how long it took.
    """

    answers: Mapping[str, Answer]
    problems: tuple[str, ...]
    faults: Mapping[str, str]
    stderr: str
    seconds: float


def converse(
    command: Sequence[str], requests: Sequence[Request], *, packs: Path, limits: Limits | None = None
) -> Conversation:
    """Start a program, ask it everything, and return what it said.

    Args:
        command: the program and its arguments; no shell is used.
        requests: what to ask, each with its own id.
        packs: folder of the compiled packs, told to the program by ``FHIR_HR_PACKS``.
        limits: how long to wait.

    Raises:
        UsageError: the program cannot be started.
    """
    if not command:
        msg = "no program was named; write it after --"
        raise UsageError(msg)
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, PACKS_VARIABLE: str(packs)},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        msg = f"the program {command[0]!r} cannot be started: {getattr(error, 'strerror', None) or error}"
        raise UsageError(msg) from error
    return _Talk(process, requests, limits or Limits()).run()


class _Talk:
    def __init__(self, process: subprocess.Popen[bytes], requests: Sequence[Request], limits: Limits) -> None:
        self._process = process
        self._requests = requests
        self._limits = limits
        self._place = {request.id: n for n, request in enumerate(requests)}
        self._open = set(self._place)
        self._latest = -1
        self._answers: dict[str, Answer] = {}
        self._problems: list[str] = []
        self._faults: dict[str, str] = {}
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=1024)
        self._stop = threading.Event()
        self._stderr = bytearray()

    def run(self) -> Conversation:
        began = time.monotonic()
        workers = [threading.Thread(target=work, daemon=True) for work in (self._write, self._read, self._read_errors)]
        for worker in workers:
            worker.start()
        try:
            self._listen(began)
        finally:
            self._end()
        for worker in workers:
            worker.join(timeout=_GRACE)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return Conversation(
            answers=self._answers,
            problems=tuple(self._problems),
            faults=self._faults,
            stderr=bytes(self._stderr[:_KEPT_ERRORS]).decode("utf-8", "replace"),
            seconds=time.monotonic() - began,
        )

    def _listen(self, began: float) -> None:
        number = 0
        while self._open:
            left = self._limits.total - (time.monotonic() - began)
            try:
                line = self._lines.get(timeout=max(0.0, min(self._limits.answer, left)))
            except queue.Empty:
                limit = self._limits.total if left <= self._limits.answer else self._limits.answer
                what = "all answers" if left <= self._limits.answer else "the next answer"
                self._problems.append(f"waited {limit:g} s for {what}; the program was stopped")
                return
            if line is None:
                self._problems.append(self._ended())
                return
            number += 1
            self._take(line, number)
            if len(self._problems) >= _MOST_PROBLEMS:
                self._problems.append("too much was wrong; the program was stopped")
                return
        self._after(number)

    def _take(self, line: bytes, number: int) -> None:
        if len(line) > MAX_ANSWER:
            self._problems.append(f"line {number} of its output is longer than {MAX_ANSWER} bytes; it was not read")
            return
        if not line.strip():
            return
        try:
            said = read_answer(line)
        except UsageError as error:
            self._problems.append(f"line {number} of its output {error}")
            return
        if said.id in self._open:
            place = self._place[said.id]
            if place < self._latest:
                self._faults[said.id] = "answered out of order: after a later request"
            self._latest = max(place, self._latest)
            self._open.remove(said.id)
            self._answers[said.id] = said.answer
        elif said.id in self._place:
            self._faults[said.id] = "answered twice"
        else:
            self._problems.append(f"line {number} of its output answers {said.id[:60]!r}, which was not asked")

    def _after(self, number: int) -> None:
        """Look at what the program says after its last answer: there should be nothing but its end."""
        with contextlib.suppress(queue.Empty):
            while (line := self._lines.get(timeout=_GRACE)) is not None:
                number += 1
                self._take(line, number)
                if len(self._problems) >= _MOST_PROBLEMS:
                    return

    def _ended(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_GRACE)
        code = self._process.poll()
        how = "closed its output" if code is None else f"ended with code {code}"
        return f"the program {how} before it had answered {len(self._open)} of {len(self._requests)} requests"

    def _write(self) -> None:
        pipe = _given(self._process.stdin)
        with contextlib.suppress(OSError, ValueError):
            for request in self._requests:
                pipe.write(msgspec.json.encode(request) + b"\n")
                pipe.flush()
        with contextlib.suppress(OSError):
            pipe.close()

    def _read(self) -> None:
        pipe = _given(self._process.stdout)
        with contextlib.suppress(OSError, ValueError):
            while line := pipe.readline(MAX_ANSWER + 2):
                self._put(line)
                while len(line) > MAX_ANSWER and not line.endswith(b"\n"):
                    line = pipe.readline(MAX_ANSWER + 2)
        self._put(None)

    def _put(self, line: bytes | None) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.2)
                return

    def _read_errors(self) -> None:
        pipe = _given(self._process.stderr)
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(pipe.fileno(), 1 << 16):
                if len(self._stderr) < _KEPT_ERRORS:
                    self._stderr += chunk

    def _end(self) -> None:
        """Let the program end by itself, else end it with all that it started."""
        if not self._open:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=_GRACE)
        self._stop.set()
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_GRACE)


def _given(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
