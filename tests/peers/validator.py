"""The official FHIR validator (HL7 InstanceValidator, HAPI 8.8.1) as a peer of the tests.

One JVM per release stays alive for the session; its jars come from Maven once and are kept in the cache
folder of the checkout. Use it as a context manager::

    with OfficialValidator("R4", definitions=[package]) as validator:
        errors = [m for m in validator.validate(path) if m.severity in ("error", "fatal")]
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".cache" / "validator"
_SOURCES = HERE / "validator"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


class PeerUnavailable(RuntimeError):  # noqa: N818 - a state of the machine, not a fault
    """The peer cannot run here; the text names what is missing."""


class PeerFailed(RuntimeError):  # noqa: N818 - as above
    """The peer ran and broke: it died, was too slow, or answered with an error of its own."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of the validator: severity is fatal, error, warning or information."""

    severity: str
    location: str
    message_id: str
    text: str
    line: int | None
    column: int | None

    @property
    def is_error(self) -> bool:
        """Whether the resource is invalid because of it."""
        return self.severity in ("error", "fatal")

    def __str__(self) -> str:
        return f"{self.severity} {self.location} [{self.message_id}] {self.text}"


def end(process: subprocess.Popen[Any]) -> None:
    """End a peer that stops when its input ends; kill it when it does not."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


class OfficialValidator:
    """The official validator for one release.

    Args:
        release: ``R4`` or ``R5``.
        definitions: folders or FHIR packages (.tgz) with own profiles and terminology.
        timeout: seconds that one answer may take; the first one includes loading the core definitions.
    """

    def __init__(self, release: str, *, definitions: Sequence[Path] = (), timeout: float = 300) -> None:
        self.release = release
        self.definitions = tuple(definitions)
        self.loaded = 0
        self._timeout = timeout
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._folder = contextlib.ExitStack()

    def __enter__(self) -> OfficialValidator:
        java = _program("java")
        classpath = _classpath()
        work = self._folder.enter_context(tempfile.TemporaryDirectory())
        self._work = Path(work)
        command = [java, "-Xmx2g", "-XX:+UseSerialGC", f"-Duser.home={work}", "-Dfile.encoding=UTF-8"]
        command += ["-cp", classpath, "Validate", self.release, *(str(d.resolve()) for d in self.definitions)]
        self._stderr = self._folder.enter_context((self._work / "stderr.txt").open("w+", encoding="utf-8"))
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="utf-8",
        )
        try:
            self.loaded = int(self._read()["definitions"])
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            end(process)
        self._folder.close()

    def validate(self, resource: bytes | Path, *, profiles: Sequence[str] = ()) -> list[Message]:
        """Return what the validator says about a JSON or XML resource, against its own and `profiles`."""
        answer = self._ask(resource, op="validate", profiles=list(profiles))
        return [
            Message(
                severity=m["severity"],
                location=m["location"] or "",
                message_id=m["id"] or "",
                text=m["text"] or "",
                line=m["line"],
                column=m["column"],
            )
            for m in answer["messages"]
        ]

    def errors(self, resource: bytes | Path, *, profiles: Sequence[str] = ()) -> list[str]:
        """Return only the errors of `validate`, each as one line."""
        return [str(m) for m in self.validate(resource, profiles=profiles) if m.is_error]

    def snapshot(self, structure_definition: Path) -> dict[str, Any]:
        """Return the StructureDefinition with the snapshot that the reference generator makes of it."""
        resource: dict[str, Any] = self._ask(structure_definition, op="snapshot")["resource"]
        return resource

    def evaluate(self, expression: str, resource: bytes | Path) -> list[str]:
        """Return the results of a FHIRPath expression, each as its type and its JSON."""
        return [str(r) for r in self._ask(resource, op="evaluate", expression=expression)["results"]]

    def check_expression(self, expression: str, *, type_name: str, context: str) -> list[str]:
        """Return the types that the reference type checker derives for a FHIRPath expression.

        Raises:
            PeerFailed: the expression is not well-typed, e.g. it names an element that is not there.
        """
        request = {"op": "check", "type": type_name, "context": context, "expression": expression}
        return [str(t) for t in self._request(request)["types"]]

    def _ask(self, resource: bytes | Path, **request: Any) -> dict[str, Any]:
        if isinstance(resource, Path):
            return self._request({**request, "path": str(resource.resolve())})
        path = self._work / "resource"
        path.write_bytes(resource)
        return self._request({**request, "path": str(path)})

    def _request(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if self._process is None or self._process.stdin is None:
                raise PeerFailed("the validator is not running")
            try:
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
            except BrokenPipeError as error:
                raise PeerFailed(f"the validator died: {self._last_words()}") from error
            answer = self._read()
        if "error" in answer:
            raise PeerFailed(str(answer["error"]))
        return answer

    def _read(self) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        watch = threading.Timer(self._timeout, process.kill)
        watch.start()
        try:
            line = process.stdout.readline()
        finally:
            watch.cancel()
        if not line:
            raise PeerFailed(f"the validator died or took over {self._timeout:.0f} s: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        self._stderr.flush()
        self._stderr.seek(0)
        return self._stderr.read()[-2000:].strip()


def _classpath() -> str:
    """Return the class path, once jars and class are in the cache; safe beside another process."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with _locked(CACHE / "lock"):
        lib = CACHE / "lib"
        _make(lib, _digest(_SOURCES / "pom.xml"), _copy_jars)
        classes = CACHE / "classes"
        _make(classes, _digest(_SOURCES / "pom.xml", _SOURCES / "Validate.java"), _compile)
    return f"{classes}:{lib}/*"


def _make(target: Path, stamp: str, build: Any) -> None:
    marker = target / "stamp.txt"
    if marker.exists() and marker.read_text("utf-8") == stamp:
        return
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    build(partial)
    (partial / "stamp.txt").write_text(stamp, "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _copy_jars(target: Path) -> None:
    command = [
        _program("mvn"),
        "-q",
        "-B",
        "-f",
        str(_SOURCES / "pom.xml"),
        _COPY,
        f"-DoutputDirectory={target}",
    ]
    _run(command, what="Maven could not collect the validator")


def _compile(target: Path) -> None:
    command = [
        _program("javac"),
        "-nowarn",
        "-encoding",
        "UTF-8",
        "-cp",
        f"{CACHE / 'lib'}/*",
        "-d",
        str(target),
    ]
    _run([*command, str(_SOURCES / "Validate.java")], what="javac failed")


def _run(command: list[str], *, what: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise PeerUnavailable(f"{what}: {(result.stdout + result.stderr)[-2000:].strip()}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PeerUnavailable(f"{name} not found")
    return found


def _digest(*paths: Path) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
