"""Render only: one model message with 22 results -> checked R4 or R5 bytes, beside its floor.

The floor is ``json`` encoding of a ready Bundle (msgspec, exact decimals); the peer is ``fhir.resources`` parsing
and dumping the same Bundle. Run: ``python tests/benchmarks/bench_render.py``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from decimal import Decimal

import msgspec

from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.lab import (
    Counts,
    ReferenceRange,
    Report,
    ReportKind,
    ReportMessage,
    ReportStatus,
    Request,
    Result,
    ResultDefinition,
    ResultStatus,
    Specimen,
)
from fhir_hr.model.origin import MessageOrigin
from fhir_hr.model.people import (
    Device,
    Encounter,
    EncounterClass,
    HumanName,
    Organization,
    Patient,
    Performer,
    Practitioner,
    Sex,
)
from fhir_hr.model.values import Quantity, Unit
from fhir_hr.model.when import Period, Precision, When
from fhir_hr.render import Release, Renderer, encode
from fhir_hr.render.typed import typed

_HOSPITAL = "演示市第一医院"
_FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def _second(text: str) -> When:
    return When(iso=text, precision=Precision.SECOND, source=text)


def _definitions() -> list[ResultDefinition]:
    unit = Unit(text="10^9/L", ucum="10*9/L", source="10^9/L")
    return [
        ResultDefinition(
            code=Concept(
                codings=(Code(code=f"C{n}", display=f"血常规项目{n}"), Code(system="http://loinc.org", code=f"{n}-1")),
                text=f"血常规项目{n}",
            ),
            unit=unit,
            ranges=(
                ReferenceRange(
                    text="3.5-9.5",
                    low=Quantity(value=Decimal("3.5"), unit=unit),
                    high=Quantity(value=Decimal("9.5"), unit=unit),
                ),
            ),
            method=Concept(text="电阻抗法"),
        )
        for n in range(22)
    ]


def messages(count: int) -> list[ReportMessage]:
    """Return messages that differ in patient, numbers and times, and share their definitions."""
    shared = _definitions()
    normal = Concept(codings=(Code(system=_FLAGS, code="N", display="Normal"),), text="N")
    device = Device(identifiers=(Identifier(value="XN-1", assigner=_HOSPITAL),), name="血球仪")
    return [_message(number, shared, normal, device) for number in range(count)]


def _message(number: int, shared: list[ResultDefinition], normal: Concept, device: Device) -> ReportMessage:
    doctor = Practitioner(identifiers=(Identifier(value="D001", assigner=_HOSPITAL),), name=HumanName(text="检验员甲"))
    when = _second(f"2026-05-02T08:{number % 60:02}:00+08:00")
    performers = (Performer(practitioner=doctor),)
    results = tuple(
        Result(
            key=f"C{n}",
            definition=definition,
            value=Quantity(
                value=Decimal(f"{n}.{number % 90 + 10}"), unit=definition.unit, source=f"{n}.{number % 90 + 10}"
            ),
            status=ResultStatus.FINAL,
            status_source="F",
            where=f"OBX[{n}]",
            interpretations=(normal,),
            effective=when,
            performers=performers,
            device=device,
            specimen=0,
        )
        for n, definition in enumerate(shared)
    )
    report = Report(
        key=f"FILL|R{number}",
        kind=ReportKind.LABORATORY,
        where="OBR[1]",
        status=ReportStatus.FINAL,
        identifiers=(Identifier(value=f"R{number}", assigner=_HOSPITAL),),
        code=Concept(codings=(Code(code="CBC"),), text="血常规"),
        effective=when,
        issued=when,
        request=Request(
            key=f"PLAC|P{number}",
            where="OBR[1]",
            placer=Identifier(value=f"P{number}", assigner=_HOSPITAL),
            filler=Identifier(value=f"R{number}", assigner=_HOSPITAL),
            code=Concept(codings=(Code(code="CBC"),), text="血常规"),
            status="completed",
        ),
        specimens=(
            Specimen(
                key="1",
                where="SPM[1]",
                type=Concept(text="全血"),
                identifiers=(Identifier(value=f"S{number}", assigner=_HOSPITAL),),
                collected=Period(start=when),
            ),
        ),
        results=results,
    )
    return ReportMessage(
        origin=MessageOrigin(system="LIS@H001", format="hl7v2", message_id=f"M{number}", sha256="0" * 64),
        type="ORU^R01",
        control_id=f"M{number}",
        sender=Organization(name=_HOSPITAL, identifiers=(Identifier(value="H001", system="urn:oid:1.2.156.1.1"),)),
        counts=Counts(obx_read=22, observations=22),
        created=when,
        patient=Patient(
            identifiers=(Identifier(value=f"{number:08}", assigner=_HOSPITAL),),
            names=(HumanName(text=f"测试{number}"),),
            sex=Sex.MALE,
            sex_source="1",
            birth=When(iso="1980-01-01", precision=Precision.DAY),
        ),
        encounter=Encounter(
            identifiers=(Identifier(value=f"V{number}", assigner=_HOSPITAL),), klass=EncounterClass.AMBULATORY
        ),
        reports=(report,),
    )


def _milliseconds(run: Callable[[], object], *, each: int, repeats: int = 7) -> tuple[float, float]:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) / each * 1000)
    return min(times), statistics.median(times)


def main() -> None:
    """Print one line per measurement."""
    many = messages(300)
    for release in Release:
        renderer = Renderer(release=release)
        bodies = [renderer.render(one).body for one in many]
        ready = [msgspec.json.decode(body) for body in bodies]

        def render_all(renderer: Renderer = renderer) -> None:
            for one in many:
                renderer.render(one)

        def dump_all(ready: list[object] = ready) -> None:
            for one in ready:
                encode(one)

        def library(bodies: list[bytes] = bodies, release: Release = release) -> None:
            for body in bodies[:5]:
                typed(body, release=release).model_dump_json()

        ours = _milliseconds(render_all, each=len(many))
        floor = _milliseconds(dump_all, each=len(many))
        peer = _milliseconds(library, each=5, repeats=3)
        entries = len(ready[0]["entry"])
        print(f"{release}: {entries} resources, {len(bodies[0])} bytes")
        print(f"  render + check   {ours[0]:.4f} ms (median {ours[1]:.4f})")
        print(f"  floor: dump only {floor[0]:.4f} ms; ratio {ours[0] / floor[0]:.1f}")
        print(f"  fhir.resources   {peer[0]:.2f} ms; {peer[0] / ours[0]:.0f} times ours")


if __name__ == "__main__":
    main()
