"""22-OBX message → checked R4 bytes, beside its floor and fhir.resources in the same run.

Prints messages per second on one core, the ratio to the floor (split the text and dump a ready structure) and to
``fhir.resources`` (R4B parse and dump of the same Bundle), two processes over 3,000 distinct messages, and the
memory of a process over 100,000 messages. Ratios are what to compare; the milliseconds are this machine's.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent))

from messages import cbc

from fhir_hr import Converter, Release


def timed(run: Callable[[], object], *, least: float = 0.25, repeats: int = 7) -> float:
    """Best mean seconds of one call over several rounds."""
    calls = 1
    while True:
        started = time.perf_counter()
        for _ in range(calls):
            run()
        took = time.perf_counter() - started
        if took >= least:
            break
        calls = max(calls * 2, int(calls * least / max(took, 1e-9)))
    best = took / calls
    for _ in range(repeats - 1):
        started = time.perf_counter()
        for _ in range(calls):
            run()
        best = min(best, (time.perf_counter() - started) / calls)
    return best


def cycle(messages: list[bytes]) -> Callable[[], bytes]:
    """Give the messages one after the other, for ever."""
    state = {"at": 0}

    def following() -> bytes:
        state["at"] = (state["at"] + 1) % len(messages)
        return messages[state["at"]]

    return following


def one_core(count: int) -> None:
    messages = [cbc(number) for number in range(count)]
    converter = Converter(release=Release.R4)
    body = next(iter(converter.convert(messages[0]))).json()
    ready = orjson.loads(body)
    text = messages[0].decode()

    def floor() -> bytes:
        [line.split("|") for line in text.split("\r")]
        return orjson.dumps(ready)

    following = cycle(messages)

    def ours() -> bytes:
        return next(iter(converter.convert(following()))).json()

    def read_only() -> object:
        return next(iter(converter._reader.read(following())))

    from fhir.resources.R4B.bundle import Bundle

    def peer() -> str:
        return Bundle.model_validate_json(body).model_dump_json()

    ours_s, floor_s, read_s = timed(ours), timed(floor), timed(read_only)
    floor_s = min(floor_s, timed(floor))
    peer_s = timed(peer, repeats=3)
    print(f"message {len(messages[0]):,} bytes, 22 OBX; Bundle {len(body):,} bytes, {len(ready['entry'])} resources")
    print(f"{'':34}{'ms/message':>12}{'messages/s':>12}{'x floor':>10}")
    for name, seconds in (
        ("floor: split + dump", floor_s),
        ("fhir_hr: read only", read_s),
        ("fhir_hr: bytes -> checked R4 bytes", ours_s),
        ("fhir.resources R4B: parse + dump", peer_s),
    ):
        print(f"{name:34}{seconds * 1000:12.3f}{1 / seconds:12,.0f}{seconds / floor_s:10.1f}")
    print(f"fhir_hr is {ours_s / floor_s:.1f} x the floor and {peer_s / ours_s:.0f} x faster than fhir.resources")


def _work(bounds: tuple[int, int]) -> int:
    converter = Converter(release=Release.R4)
    return sum(len(one.json()) for number in range(*bounds) for one in converter.convert(cbc(number)))


def _chunks(total: int, parts: int) -> Iterable[tuple[int, int]]:
    step = total // parts
    return [(start, start + step) for start in range(0, total, step)]


def two_processes(total: int = 3_000) -> None:
    started = time.perf_counter()
    _work((0, total))
    alone = time.perf_counter() - started
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_work, [(0, 2), (2, 4)]))  # start the workers
        started = time.perf_counter()
        sizes = list(pool.map(_work, _chunks(total, 2)))
        both = time.perf_counter() - started
    print(
        f"{total:,} distinct messages, made and converted: one process {total / alone:,.0f}/s, "
        f"two {total / both:,.0f}/s ({alone / both:.2f} x), {sum(sizes):,} bytes"
    )


def memory(total: int) -> None:
    def rss() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    converter = Converter(release=Release.R4)
    marks = []
    for number in range(total):
        for one in converter.convert(cbc(number)):
            one.json()
        if number % (total // 10) == 0:
            gc.collect()
            marks.append(rss())
    print(f"memory over {total:,} distinct messages, MB: " + " ".join(f"{mark:.0f}" for mark in marks))
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages, for a look")
    options = parser.parse_args()
    one_core(50 if options.quick else 500)
    two_processes(300 if options.quick else 3_000)
    memory(2_000 if options.quick else 100_000)


if __name__ == "__main__":
    main()
