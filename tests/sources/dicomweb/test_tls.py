"""Certificates: a server of a hospital's own authority, and a client that shows its own."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fhir_hr.sources.dicomweb import DicomWebArchive
from fhir_hr.sources.studies import StudyQuery
from fhir_hr.testing.dicom import dataset
from fhir_hr.testing.qido import QidoServer


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(subject, key, issuer, issuer_key, *, authority):
    now = datetime.now()
    builder = x509.CertificateBuilder(_name(issuer), _name(subject), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(days=2))
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
    keys = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.add_extension(keys, critical=False).sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority = ec.generate_private_key(ec.SECP256R1())
    found = {"ca": folder / "ca.pem"}
    root = _signed("authority", authority, "authority", authority, authority=True)
    found["ca"].write_bytes(root.public_bytes(serialization.Encoding.PEM))
    for name in ("server", "client"):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(name, key, "authority", authority, authority=False)
        found[name], found[f"{name}-key"] = folder / f"{name}.pem", folder / f"{name}-key.pem"
        found[name].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        found[f"{name}-key"].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return found


@pytest.fixture
def root(files):
    with QidoServer([dataset()]) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["server"], files["server-key"])
        context.load_verify_locations(files["ca"])
        context.verify_mode = ssl.CERT_REQUIRED
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        yield server.root.replace("http://", "https://")


def _ask(root, **options):
    return DicomWebArchive("PACS", root, **options).find_studies(StudyQuery(patient_id="T0001"))


def test_a_client_that_shows_its_certificate_is_answered(root, files):
    answer = _ask(root, ca=files["ca"], certificate=(files["client"], files["client-key"]))
    assert (answer.state.value, len(answer.studies)) == ("found", 1)


@pytest.mark.parametrize("missing", ["ca", "certificate"])
def test_without_the_authority_or_the_certificate_nothing_is_asked(root, files, missing):
    options = {"ca": files["ca"], "certificate": (files["client"], files["client-key"])}
    answer = _ask(root, **{name: value for name, value in options.items() if name != missing})
    assert answer.state.value == "unavailable"
    assert answer.issues[0].message in ("cannot be fetched: SSLError", "cannot be fetched: ConnectionError")
