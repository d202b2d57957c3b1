"""Three picture archives as peers of the tests: Orthanc with DICOMweb, dcmqrscp (dcmtk) and pynetdicom's qrscp.

Each starts on this machine with a temporary folder and free ports, and is gone at the end. Each is a context manager
with the same words::

    with Orthanc() as archive:
        archive.store(datasets)              # C-STORE
        archive.host, archive.port           # DIMSE
        archive.called_ae, archive.calling_ae
        archive.dicomweb                     # root of the DICOMweb service; Orthanc only

Nobody from outside can read what is in them: qrscp listens on loopback; Orthanc and dcmqrscp listen everywhere (they
cannot do otherwise), but answer only to the one peer that their configuration names, at 127.0.0.1, and Orthanc's web
service only to this machine. Programs that are missing are brought by ``install_pacs.sh``, once.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# conftest.py loads the validator first: its exceptions and its lock serve here as well.
java_peer = sys.modules["fhir_hr_peer_validator"]
PeerUnavailable: type[RuntimeError] = java_peer.PeerUnavailable
PeerFailed: type[RuntimeError] = java_peer.PeerFailed

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "pacs"
LOOPBACK = "127.0.0.1"
CALLING_AE = "FHIRHR"
_PLUGIN = "usr/share/orthanc/plugins/libOrthancDicomWeb.so"
_ATTEMPTS = 3  # another process may take a free port between looking and listening


class Archive:
    """What the three have in common.

    Args:
        patience: seconds that the start may take.

    Attributes:
        called_ae, calling_ae: its AE title and the only one that it answers to.
        move_port: where it sends to when ``calling_ae`` is the destination of a C-MOVE or of a commitment report.
    """

    name = ""
    called_ae = ""
    calling_ae = CALLING_AE
    host = LOOPBACK

    def __init__(self, *, patience: float = 30) -> None:
        self.port = 0
        self.move_port = 0
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._stack.close()

    @property
    def log(self) -> str:
        """What the archive wrote until now."""
        path = self.folder / "log.txt"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def store(self, datasets: Iterable[Dataset]) -> int:
        """Send objects by C-STORE; returns how many.

        Raises:
            PeerFailed: one was not stored.
        """
        from pynetdicom import AE

        wanted = list(datasets)
        ae = AE(ae_title=self.calling_ae)
        for sop_class, syntax in {(d.SOPClassUID, d.file_meta.TransferSyntaxUID) for d in wanted}:
            ae.add_requested_context(sop_class, syntax)
        association = ae.associate(self.host, self.port, ae_title=self.called_ae)
        if not association.is_established:
            raise PeerFailed(f"{self.name} takes no association for C-STORE: {self.log[-1000:]}")
        try:
            for number, each in enumerate(wanted, 1):
                status = association.send_c_store(each)
                if status.get("Status") not in (0x0000, 0xB000, 0xB007):
                    raise PeerFailed(f"{self.name} did not store object {number}: {status} {self.log[-1000:]}")
        finally:
            association.release()
        return len(wanted)

    def _configure(self) -> tuple[list[str], Mapping[str, str]]:
        """Write the configuration for ``port`` and ``move_port``; returns command and environment."""
        raise NotImplementedError

    def _start(self) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            self._choose_ports()
            command, environment = self._configure()
            with (self.folder / "log.txt").open("wb") as log:
                self._process = subprocess.Popen(
                    _ending_with_us(command),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                    env={**os.environ, **environment},
                )
            if self._wait():
                return
            self._end()
            if attempt == _ATTEMPTS:
                raise PeerFailed(f"{self.name} did not start: {self.log[-2000:].strip()}")

    def _choose_ports(self) -> None:
        self.port, self.move_port = free_ports(2)

    def _wait(self) -> bool:
        """Wait until the archive answers; ``False`` when it ended or was too slow."""
        assert self._process is not None
        end = time.monotonic() + self._patience
        while time.monotonic() < end and self._process.poll() is None:
            if _listens(self.port) and self._answers():
                return True
            time.sleep(0.1)
        return False

    def _answers(self) -> bool:
        from pynetdicom import AE

        ae = AE(ae_title=self.calling_ae)
        ae.add_requested_context("1.2.840.10008.1.1")
        association = ae.associate(self.host, self.port, ae_title=self.called_ae)
        if not association.is_established:
            return False
        status = association.send_c_echo()
        association.release()
        return bool(status and status.Status == 0)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Orthanc(Archive):
    """Orthanc with its DICOMweb plugin, as Debian builds them.

    Args:
        encoding: ``DefaultEncoding``; ``Latin1`` is what Debian configures, and loses Chinese.
        options: further settings, e.g. ``{"LimitFindResults": 5}``.

    Attributes:
        dicomweb: root of its DICOMweb service, without a slash at the end.
        rest: root of its own REST service.
    """

    name = "Orthanc"
    called_ae = "ORTHANC"

    def __init__(
        self, *, encoding: str = "Utf8", options: Mapping[str, object] | None = None, patience: float = 30
    ) -> None:
        super().__init__(patience=patience)
        self.http_port = 0
        self._encoding = encoding
        self._options = dict(options or {})
        self._http = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @property
    def rest(self) -> str:
        return f"http://{self.host}:{self.http_port}"

    @property
    def dicomweb(self) -> str:
        return f"{self.rest}/dicom-web"

    @property
    def version(self) -> str:
        return str(json.loads(self.get("/system"))["Version"])

    def get(self, path: str) -> bytes:
        """Return the body of a GET below ``rest``."""
        with self._http.open(self.rest + path, timeout=30) as answer:
            body: bytes = answer.read()
        return body

    def post(self, path: str, body: bytes) -> bytes:
        """Post a body below ``rest``; ``/instances`` takes a DICOM file as it is."""
        request = urllib.request.Request(self.rest + path, data=body, method="POST")
        with self._http.open(request, timeout=30) as answer:
            content: bytes = answer.read()
        return content

    def store_files(self, files: Iterable[bytes]) -> int:
        """Store DICOM files byte for byte, faster than by C-STORE; returns how many."""
        return sum(1 for each in files if self.post("/instances", each))

    def _choose_ports(self) -> None:
        self.port, self.move_port, self.http_port = free_ports(3)

    def _configure(self) -> tuple[list[str], Mapping[str, str]]:
        program, environment = find_program("Orthanc")
        database = self.folder / "db"
        database.mkdir(exist_ok=True)
        settings: dict[str, Any] = {
            "Name": "test",
            "StorageDirectory": str(database),
            "IndexDirectory": str(database),
            "Plugins": [str(find_file(_PLUGIN))],
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAet": self.called_ae,
            "DicomCheckCalledAet": True,
            "DicomPort": self.port,
            "DicomCheckModalityHost": True,
            "DicomAlwaysAllowEcho": False,
            "DicomAlwaysAllowStore": False,
            "DicomModalities": {"hr": [self.calling_ae, LOOPBACK, self.move_port]},
            "DefaultEncoding": self._encoding,
            "UnknownSopClassAccepted": True,
            "StableAge": 2,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps({**settings, **self._options}), "utf-8")
        return [program, "--verbose", str(path)], environment

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            self.get("/system")
            return super()._answers()
        return False


class Dcmqrscp(Archive):
    """The query/retrieve server of dcmtk."""

    name = "dcmqrscp"
    called_ae = "DCMQRSCP"

    def _configure(self) -> tuple[list[str], Mapping[str, str]]:
        program, environment = find_program("dcmqrscp")
        storage = self.folder / "storage"
        storage.mkdir(exist_ok=True)
        path = self.folder / "dcmqrscp.cfg"
        path.write_text(
            f"NetworkTCPPort = {self.port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
            f"HostTable BEGIN\nhr = ({self.calling_ae}, localhost, {self.move_port})\nHostTable END\n"
            "VendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\n{self.called_ae} {storage} RW (1000, 1024mb) hr\nAETable END\n",
            "utf-8",
        )
        return [program, "-v", "-c", str(path)], environment


class Qrscp(Archive):
    """The query/retrieve server that comes with pynetdicom."""

    name = "qrscp"
    called_ae = "QRSCP"

    def _configure(self) -> tuple[list[str], Mapping[str, str]]:
        if importlib.util.find_spec("sqlalchemy") is None:
            raise PeerUnavailable("sqlalchemy not found; it is in the dependency group 'test'")
        path = self.folder / "qrscp.ini"
        path.write_text(
            f"[DEFAULT]\nae_title: {self.called_ae}\nport: {self.port}\nmax_pdu: 16382\n"
            "acse_timeout: 30\ndimse_timeout: 30\nnetwork_timeout: 30\n"
            f"bind_address: {LOOPBACK}\n"
            f"instance_location: {self.folder / 'instances'}\ndatabase_location: {self.folder / 'index.sqlite'}\n"
            f"log_identifier: False\n[{self.calling_ae}]\naddress: {LOOPBACK}\nport: {self.move_port}\n",
            "utf-8",
        )
        return [sys.executable, "-W", "ignore", "-m", "pynetdicom", "qrscp", "-v", "-c", str(path)], {}


def free_ports(count: int) -> tuple[int, ...]:
    """Return free ports on loopback, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return tuple(each.getsockname()[1] for each in sockets)


