"""C-GET, C-MOVE and storage commitment: what came, what did not, and never more than was asked."""

from __future__ import annotations

import importlib.util
import threading
import time
import tracemalloc
import zlib
from pathlib import Path

import msgspec
import pytest

from fhir_hr.sources.dimse import Bounds, FolderSink, commit, get_series, get_study, move_study
from fhir_hr.sources.dimse.received import ReceivedObject, Taker
from fhir_hr.sources.studies import StudyState
from fhir_hr.testing.dicom import CT, MR, dataset, uid

_spec = importlib.util.spec_from_file_location("dimse_servers", Path(__file__).with_name("conftest.py"))
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)
row = servers.row
LE = "1.2.840.10008.1.2.1"


def listing(*objects):
    """Answer SERIES and IMAGE level for objects."""

    def find(event):
        wanted = event.identifier
        if wanted.QueryRetrieveLevel == "SERIES":
            for series in dict.fromkeys(each.SeriesInstanceUID for each in objects):
                yield 0xFF00, row(level="SERIES", SeriesInstanceUID=series)
        for each in objects:
            if wanted.QueryRetrieveLevel == "IMAGE" and each.SeriesInstanceUID == wanted.SeriesInstanceUID:
                yield 0xFF00, row(level="IMAGE", SOPInstanceUID=each.SOPInstanceUID, SOPClassUID=each.SOPClassUID)

    return find


def sending(*objects):
    def get(event):
        yield len(objects)
        for each in objects:
            yield 0xFF00, each

    return get


A, B, C = dataset(number=1), dataset(number=2), dataset(series="2", number=1, sop_class=MR)


def test_a_study_comes_whole_into_a_folder(serve, tmp_path):
    from pydicom import dcmread

    sink = FolderSink(tmp_path / "new")
    peer = serve(find=listing(A, B, C), get=sending(A, B, C)).archive().peer
    received = get_study(peer, uid("S1"), sink)
    assert (received.state, set(received.received)) == (StudyState.FOUND, {x.SOPInstanceUID for x in (A, B, C)})
    assert [path.name for path in sink.paths] == ["IM000001.dcm", "IM000002.dcm", "IM000003.dcm"]
    read = dcmread(sink.paths[0])
    assert (str(read.PatientName), read.PixelData) == ("Ce^ShiJia=测^试甲", A.PixelData)


def test_roles_are_asked_for_what_the_study_holds_only(serve):
    seen = []

    def get(event):
        seen.append(sorted(str(cx.abstract_syntax) for cx in event.assoc.requestor.requested_contexts))
        yield from sending(A, C)(event)

    get_study(serve(find=listing(A, C), get=get).archive().peer, uid("S1"), lambda one: None)
    assert seen[-1] == sorted(["1.2.840.10008.5.1.4.1.2.2.3", CT, MR])


def test_without_classes_all_are_asked_in_associations_of_at_most_128(serve):
    counts = []

    def find(event):
        for answer in listing(A)(event):
            answer[1].pop("SOPClassUID", None) if "SOPClassUID" in answer[1] else None
            yield answer

    def get(event):
        counts.append(len(event.assoc.requestor.requested_contexts))
        yield 0  # nothing in this association

    received = get_study(serve(find=find, get=get).archive().peer, uid("S1"), lambda one: None)
    assert len(counts) > 1
    assert max(counts) <= 128
    assert (received.state, received.failed) == (StudyState.UNAVAILABLE, (A.SOPInstanceUID,))


def test_what_is_missing_is_named(serve):
    peer = serve(find=listing(A, B), get=sending(A)).archive().peer
    received = get_study(peer, uid("S1"), lambda one: None)
    assert (received.state, received.failed) == (StudyState.PARTIAL, (B.SOPInstanceUID,))
    assert received.failures == ("1 object(s) that the archive lists did not come",)


def test_a_peer_that_breaks_off_leaves_what_came(serve):
    def get(event):
        yield 2
        yield 0xFF00, A
        event.assoc.abort()

    received = get_study(serve(find=listing(A, B), get=get).archive().peer, uid("S1"), lambda one: None)
    assert (received.state, received.received) == (StudyState.PARTIAL, (A.SOPInstanceUID,))
    assert "the association was aborted" in received.failures


