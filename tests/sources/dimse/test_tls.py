"""DIMSE over TLS: the archive's certificate is checked, its name too, and ours is shown where asked."""

from __future__ import annotations

import datetime
import importlib.util
import ipaddress
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from fhir_hr.errors import UsageError
from fhir_hr.sources.dimse import Tls
from fhir_hr.sources.dimse.receiving import Receiver
from fhir_hr.sources.dimse.sockets import Deadline
from fhir_hr.sources.studies import StudyQuery, StudyState

_spec = importlib.util.spec_from_file_location("dimse_servers", Path(__file__).with_name("conftest.py"))
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)

T1 = StudyQuery(patient_id="T1")


def made(folder, name, *, issuer=None, address=None):
    """Write a certificate and its key; returns ``(certificate, key)`` for issuing others."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    certificate = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority = made(folder, "ca")
    made(folder, "server", issuer=authority, address="127.0.0.1")
    made(folder, "elsewhere", issuer=authority, address="127.0.0.9")
    made(folder, "client", issuer=authority)
    made(folder, "other-ca")
    return folder


def server_side(folder, name="server", *, ask=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if ask:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "ca.pem")
    return context


def answer_of(serve, context, tls):
    pacs = serve(find=lambda event: [(0xFF00, servers.row())], tls=context)
    answer = pacs.archive(tls=tls).find_studies(T1)
    return answer.state, " | ".join(issue.message for issue in answer.issues)


def test_a_trusted_archive_is_asked(serve, certificates):
    state, _ = answer_of(serve, server_side(certificates), Tls(ca=certificates / "ca.pem"))
    assert state is StudyState.FOUND


def test_a_certificate_of_somebody_else_is_not_trusted(serve, certificates):
    state, words = answer_of(serve, server_side(certificates), Tls(ca=certificates / "other-ca.pem"))
    assert (state, "its certificate is not trusted" in words) == (StudyState.UNAVAILABLE, True)


def test_a_certificate_for_another_host_is_not_trusted_unless_told_so(serve, certificates):
    context = server_side(certificates, "elsewhere")
    state, words = answer_of(serve, context, Tls(ca=certificates / "ca.pem"))
    assert (state, "its certificate is not trusted: IP address mismatch" in words) == (StudyState.UNAVAILABLE, True)
    state, _ = answer_of(serve, context, Tls(ca=certificates / "ca.pem", check_hostname=False))
    assert state is StudyState.FOUND


def test_our_certificate_is_shown_where_it_is_asked_for(serve, certificates):
    context = server_side(certificates, ask=True)
    ours = Tls(ca=certificates / "ca.pem", certificate=certificates / "client.pem", key=certificates / "client.key")
    assert answer_of(serve, context, ours)[0] is StudyState.FOUND
    assert answer_of(serve, context, Tls(ca=certificates / "ca.pem"))[0] is StudyState.UNAVAILABLE


def test_an_archive_without_tls_is_not_asked_in_the_open(serve, certificates):
    pacs = serve(find=lambda event: [(0xFF00, servers.row())])
    answer = pacs.archive(tls=Tls(ca=certificates / "ca.pem")).find_studies(T1)
    assert (answer.state, pacs.asked) == (StudyState.UNAVAILABLE, [])


def test_no_check_at_all_cannot_be_asked_for(tmp_path):
    with pytest.raises(UsageError, match="TLS needs ca: else any certificate would do"):
        Tls(check_hostname=False).context()
    with pytest.raises(UsageError, match="the certificates for TLS cannot be read"):
        Tls(ca=tmp_path / "none.pem").context()


def test_a_caller_that_says_nothing_does_not_hold_our_own_end_up(certificates):
    """pynetdicom shakes hands where it accepts: one silent caller would stop the server for ever."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    bounds = servers.QUICK
    ended = threading.Event()

    def listen():
        with (
            Receiver("US", "127.0.0.1", 0, bounds=bounds, deadline=Deadline(3), context=context) as receiver,
            socket.create_connection(("127.0.0.1", receiver.port)),
        ):
            time.sleep(0.2)
            ready.append(_echoes(receiver.port, certificates))
        ended.set()

    ready = []
    threading.Thread(target=listen, daemon=True).start()
    assert ended.wait(8)
    assert ready == [True]  # the next one is served


def _echoes(port, certificates):
    from pynetdicom import AE

    trust = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    ae = AE(ae_title="PACS")
    ae.add_requested_context("1.2.840.10008.1.1")
    association = ae.associate("127.0.0.1", port, ae_title="US", tls_args=(trust, "127.0.0.1"))
    established = association.is_established
    if established:
        association.release()
    return established