def find_program(name: str) -> tuple[str, Mapping[str, str]]:
    """Return a program's path and the environment that it needs; brings it when it is missing.

    Raises:
        PeerUnavailable: it is not there and cannot be brought; says why.
    """
    for install in (True, False):
        found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"]))
        if found is not None:
            return found, {}
        for folder in ("usr/sbin", "usr/bin"):
            held = CACHE / "root" / folder / name
            if held.exists():
                return str(held), _environment(CACHE / "root")
        if install:
            _install(name)
    raise PeerUnavailable(f"{name} not found")


def find_file(path: str) -> Path:
    """Return a file of the packages, of the system or of the cache."""
    for root in (Path("/"), CACHE / "root"):
        if (root / path).exists():
            return root / path
    _install(path)
    for root in (Path("/"), CACHE / "root"):
        if (root / path).exists():
            return root / path
    raise PeerUnavailable(f"{path} not found")


def _install(wanted: str) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with java_peer._locked(CACHE / "lock"):
        result = subprocess.run(
            [str(HERE / "install_pacs.sh")], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    if result.returncode != 0:
        raise PeerUnavailable(f"{wanted} not found, and not brought: {(result.stdout + result.stderr)[-1000:].strip()}")


def _environment(root: Path) -> Mapping[str, str]:
    """Return where unpacked programs find their libraries and the DICOM dictionary."""
    # Packages that say /lib are unpacked there: only on an installed system is it the same as /usr/lib.
    bases = [root / "usr" / "lib", root / "lib"]
    folders = [str(each) for base in bases for each in (base / f"{platform.machine()}-linux-gnu", base)]
    folders.append(os.environ.get("LD_LIBRARY_PATH", ""))
    found = {"LD_LIBRARY_PATH": os.pathsep.join(each for each in folders if each)}
    dictionaries = [*root.glob("usr/share/libdcmtk*/*.dic"), *Path("/").glob("usr/share/libdcmtk*/*.dic")]
    if dictionaries:
        found["DCMDICTPATH"] = os.pathsep.join(str(each) for each in dictionaries)
    return found


def _ending_with_us(command: list[str]) -> list[str]:
    """Let a server end when this process dies, where the system can."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else command


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False
