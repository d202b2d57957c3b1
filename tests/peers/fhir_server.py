"""A FHIR server (HAPI FHIR JPA 8.8.0, its database in memory) on loopback as a peer of the tests.

Its jars come from Maven once and are kept in the cache folder of the checkout. Use it as a context manager::

    with FhirServer("R4") as server:
        response = server.transaction(body)
        patients = server.count("Patient")
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

# conftest.py loads the validator first: Maven, javac and the cache are used in the same way.
java_peer = sys.modules["fhir_hr_peer_validator"]

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "fhir-server"
_SOURCES = HERE / "server"
_PAGE = 200  # the most that the server gives in one answer


class Refused(AssertionError):  # noqa: N818 - named for what the server did
    """The server answered with another status than 200 or 201; the text is its OperationOutcome."""


class FhirServer:
    """One server for one release; it starts empty and forgets everything at the end.

    Args:
        release: ``R4`` or ``R5``.
        patience: seconds that the start, and any one answer, may take.
    """

    def __init__(self, release: str, *, patience: float = 240) -> None:
        self.release = release
        self.base = ""
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = contextlib.ExitStack()
        # No proxy of the environment may come between: the server is on this machine.
        self._http = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self) -> FhirServer:
        java = java_peer._program("java")
        classes, lib = _parts()
        work = Path(self._folder.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self._stderr = self._folder.enter_context((work / "stderr.txt").open("w+", encoding="utf-8"))
        address = work / "address.txt"
        command = [java, "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8"]
        command += [f"-Duser.home={work}", f"-Djava.io.tmpdir={work}"]
        command += [f"-Dlogback.configurationFile={_SOURCES / 'logback.xml'}"]
        command += ["-cp", f"{classes}:{lib}/*", "FhirServer", self.release, str(address)]
        # It ends when its input ends, so it ends with this process whatever happens to it.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._stderr, cwd=work
        )
        try:
            self.base = self._address(address)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            java_peer.end(process)
        self._folder.close()

    def transaction(self, body: bytes) -> dict[str, Any]:
        """Post a transaction Bundle and return the response Bundle.

        Raises:
            Refused: the server did not accept it as a whole.
        """
        return self._ask("POST", "", body)

    def put(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Store a resource under its own id."""
        body = json.dumps(resource, ensure_ascii=False).encode()
        return self._ask("PUT", f"/{resource['resourceType']}/{resource['id']}", body)

    def count(self, resource_type: str) -> int:
        """Return how many resources of a type there are."""
        return int(self._ask("GET", f"/{resource_type}?_summary=count")["total"])

    def search(self, resource_type: str, parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return what a search finds; numbers with a fraction are ``Decimal`` with the digits that were sent."""
        query = urllib.parse.urlencode({"_count": str(_PAGE), **(parameters or {})})
        found = self._ask("GET", f"/{resource_type}?{query}")
        assert not [link for link in found.get("link", ()) if link["relation"] == "next"], "more than one page"
        return [entry["resource"] for entry in found.get("entry", ())]

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json; charset=utf-8"}
        request = urllib.request.Request(self.base + path, data=body, method=method, headers=headers)
        try:
            with self._http.open(request, timeout=self._patience) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode("utf-8", "replace")
            msg = f"{method} {path or '/'}: HTTP {error.code}: {text[:2000]}"
            raise Refused(msg) from error
        except OSError as error:
            raise java_peer.PeerFailed(f"the FHIR server does not answer: {self._last_words()}") from error
        result: dict[str, Any] = json.loads(content, parse_float=Decimal)
        return result

    def _address(self, file: Path) -> str:
        process = self._process
        assert process is not None
        end = time.monotonic() + self._patience
        while not file.exists():
            if process.poll() is not None:
                raise java_peer.PeerFailed(f"the FHIR server died at its start: {self._last_words()}")
            if time.monotonic() > end:
                raise java_peer.PeerFailed(f"the FHIR server took over {self._patience:.0f} s to start")
            time.sleep(0.2)
        return file.read_text("utf-8")

    def _last_words(self) -> str:
        self._stderr.flush()
        self._stderr.seek(0)
        return self._stderr.read()[-2000:].strip()


def _parts() -> tuple[Path, Path]:
    """Return the folders of classes and jars, once they are in the cache; safe beside another process."""
    CACHE.mkdir(parents=True, exist_ok=True)
    classes, lib = CACHE / "classes", CACHE / "lib"
    with java_peer._locked(CACHE / "lock"):
        java_peer._make(lib, java_peer._digest(_SOURCES / "pom.xml"), _copy_jars)
        java_peer._make(classes, java_peer._digest(*sorted(_SOURCES.glob("*.*"))), _compile)
    return classes, lib


def _copy_jars(target: Path) -> None:
    command = [java_peer._program("mvn"), "-q", "-B", "-f", str(_SOURCES / "pom.xml")]
    command += [java_peer._COPY, f"-DoutputDirectory={target}"]
    java_peer._run(command, what="Maven could not collect the FHIR server")


def _compile(target: Path) -> None:
    command = [java_peer._program("javac"), "-nowarn", "-encoding", "UTF-8"]
    command += ["-cp", f"{CACHE / 'lib'}/*", "-d", str(target), str(_SOURCES / "FhirServer.java")]
    java_peer._run(command, what="javac failed")
