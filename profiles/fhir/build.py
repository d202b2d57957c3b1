"""Builds the FHIR profiles: one FSH source, R4 and R5, JSON with snapshots, one package each.

    python profiles/fhir/build.py --release all            write r4/, r5/ and dist/
    python profiles/fhir/build.py --release all --check    fail when the committed files differ
    python profiles/fhir/build.py --release all --canonical https://authority.example/fhir --out DIR

Needs Node with npm, pip and (for the terminology and R5 core packages) Maven; what it obtains is pinned,
checked and kept under ``.cache/``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:  # so that the script also runs when it is loaded as a module
    sys.path.insert(0, str(HERE))

from tooling import fetch, fsh, pack, tables  # noqa: E402

CACHE = HERE.parents[1] / ".cache"


def read_config(canonical: str | None = None) -> dict[str, Any]:
    """Return ``config.json``, with its canonical base replaced when one is given.

    Raises:
        ValueError: the base is not an absolute http(s) address, or ends in a slash.
    """
    config: dict[str, Any] = json.loads((HERE / "config.json").read_text("utf-8"))
    if canonical is not None:
        if not canonical.startswith(("http://", "https://")) or canonical.endswith("/"):
            raise ValueError(f"--canonical {canonical!r}: an http(s) address without a final slash is needed")
        config["canonical"] = canonical
    return config


def generate(release: str, *, config: dict[str, Any], toolchain: fetch.Toolchain) -> list[pack.Resource]:
    """Compile the FSH for one release and return the stamped resources, examples included."""
    target = config["releases"][release]
    common = ("canonical", "version", "status", "publisher", "license", "description")
    settings = {key: str(config[key]) for key in common}
    settings.update({key: target[key] for key in ("package", "name", "title", "fhirVersion")})
    settings.update(tables.concept_settings(HERE.parents[1], canonical=config["canonical"]))
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        fsh.prepare_project(HERE / "input", project, release=release, settings=settings)
        toolchain.compile(project, release=release)
        paths = sorted((project / "fsh-generated" / "resources").glob("*.json"))
        resources = [json.loads(path.read_text("utf-8")) for path in paths]
    return [pack.stamp(resource, config) for resource in resources]


def release_files(release: str, resources: list[pack.Resource], *, config: dict[str, Any]) -> dict[str, bytes]:
    """Return every file that the build writes for one release, by its path below the output folder."""
    folder = release.lower()
    files = {}
    for resource in resources:
        place = folder if resource["resourceType"] in pack.CONFORMANCE else f"{folder}/examples"
        files[f"{place}/{pack.file_name(resource)}"] = pack.to_bytes(resource)
    target = config["releases"][release]
    packed = pack.package_files(resources, release=target, config=config)
    files[f"dist/{target['package']}-{config['version']}.tgz"] = pack.tgz_bytes(packed)
    return files


def differences(files: dict[str, bytes], out: Path, *, release: str) -> list[str]:
    """Return what differs between `files` and the files below `out`, one line each."""
    lines = []
    for path, data in sorted(files.items()):
        there = out / path
        if not there.exists():
            lines.append(f"missing: {path}")
        elif _content(path, there.read_bytes()) != _content(path, data):
            lines.append(f"differs: {path}")
    present = {str(p.relative_to(out)) for p in (out / release.lower()).rglob("*.json")}
    lines += [f"not generated: {path}" for path in sorted(present - set(files))]
    return lines


def write(files: dict[str, bytes], out: Path, *, release: str) -> None:
    """Write `files` below `out`; what an earlier build left in the release's folder goes."""
    shutil.rmtree(out / release.lower(), ignore_errors=True)
    for path, data in files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _content(path: str, data: bytes) -> bytes:
    # Compressed bytes depend on the zlib at hand; the archive inside does not.
    return gzip.decompress(data) if path.endswith(".tgz") else data


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the build; 0 done, 1 the committed files differ or the build failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description="Build the FHIR profiles and packages.")
    parser.add_argument("--release", choices=["R4", "R5", "all"], required=True)
    parser.add_argument("--canonical", help="canonical base instead of the one in config.json")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on any difference")
    parser.add_argument("--out", type=Path, default=HERE, help="output folder (default: beside this script)")
    options = parser.parse_args(arguments)
    try:
        config = read_config(options.canonical)
    except ValueError as error:
        parser.error(str(error))
    toolchain = fetch.Toolchain(CACHE, lockfile_folder=HERE)
    failed = False
    for release in ["R4", "R5"] if options.release == "all" else [options.release]:
        try:
            resources = generate(release, config=config, toolchain=toolchain)
        except (OSError, RuntimeError, ValueError) as error:
            print(f"{release}: {error}", file=sys.stderr)
            return 1
        files = release_files(release, resources, config=config)
        if options.check:
            found = differences(files, options.out, release=release)
            failed = failed or bool(found)
            print("\n".join([f"{release}: {len(files)} files, {len(found)} differences", *found]))
        else:
            write(files, options.out, release=release)
            print(f"{release}: {len(files)} files written")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