def test_an_object_of_another_study_is_not_taken(serve):
    stray = dataset(study="OTHER")
    taken = []
    received = get_study(serve(find=listing(A), get=sending(A, stray)).archive().peer, uid("S1"), taken.append)
    assert [each.sop_instance_uid for each in taken] == [A.SOPInstanceUID]
    assert "an object came that was not asked for; it was refused" in received.failures


def test_only_the_series_that_was_asked_for_is_taken(serve):
    taken = []
    received = get_series(
        serve(find=listing(A, C), get=sending(A, C)).archive().peer, uid("S1"), uid("S1", "1"), taken.append
    )
    assert received.received == (A.SOPInstanceUID,)


def test_no_more_bytes_than_may_are_taken(serve):
    small = msgspec.structs.replace(servers.QUICK, total_bytes=1_500)
    received = get_study(
        serve(find=listing(A, B), get=sending(A, B)).archive(bounds=small).peer, uid("S1"), lambda one: None
    )
    assert (received.state, received.received) == (StudyState.PARTIAL, (A.SOPInstanceUID,))
    assert "more bytes came than may: the rest was refused" in received.failures


def test_a_full_disk_is_a_failure_and_no_exception(serve):
    def full(_one):
        raise OSError(28, "No space left on device")

    received = get_study(serve(find=listing(A), get=sending(A)).archive().peer, uid("S1"), full)
    assert received.state is StudyState.UNAVAILABLE
    assert "an object could not be written: No space left on device" in received.failures


def test_a_study_that_is_not_there_is_nothing(serve):
    received = get_study(serve(find=listing(), get=sending()).archive().peer, uid("S1"), lambda one: None)
    assert received.state is StudyState.NOTHING


def test_a_folder_keeps_what_was_there(serve, tmp_path):
    (tmp_path / "IM000001.dcm").write_bytes(b"older")
    received = get_study(serve(find=listing(A), get=sending(A)).archive().peer, uid("S1"), FolderSink(tmp_path))
    assert (received.received, (tmp_path / "IM000001.dcm").read_bytes()) == ((), b"older")


def test_half_an_object_is_not_left_behind(tmp_path, monkeypatch):
    from pathlib import Path

    real = Path.open

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            self.file.write(data[:10])
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda path, *args: Full(real(path, *args)))
    with pytest.raises(OSError, match="No space"):
        FolderSink(tmp_path)(ReceivedObject(sop_class_uid=CT, sop_instance_uid="1.2", transfer_syntax_uid=LE, data=b""))
    assert list(tmp_path.iterdir()) == []


def _object(data, *, instance="1.2.3", syntax=LE):
    return ReceivedObject(sop_class_uid=CT, sop_instance_uid=instance, transfer_syntax_uid=syntax, data=data)


def test_a_deflated_object_is_not_inflated_beyond_its_header():
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(400)) + packer.flush()
    tracemalloc.start()
    try:
        status = Taker({"StudyInstanceUID": "1.2"}, servers.QUICK, lambda one: None).take(
            _object(bomb, syntax="1.2.840.10008.1.2.1.99")
        )
        assert tracemalloc.get_traced_memory()[1] < 300 << 20
    finally:
        tracemalloc.stop()
    assert status != 0


def test_an_object_under_another_name_than_its_own_is_refused():
    taken = []
    taker = Taker({"StudyInstanceUID": A.StudyInstanceUID}, servers.QUICK, taken.append)
    data = servers.encoded(A)
    assert taker.take(_object(data, instance="1.2.3", syntax="1.2.840.10008.1.2")) == 0xC000
    assert taker.take(_object(data, instance=A.SOPInstanceUID, syntax="1.2.840.10008.1.2")) == 0
    assert [one.sop_instance_uid for one in taken] == [A.SOPInstanceUID]
    assert taker.refused == ["an object came under another SOP Instance UID than it states; it was refused"]


# -- C-MOVE ----------------------------------------------------------------------------------------


def moving(port, *objects):
    from pynetdicom import build_context

    def move(event):
        contexts = [build_context(each.SOPClassUID, each.file_meta.TransferSyntaxUID) for each in objects]
        yield "127.0.0.1", port, {"contexts": contexts}
        yield len(objects)
        for each in objects:
            yield 0xFF00, each

    return move


@pytest.fixture
def port():
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def test_c_move_brings_a_study_to_us(serve, port):
    taken = []
    peer = serve(find=listing(A, C), move=moving(port, A, C)).archive().peer
    received = move_study(peer, uid("S1"), taken.append, port=port, host="127.0.0.1")
    assert (received.state, received.reported_completed) == (StudyState.FOUND, 2)
    assert {each.sop_instance_uid for each in taken} == {A.SOPInstanceUID, C.SOPInstanceUID}


