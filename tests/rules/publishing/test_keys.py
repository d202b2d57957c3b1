"""Key files, names of keys, and what OpenSSL says to them."""

from __future__ import annotations

import base64
import shutil
import subprocess

import pytest

from fhir_hr.errors import MissingExtraError, UsageError
from fhir_hr.rules.publishing import Alg, load_public_key, load_signing_key, new_key, sm2

DATA = "四川 manifest".encode()


@pytest.fixture(params=[Alg.ED25519, Alg.SM2_SM3])
def pair(request):
    if request.param is Alg.SM2_SM3:
        pytest.importorskip("gmalg", reason="the extra sm2 is not installed")
    return new_key(request.param, entropy=bytes(range(48)))


def test_a_key_goes_to_its_file_and_back(pair):
    again = load_signing_key(pair.private_pem())
    assert again.public.kid == pair.public.kid == load_public_key(pair.public.pem()).kid
    assert again.sign(DATA) == pair.sign(DATA)


def test_a_signature_holds_for_its_bytes_alone(pair):
    made = pair.sign(DATA)
    assert pair.public.verify(DATA, made)
    assert not pair.public.verify(DATA + b" ", made)
    for at in range(len(made)):
        assert not pair.public.verify(DATA, made[:at] + bytes([made[at] ^ 1]) + made[at + 1 :]), at
    for broken in (b"", made[:-1], made + b"\0", b"\0" * len(made), b"\xff" * len(made)):
        assert not pair.public.verify(DATA, broken)


def test_the_same_chance_gives_the_same_key_and_other_chance_another(pair):
    alg = pair.public.alg
    assert new_key(alg, entropy=bytes(range(48))).public.kid == pair.public.kid
    assert new_key(alg, entropy=bytes(range(1, 49))).public.kid != pair.public.kid


@pytest.mark.parametrize("size", [0, 32, 47, 49])
def test_a_key_needs_all_its_chance(size):
    with pytest.raises(UsageError, match=f"needs 48 random bytes, not {size}"):
        new_key(Alg.ED25519, entropy=bytes(size))


def test_no_secret_shows_in_a_repr(pair):
    assert repr(pair) == f"SigningKey({pair.public.alg}, {pair.public.kid})"
    assert pair._secret.hex() not in repr(pair.public)


def test_a_password_guards_the_file(key):
    pem = key.private_pem(b"geheim")
    assert load_signing_key(pem, password=b"geheim").public.kid == key.public.kid
    with pytest.raises(UsageError, match="is encrypted; its password is needed"):
        load_signing_key(pem)
    with pytest.raises(UsageError, match="broken, or a wrong password"):
        load_signing_key(pem, password=b"other")


def test_an_sm2_key_is_not_encrypted_here(sm2_key):
    with pytest.raises(UsageError, match="openssl pkcs8 -topk8"):
        sm2_key.private_pem(b"geheim")


def _rsa_pem() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda pem: b"", "not PEM with one key"),
        (lambda pem: pem + pem, "not PEM with one key"),
        (lambda pem: pem.replace(b"PRIVATE", b"PUBLIC"), "holds a public key; needed is PKCS #8"),
        (lambda pem: pem.replace(b"PRIVATE KEY", b"EC PRIVATE KEY"), "holds a ec private key; needed is PKCS #8"),
        (lambda pem: pem.replace(b"M", b"=", 1), "its base64 is broken"),
        (lambda pem: pem[:40] + b"AAAA" + pem[44:], "an algorithm not known here"),
        (lambda pem: pem.replace(pem[28:92], b"AAAA"), "cannot be read: broken"),
        (lambda pem: b"x" * 20_000, "not PEM with one key"),
        (lambda pem: _rsa_pem(), "keys are Ed25519 or SM2"),
    ],
)
def test_a_broken_private_key_file_says_what_is_wrong(key, change, words):
    with pytest.raises(UsageError, match=words):
        load_signing_key(change(key.private_pem()))


def test_a_broken_public_key_file_says_what_is_wrong(key, sm2_key):
    with pytest.raises(UsageError, match="holds a private key, not a public key"):
        load_public_key(key.private_pem())
    with pytest.raises(UsageError, match="no point of the SM2 curve"):
        load_public_key(_swapped(sm2_key.public.pem()))
    with pytest.raises(UsageError, match="neither Ed25519 nor SM2"):
        load_public_key(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")


def _swapped(pem: bytes) -> bytes:
    lines = pem.split(b"\n")
    return b"\n".join([lines[0], lines[1], lines[2][:-8] + b"AAAA" + lines[2][-4:], lines[3], b""])


def test_halves_that_do_not_belong_together_are_noticed(sm2_key):
    other = new_key(Alg.SM2_SM3, entropy=bytes(range(7, 55)))
    mixed = type(sm2_key)(sm2_key._secret, other.public).private_pem()
    with pytest.raises(UsageError, match="two halves of the SM2 key do not belong together"):
        load_signing_key(mixed)


def test_a_key_with_the_curve_named_twice_can_be_read(sm2_key):
    head = "308193020100301306072a8648ce3d020106082a811ccf5501822d047930770201010420"
    middle = "a00a06082a811ccf5501822da144034200"
    der = bytes.fromhex(head) + sm2_key._secret + bytes.fromhex(middle) + sm2_key.public.raw
    pem = b"-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(der) + b"\n-----END PRIVATE KEY-----\n"
    assert load_signing_key(pem).public.kid == sm2_key.public.kid
    with pytest.raises(UsageError, match="neither as OpenSSL nor as GmSSL"):
        load_signing_key(pem.replace(b"MIG", b"MIH", 1))


# -- SM2 -------------------------------------------------------------------------------------------


def test_sm3_is_the_standards():
    # GB/T 32905, example 1.
    assert sm2.sm3(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_the_standards_own_signature_holds():
    pytest.importorskip("gmalg", reason="the extra sm2 is not installed")
    # GB/T 32918.5, annex A.2: message, identity, key and signature of the example.
    secret = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
    x = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    y = "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    r = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
    s = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
    public = bytes.fromhex(f"04{x}{y}")
    assert sm2.on_curve(public)
    assert sm2.public_of(secret) == public
    assert sm2.verify(b"message digest", sm2.to_der(r, s), public=public)
    assert not sm2.verify(b"message digest", sm2.to_der(r, s + 1), public=public)


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (sm2.ORDER, 1), (1, sm2.ORDER), (1, sm2.ORDER - 1), (0, 0)])
def test_signatures_of_impossible_numbers_never_hold(sm2_key, r, s):
    assert not sm2_key.public.verify(DATA, sm2.to_der(r, s))


