"""A site over HTTP: a small server on this machine that misbehaves in every way a server can."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fhir_hr.errors import PackRefusedError, UsageError
from fhir_hr.sources.packs import HttpTransport

BODY = b'{"a": 1}'


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        self.server.answer(self)

    def log_message(self, *args):
        pass


@contextmanager
def _server(answer):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.answer, server.asked, server.over = answer, [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}/site"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _send(handler, status=200, body=BODY, length=None, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    if length != "none":
        handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    with suppress(OSError):
        handler.wfile.write(body)


def _read(answer, *, limit=1000, deadline=5.0, path="packs/x/1/manifest.json"):
    with _server(answer) as (_, url):
        return HttpTransport(url, deadline=deadline).read(path, limit=limit)


def _fault(answer, **more) -> tuple[str, str]:
    with pytest.raises(PackRefusedError) as caught:
        _read(answer, **more)
    assert str(caught.value).startswith("packs/x/1/manifest.json: ")
    return caught.value.fault, str(caught.value)


def test_a_file_is_asked_for_below_the_site_and_nothing_else():
    with _server(_send) as (server, url):
        assert HttpTransport(url).read("packs/x/1/manifest.json", limit=8) == BODY
        [(path, headers)] = server.asked
    assert path == "/site/packs/x/1/manifest.json"
    assert headers["Accept-Encoding"] == "identity"
    assert {"Cookie", "Authorization"} & set(headers) == set()


def test_nothing_of_the_environment_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / "netrc").chmod(0o600)
    with _server(_send) as (server, url):
        assert HttpTransport(url).read("index.json", limit=100) == BODY
        assert "Authorization" not in server.asked[0][1]


def test_a_proxy_is_used_when_it_is_given():
    with _server(_send) as (server, url):
        transport = HttpTransport("http://localhost:9/site", proxy=url.removesuffix("/site"))
        assert transport.read("index.json", limit=100) == BODY
        assert server.asked[0][0] == "http://localhost:9/site/index.json"


def test_a_redirect_to_another_host_is_not_followed():
    with _server(_send) as (other, elsewhere):
        fault, words = _fault(lambda handler: _send(handler, 302, Location=f"{elsewhere}/x"))
        assert other.asked == []
    assert (fault, "redirected to another origin" in words) == ("redirected", True)


@pytest.mark.parametrize(
    "target", ["https://127.0.0.1/x", "file:///etc/passwd", "//example.org/x", "http://[::1", "ftp://x/"]
)
def test_nor_to_another_scheme_or_nonsense(target):
    fault, _ = _fault(lambda handler: _send(handler, 301, Location=target))
    assert fault in ("redirected", "unreachable")


def test_a_redirect_on_the_same_server_is_followed_three_times():
    def moved(handler):
        n = int(handler.path.rpartition("=")[2]) if "=" in handler.path else 0
        if n < handler.server.until:
            _send(handler, 302, Location=f"/moved?n={n + 1}")
        else:
            _send(handler)

    for until, ok in ((3, True), (4, False)):
        with _server(moved) as (server, url):
            server.until = until
            if ok:
                assert HttpTransport(url).read("index.json", limit=100) == BODY
            else:
                with pytest.raises(PackRefusedError, match="redirected more than 3 times"):
                    HttpTransport(url).read("index.json", limit=100)


@pytest.mark.parametrize(
    ("status", "fault", "words"),
    [
        (404, "not-found", "is not there"),
        (410, "not-found", "is not there"),
        (403, "unreachable", "answered 403"),
        (500, "unreachable", "answered 500"),
        (204, "unreachable", "answered 204"),
        (206, "unreachable", "answered 206"),
        (302, "unreachable", "answered 302"),
    ],
)
def test_other_answers_than_200_bring_nothing(status, fault, words):
    found = _fault(lambda handler: _send(handler, status))
    assert (found[0], words in found[1]) == (fault, True)


def test_a_length_that_is_too_much_is_refused_before_the_body():
    found = _fault(lambda handler: _send(handler, length=10**9), limit=1000)
    assert found == ("too-large", "packs/x/1/manifest.json: 1000000000 bytes; at most 1000 are read (too-large)")
    assert _fault(lambda handler: _send(handler, length="9" * 5000), limit=1000)[0] == "too-large"


def test_an_endless_body_ends_at_the_limit():
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while not handler.server.over.is_set():
                handler.wfile.write(b"x" * 65536)
                sent.append(65536)
        except OSError:
            pass

    fault, words = _fault(endless, limit=100_000)
    assert (fault, "more than 100000 bytes" in words) == ("too-large", True)
    assert sum(sent) < 50_000_000


def test_an_endless_body_in_chunks_ends_at_the_limit():
    def endless(handler):
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            while not handler.server.over.is_set():
                handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except OSError:
            pass

    assert _fault(endless, limit=100_000)[0] == "too-large"


@pytest.mark.parametrize("limit", [8, 9])
def test_a_body_shorter_than_its_length_is_truncated(limit):
    found = _fault(lambda handler: _send(handler, body=BODY[:5], length=8), limit=limit)
    assert found == ("truncated", "packs/x/1/manifest.json: 5 bytes of 8 (truncated)")


def test_a_body_of_exactly_the_limit_is_read_and_of_one_more_is_not():
    assert _read(lambda handler: _send(handler, length="none"), limit=8) == BODY
    assert _fault(lambda handler: _send(handler, length="none"), limit=7)[0] == "too-large"


def test_compressed_answers_are_not_unpacked():
    found = _fault(lambda handler: _send(handler, body=b"\x1f\x8b", Content_Encoding="gzip"))
    assert (found[0], "sent compressed" in found[1]) == ("unreachable", True)


@pytest.mark.parametrize("garbage", [b"", b"\0" * 100, b"SSH-2.0-x\r\n", b"HTTP/9 9 9\r\n\r\n", b"\r\n" * 50])
def test_garbage_in_place_of_http_is_unreachable(garbage):
    assert _fault(lambda handler: handler.wfile.write(garbage))[0] in ("unreachable", "not-found")


@pytest.mark.parametrize("where", ["before", "head", "body"])
def test_a_server_that_drips_is_left_at_the_deadline(where):
    def drips(handler):
        try:
            if where == "body":
                handler.send_response(200)
                handler.end_headers()
            elif where == "head":
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
            while not handler.server.over.wait(0.05):
                if where != "before":
                    handler.wfile.write(b"x")
                    handler.wfile.flush()
        except OSError:
            pass

    start = time.monotonic()
    fault, words = _fault(drips, deadline=0.4)
    assert (fault, "not there within 0.4 s" in words) == ("too-slow", True)
    assert time.monotonic() - start < 3


def test_nobody_there_is_unreachable():
    with _server(_send) as (_, url):
        pass
    with pytest.raises(PackRefusedError, match="cannot be fetched: ConnectionError"):
        HttpTransport(url).read("index.json", limit=10)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.org/packs", "asked by https; http is for this machine alone"),
        ("http://127.0.0.1.example.org/", "asked by https"),
        ("ftp://example.org/", "starts with https://"),
        ("file:///etc", "starts with https://"),
        ("example.org/packs", "starts with https://"),
        ("https://", "starts with https://"),
        ("https://user:secret@example.org/", "no credentials, query or fragment"),
        ("https://example.org/?a=b", "no credentials, query or fragment"),
        ("https://example.org/#a", "no credentials, query or fragment"),
    ],
)
def test_addresses_that_cannot_be_used(url, words):
    with pytest.raises(UsageError, match=words) as caught:
        HttpTransport(url)
    assert "secret" not in str(caught.value)


def test_no_path_leaves_the_site():
    with _server(_send) as (server, url):
        for path in ("../x", "/x", "http://example.org/x", "a\\b", "a%2f..%2fb", "a?b", ""):
            with pytest.raises(PackRefusedError, match="path-refused"):
                HttpTransport(url).read(path, limit=10)
        assert server.asked == []


# -- a whole store over HTTP -----------------------------------------------------------------------


def _files(site):
    def answer(handler):
        path = site / handler.path.removeprefix("/site/")
        if path.is_file():
            _send(handler, body=path.read_bytes())
        else:
            _send(handler, 404)

    return answer


def test_a_store_is_filled_and_goes_on_when_the_server_dies(hospital, authority, good):
    with _server(_files(authority.site)) as (_, url):
        hospital.store = hospital.opened(transports=[HttpTransport(url, name="web")])
        authority.publish([authority.pack(6)], serial=11)
        report = hospital.refresh()
        assert report.ok
        assert [(each.source, each.serial) for each in report.installed] == [("web", 11), ("web", 6)]
    assert [(each.source, each.fault) for each in hospital.refresh().refused] == [("web", "unreachable")]
    assert (hospital.version(), hospital.answer()) == ("1.6", good)


def test_a_server_that_lies_about_one_file_changes_nothing(hospital, authority, good):
    truth = _files(authority.site)

    def lies(handler):
        if handler.path.endswith("cn-51-lab.json"):
            _send(handler, body=b"<html>please log in</html>")
        else:
            truth(handler)

    with _server(lies) as (_, url):
        hospital.store = hospital.opened(transports=[HttpTransport(url)])
        authority.publish([authority.pack(6)], serial=11)
        assert hospital.faults() == ["truncated"]
    assert (hospital.version(), hospital.answer()[0]) == ("1.5", good[0])