def test_an_unknown_destination_is_refused_by_name(serve, port):
    def move(event):
        yield None, None

    peer = serve(find=listing(A), move=move).archive().peer
    received = move_study(peer, uid("S1"), lambda one: None, port=port, host="127.0.0.1")
    assert received.state is StudyState.REFUSED
    assert "status 0xA801 (it does not know the destination)" in received.failures


def test_objects_that_went_elsewhere_are_missing(serve, port):
    from pynetdicom import AE, AllStoragePresentationContexts, evt

    other = AE(ae_title="FHIRHR")
    other.supported_contexts = AllStoragePresentationContexts
    server = other.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda event: 0)])
    try:
        move = moving(server.server_address[1], A)
        received = move_study(
            serve(find=listing(A), move=move).archive().peer, uid("S1"), lambda one: None, port=port, host="127.0.0.1"
        )
    finally:
        server.shutdown()
    assert (received.state, received.failed) == (StudyState.UNAVAILABLE, (A.SOPInstanceUID,))
    assert "the archive says that it sent 1 object(s) more than arrived here" in received.failures


def test_a_port_that_is_taken_is_unavailable(serve, port):
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", port))
        held.listen()
        peer = serve(find=listing(A), move=moving(port, A)).archive().peer
        received = move_study(peer, uid("S1"), lambda one: None, port=port, host="127.0.0.1")
    assert received.state is StudyState.UNAVAILABLE
    assert f"port {port} cannot be listened on" in received.failures[0]


# -- storage commitment ----------------------------------------------------------------------------


def report(transaction, kept=(), failed=()):
    from pydicom.dataset import Dataset

    out = Dataset()
    out.TransactionUID = transaction
    out.ReferencedSOPSequence = [_reference(uid_) for uid_ in kept]
    if failed:
        out.FailedSOPSequence = [_reference(uid_, reason) for uid_, reason in failed]
    return out


def _reference(instance, reason=None):
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = CT
    item.ReferencedSOPInstanceUID = instance
    if reason is not None:
        item.FailureReason = reason
    return item


TRANSACTION = uid("transaction")


@pytest.mark.parametrize("same", [True, False])
def test_a_report_names_what_is_kept_and_what_is_not(serve, port, same):
    def action(event):
        from pynetdicom import AE
        from pynetdicom.presentation import build_role

        told = report(TRANSACTION, kept=["1.2.1"], failed=[("1.2.2", 0x0112)])

        def send():
            time.sleep(0.3)
            if same:
                event.assoc.send_n_event_report(told, 2, "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1")
                return
            ae = AE(ae_title="PACS")
            ae.add_requested_context("1.2.840.10008.1.20.1")
            role = build_role("1.2.840.10008.1.20.1", scp_role=True)
            association = ae.associate("127.0.0.1", port, ae_title="FHIRHR", ext_neg=[role])
            association.send_n_event_report(told, 2, "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1")
            association.release()

        threading.Thread(target=send).start()
        return 0x0000, None

    answer = commit(
        serve(action=action).archive().peer,
        [(CT, "1.2.1"), (CT, "1.2.2")],
        transaction_uid=TRANSACTION,
        port=port,
        host="127.0.0.1",
    )
    assert (answer.state, answer.committed) == (StudyState.FOUND, frozenset({"1.2.1"}))
    assert answer.failed == (("1.2.2", "0x0112 (no such object)"),)


def test_without_a_report_nothing_is_known(serve, port):
    peer = serve(action=lambda event: (0x0000, None)).archive(bounds=Bounds(connect=1, silence=1, total=2)).peer
    answer = commit(peer, [(CT, "1.2.1")], transaction_uid=TRANSACTION, port=port, host="127.0.0.1")
    assert (answer.state, answer.committed, answer.failed) == (StudyState.UNAVAILABLE, frozenset(), ())
    assert answer.failures == ("no report within 2 s; does the archive know our AE title and port?",)


def test_a_refused_commitment_is_refused(serve, port):
    peer = serve(action=lambda event: (0x0124, None)).archive().peer
    answer = commit(peer, [(CT, "1.2.1")], transaction_uid=TRANSACTION, port=port, host="127.0.0.1")
    assert (answer.state, answer.failures) == (StudyState.REFUSED, ("status 0x0124 (not authorized)",))