@pytest.mark.parametrize(
    "change",
    [
        lambda der: b"\x31" + der[1:],
        lambda der: der[:1] + b"\x81" + der[1:],
        lambda der: der[:3] + bytes([der[3] + 1]) + b"\0" + der[4:],
        lambda der: der[:2] + b"\x02\xff" + der[4:],
        lambda der: der + b"\0",
    ],
)
def test_a_signature_is_written_in_one_way(sm2_key, change):
    made = sm2_key.sign(DATA)
    assert sm2.from_der(made) is not None
    assert sm2.from_der(change(made)) is None
    assert not sm2_key.public.verify(DATA, change(made))


def test_no_two_signatures_share_their_nonce(sm2_key):
    # r is the digest plus the x of the nonce's point: whoever sees two of one nonce has the key.
    about = sm2._core().entity_info(sm2.USER, sm2._point(sm2_key.public.raw))
    points = set()
    for n in range(20):
        r, _ = sm2.from_der(sm2_key.sign(bytes([n])))
        points.add((r - int(sm2.sm3(about + bytes([n])), 16)) % sm2.ORDER)
    assert len(points) == 20
    other = new_key(Alg.SM2_SM3, entropy=bytes(range(7, 55)))
    assert next(sm2._nonces(sm2_key._secret, DATA)) != next(sm2._nonces(other._secret, DATA))
    first = sm2._nonces(sm2_key._secret, DATA)
    assert len({next(first) for _ in range(50)}) == 50


def test_without_the_extra_the_error_names_it(sm2_key, monkeypatch):
    made = sm2_key.sign(DATA)
    monkeypatch.setitem(__import__("sys").modules, "gmalg", None)
    for ask in (
        lambda: sm2_key.sign(DATA),
        lambda: sm2_key.public.verify(DATA, made),
        lambda: new_key(Alg.SM2_SM3, entropy=bytes(48)),
    ):
        with pytest.raises(MissingExtraError, match=r"pip install 'fhir-hr\[sm2\]'"):
            ask()


def test_without_openssls_sm3_the_packages_own_gives_the_same(sm2_key, monkeypatch):
    made = sm2_key.sign(DATA)
    monkeypatch.setattr(sm2.hashlib, "new", _no_hash)
    assert sm2.sm3(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm2_key.sign(DATA) == made
    monkeypatch.setitem(__import__("sys").modules, "gmalg", None)
    assert sm2.sm3(b"abc") is None


def _no_hash(*_args, **_more):
    raise ValueError("unsupported hash type")


# -- the same by OpenSSL's command -----------------------------------------------------------------


@pytest.fixture(scope="session")
def openssl():
    command = shutil.which("openssl")
    if command is None:
        pytest.skip("OpenSSL's command is not there: SM2 and Ed25519 are not compared with it")
    curves = subprocess.run([command, "ecparam", "-list_curves"], capture_output=True, text=True, check=False)
    if "SM2" not in curves.stdout:
        pytest.skip("this OpenSSL has no SM2: signatures are not compared with it")
    return command


_HOW = {
    Alg.ED25519: ["-rawin"],
    Alg.SM2_SM3: ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"],
}


def _run(*words: object) -> None:
    done = subprocess.run([str(each) for each in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_openssl_accepts_our_signatures_and_we_its(pair, openssl, tmp_path):
    private, public, data, ours, theirs = (tmp_path / name for name in ("k.pem", "p.pem", "data", "ours", "theirs"))
    private.write_bytes(pair.private_pem())
    public.write_bytes(pair.public.pem())
    data.write_bytes(DATA * 100)
    ours.write_bytes(pair.sign(DATA * 100))
    how = _HOW[pair.public.alg]
    _run(openssl, "pkeyutl", "-verify", *how, "-pubin", "-inkey", public, "-in", data, "-sigfile", ours)
    _run(openssl, "pkeyutl", "-sign", *how, "-inkey", private, "-in", data, "-out", theirs)
    assert pair.public.verify(DATA * 100, theirs.read_bytes())


@pytest.mark.parametrize("alg", ["ED25519", "SM2"])
def test_a_key_that_openssl_made_can_be_used(alg, openssl, tmp_path, sm2_key):
    path, public = tmp_path / "made.pem", tmp_path / "public.pem"
    _run(openssl, "genpkey", "-algorithm", alg, "-out", path)
    _run(openssl, "pkey", "-in", path, "-pubout", "-out", public)
    made = load_signing_key(path.read_bytes())
    assert made.public.kid == load_public_key(public.read_bytes()).kid
    assert made.public.verify(DATA, made.sign(DATA))
