"""The bounded GET that all sources share: what packs and archives do not show of it themselves."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fhir_hr.errors import UsageError
from fhir_hr.sources._http import HttpClient, HttpFailure, check_address, origin

BODY = b"[" + b" " * 5_000 + b"]"


@contextmanager
def _serving(body, **headers):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(dict(self.headers))
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}/x"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _get(body, *, packed=True, limit=10_000, **headers):
    with _serving(body, **headers) as (server, url):
        reply = HttpClient(url, gzip=packed).get(url, headers={}, limit=limit, seconds=5)
        return reply, server.asked


def _failure(body, **options):
    with pytest.raises(HttpFailure) as caught:
        _get(body, **options)
    return caught.value.fault.value, str(caught.value)


@pytest.mark.parametrize("pack", [gzip.compress, lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])])
def test_what_comes_compressed_is_unpacked(pack):
    reply, asked = _get(pack(BODY), Content_Encoding="gzip")
    assert reply.body == BODY
    assert asked[0]["Accept-Encoding"] == "gzip"
    assert repr(reply) == f"HttpReply(status=200, <{len(BODY)} bytes>)"


def test_compressed_content_is_bounded_by_what_it_unpacks_to():
    packed = gzip.compress(BODY)
    assert len(packed) < 100
    assert _get(packed, limit=len(BODY), Content_Encoding="gzip")[0].body == BODY
    assert _failure(packed, limit=len(BODY) - 1, Content_Encoding="gzip") == ("too-large", "more than 5001 bytes")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (gzip.compress(BODY)[:-9], "compressed content ends too early"),
        (b"", "compressed content ends too early"),
        (b"[]", "compressed content is broken"),
        (gzip.compress(BODY) + b"junk", "compressed content is broken"),
    ],
)
def test_compressed_content_that_is_broken_is_no_answer(body, words):
    assert _failure(body, Content_Encoding="gzip") == ("truncated", words)


def test_other_codings_are_refused():
    for packed, coding in ((False, "gzip"), (True, "br"), (True, "gzip, gzip")):
        fault, words = _failure(b"x", packed=packed, Content_Encoding=coding)
        assert (fault, words) == ("unreachable", "sent compressed, which was not asked for")


def test_only_the_origin_is_asked():
    with _serving(b"[]") as (server, url):
        client = HttpClient("http://127.0.0.1:1/")
        with pytest.raises(HttpFailure, match="redirected to another origin"):
            client.get(url, headers={"Authorization": "s3cret"}, limit=10, seconds=1)
        assert server.asked == []


def test_a_client_certificate_that_is_not_there_is_unreachable_and_not_quoted():
    client = HttpClient("https://127.0.0.1:1/", certificate=("/nowhere/s3cret.pem", "/nowhere/key.pem"))
    with pytest.raises(HttpFailure) as caught:
        client.get("https://127.0.0.1:1/x", headers={}, limit=10, seconds=2)
    assert str(caught.value) in ("cannot be fetched: OSError", "cannot be fetched: ConnectionError")


@pytest.mark.parametrize("url", ["http://[::1", "http://a:b/", "http://a:99999/", r"http://a.example\@127.0.0.1/"])
def test_an_address_that_cannot_be_read_has_no_origin(url):
    assert origin(url) == ("", "", -1)
    with pytest.raises(UsageError, match="the address of a thing cannot be read"):
        check_address(url, what="a thing")


def test_a_head_that_drips_leaves_neither_thread_nor_socket():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    gone = threading.Event()

    def drip():
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
            while not gone.wait(0.02):
                connection.sendall(b"x")
        gone.set()

    server = threading.Thread(target=drip, daemon=True)
    server.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    try:
        with pytest.raises(HttpFailure, match=r"not there within 0.3 s"):
            HttpClient(url).get(url, headers={}, limit=100, seconds=0.3)
        end = time.monotonic() + 2
        while time.monotonic() < end and any(each.name == "http" for each in threading.enumerate()):
            time.sleep(0.01)
        assert not [each.name for each in threading.enumerate() if each.name == "http"]
        server.join(2)
        assert gone.is_set()  # the server was cut off
    finally:
        gone.set()
        listener.close()
