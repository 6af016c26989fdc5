"""D7: the outbound door against servers that misbehave. Nothing here is pretended but the answers of the DNS."""

from __future__ import annotations

import gzip
import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from portal import http
from portal.http.dialling import tls_context
from tests.loopback import Connection, Request, free_port, say_ok, serving


@pytest.fixture(autouse=True)
def development(settings: Any) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    settings.PORTAL_OUTBOUND_ALLOWED_NETWORKS = []


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names of the test, each with the addresses that the outside world's DNS gives for it."""
    names: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in names:
            return real(host, port, *args, **kwargs)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in names[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return names


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """Give a certificate for game.example, from an authority that the machine trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("game.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    file = tmp_path / "game.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    tls_context.cache_clear()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    yield server
    tls_context.cache_clear()


def hang_up(connection: Connection, request: Request) -> None:
    connection.close()


def failure(url: str, **options: Any) -> http.OutboundError:
    with pytest.raises(http.OutboundError) as caught:
        http.Door().send("POST", url, **options)
    return caught.value


def test_an_answer_comes_back_with_all_that_is_needed() -> None:
    with serving(say_ok) as server:
        answer = http.send("POST", f"{server.url}/a", params={"b": "c d"}, json={"é": 1}, headers={"X-Own": "1"})
    assert (answer.status, answer.ok, answer.json(), answer.truncated) == (200, True, {"ok": True}, False)
    assert answer.headers["x-seen"] == answer.headers["X-SEEN"] == "/a?b=c+d"
    assert answer.duration_ms >= 0
    (request,) = server.requests
    assert (request.method, request.body) == ("POST", '{"é":1}'.encode())
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-own"] == "1"


def test_bytes_and_forms_are_sent_as_given() -> None:
    with serving(say_ok) as server:
        http.send("POST", server.url, body=b"\0\xff", headers={"Content-Type": "application/octet-stream"})
        http.send("POST", server.url, form={"grant_type": "client_credentials", "client_secret": "a&b"})
        http.send("GET", server.url)
    assert [request.body for request in server.requests] == [
        b"\0\xff",
        b"grant_type=client_credentials&client_secret=a%26b",
        b"",
    ]
    assert server.requests[1].headers["content-type"] == "application/x-www-form-urlencoded"


def test_d7_a_redirect_is_an_answer_and_not_followed() -> None:
    def redirect(connection: Connection, request: Request) -> None:
        connection.reply(307, b"moved", Location="http://169.254.169.254/latest")

    with serving(redirect) as server:
        answer = http.send("POST", server.url)
    assert (answer.status, answer.ok, answer.text) == (307, False, "moved")
    assert answer.headers["Location"] == "http://169.254.169.254/latest"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://localhost/\r\nContent-Length: 10000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_d7_of_an_endless_answer_64_kib_are_read(head: bytes) -> None:
    def flood(connection: Connection, request: Request) -> None:
        connection.socket.sendall(head)
        connection.flood()

    with serving(flood) as server:
        answer = http.send("POST", server.url)
    assert (len(answer.body), answer.truncated) == (64 * 1024, True)


def test_d7_an_answer_of_exactly_64_kib_is_whole() -> None:
    with serving(lambda connection, request: connection.reply(200, b"x" * 65536)) as server:
        answer = http.send("GET", server.url)
    assert (len(answer.body), answer.truncated) == (65536, False)


def test_d7_a_compressed_bomb_gives_64_kib_too() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    with serving(lambda connection, request: connection.reply(200, bomb, Content_Encoding="gzip")) as server:
        answer = http.send("GET", server.url)
    assert (len(answer.body), answer.truncated) == (65536, True)
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("sent", "dripped"),
    [
        (b"", b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 1000),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"z" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nz\r\n" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    ],
)
def test_d7_the_time_limit_is_one_for_the_whole_call(sent: bytes, dripped: bytes) -> None:
    def drip(connection: Connection, request: Request) -> None:
        connection.socket.sendall(sent)
        connection.drip(dripped)

    with serving(drip) as server:
        started = time.monotonic()
        error = failure(server.url, timeout=0.3)
        took = time.monotonic() - started
    assert isinstance(error, http.TimedOut)
    assert (error.reason, error.permanent) == ("timed_out", False)
    assert 0.3 <= took < 1.5


def test_d7_silence_and_a_server_that_does_not_read_time_out() -> None:
    with serving(lambda connection, request: connection.hang()) as server:
        assert isinstance(failure(server.url, timeout=0.2), http.TimedOut)
        assert isinstance(failure(server.url, timeout=0.2, body=b"x" * 20_000_000), http.TimedOut)


def test_d7_no_call_may_take_more_than_ten_seconds() -> None:
    assert http.TIME_LIMIT_SECONDS == 10


def test_d7_a_name_server_that_does_not_answer_counts_against_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def never(*args: Any, **kwargs: Any) -> Any:
        over.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", never)
    started = time.monotonic()
    error = failure("https://game.example/", timeout=0.2)
    over.set()
    assert isinstance(error, http.TimedOut)
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("development_machine", [False, True])
@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        (["127.0.0.1"], "loopback"),
        (["169.254.169.254"], "link_local"),
        (["10.0.0.1"], "private"),
        (["::1"], "loopback"),
        (["::ffff:127.0.0.1"], "loopback"),
        (["64:ff9b::7f00:1"], "loopback"),
        (["93.184.216.34", "127.0.0.1"], "loopback"),
    ],
)
def test_d7_a_name_that_leads_inside_is_refused_where_it_is_dialled(
    settings: Any,
    dns: dict[str, list[str]],
    addresses: list[str],
    reason: str,
    development_machine: bool,
) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = development_machine
    dns["game.example"] = addresses
    with serving(say_ok) as server:
        error = failure(f"https://game.example:{server.port}/")
        assert server.connections == 0
    assert isinstance(error, http.UrlRefused)
    assert (error.reason, error.permanent) == (reason, True)


def test_d7_a_permitted_range_is_reached_over_tls_by_its_name(
    settings: Any, dns: dict[str, list[str]], certificate: ssl.SSLContext
) -> None:
    settings.PORTAL_OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = False
    dns["game.example"] = ["127.0.0.1"]
    door = http.Door()
    with serving(say_ok, certificate) as server:
        for _ in range(2):
            assert door.send("GET", f"https://game.example:{server.port}/").ok
        assert server.connections == 1


def test_a_certificate_for_another_name_is_not_believed(
    settings: Any, dns: dict[str, list[str]], certificate: ssl.SSLContext
) -> None:
    settings.PORTAL_OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    dns["other.example"] = ["127.0.0.1"]
    with serving(say_ok, certificate) as server:
        error = failure(f"https://other.example:{server.port}/")
        assert server.requests == []
    assert isinstance(error, http.ConnectionFailed)
    assert (error.reason, error.permanent) == ("tls", False)


def test_a_certificate_of_an_unknown_authority_is_not_believed(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    tls_context.cache_clear()
    with serving(say_ok, certificate) as server:
        assert failure(server.url).reason == "tls"


def test_d7_the_time_limit_holds_over_tls(
    settings: Any, dns: dict[str, list[str]], certificate: ssl.SSLContext
) -> None:
    settings.PORTAL_OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    dns["game.example"] = ["127.0.0.1"]

    def drip(connection: Connection, request: Request) -> None:
        connection.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 1000)

    with serving(drip, certificate) as server:
        assert isinstance(failure(f"https://game.example:{server.port}/", timeout=0.3), http.TimedOut)


def test_a_server_without_tls_a_closed_port_and_an_unknown_name_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(hang_up) as server:
        assert failure(f"https://127.0.0.1:{server.port}/").reason in ("tls", "broken")
        assert failure(server.url).reason == "broken"
    assert failure(f"http://127.0.0.1:{free_port()}/").reason == "refused"

    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failure("https://game.invalid/")
    assert isinstance(error, http.ConnectionFailed)
    assert (error.reason, error.host) == ("dns", "game.invalid")


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH_9\r\n\r\n", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"]
)
def test_an_answer_that_is_not_http_or_breaks_off_is_a_failure(answer: bytes) -> None:
    def garbage(connection: Connection, request: Request) -> None:
        connection.socket.sendall(answer)
        connection.close()

    with serving(garbage) as server:
        error = failure(server.url)
    assert isinstance(error, http.ConnectionFailed)
    assert error.reason in ("broken", "answer")


def test_connections_are_kept_for_the_thread_that_made_them() -> None:
    door = http.Door()
    with serving(say_ok) as server:
        for _ in range(3):
            door.send("POST", server.url)
        assert server.connections == 1
        thread = threading.Thread(target=lambda: door.send("POST", server.url))
        thread.start()
        thread.join()
        assert server.connections == 2


def test_a_kept_connection_that_the_other_side_gave_up_costs_no_failure() -> None:
    def serve_one(connection: Connection, request: Request) -> None:
        seen.append(connection)
        if len([one for one in seen if one is connection]) > 1:
            connection.close()
        else:
            say_ok(connection, request)

    seen: list[Connection] = []
    door = http.Door()
    with serving(serve_one) as server:
        for _ in range(3):
            assert door.send("POST", server.url).ok
        assert server.connections == 3


def test_a_new_connection_that_breaks_is_not_tried_again() -> None:
    with serving(hang_up) as server:
        assert failure(server.url).reason == "broken"
        assert server.connections == 1


def test_d7_proxies_and_credentials_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", os.fspath(tmp_path / "netrc"))
    with serving(say_ok) as server:
        assert http.send("GET", server.url).ok
        assert http.requests_session().get(server.url).ok
    assert all("authorization" not in request.headers for request in server.requests)


def test_o3_neither_logs_nor_errors_hold_paths_queries_or_headers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "s3cret-token"
    options: dict[str, Any] = {"params": {"token": secret}, "headers": {"Authorization": f"Bearer {secret}"}}
    with serving(say_ok) as server:
        answer = http.send("POST", f"{server.url}/{secret}", **options)
    told = [caplog.text, repr(answer)]
    with serving(hang_up) as server:
        errors = [failure(f"{server.url}/{secret}", **options)]
    errors.append(failure(f"http://127.0.0.1:{free_port()}/{secret}", **options))
    errors.append(failure(f"https://10.0.0.1/{secret}", **options))
    errors.append(failure(server.url, headers={"Authorization": f"{secret}\r\nX: y"}))
    assert errors[-1].reason == "request"
    for error in errors:
        assert error.__cause__ is None
        assert error.__context__ is None
        told += [str(error), repr(error), str(error.sentence)]
    assert not any(secret in text for text in told)


def test_every_failure_has_a_sentence_of_its_own() -> None:
    assert str(http.TimedOut(host="game.example")) == "game.example: timed_out"
    assert str(http.TimedOut().sentence) == "The other side did not answer in time."
    assert not issubclass(http.OutboundError, OSError)


def test_an_answer_that_is_no_json_is_a_value_error() -> None:
    for body in (b"", b"<html>", b"\xff", b"[" * 100_000):
        answer = http.Answer(status=200, headers={}, body=body, truncated=False, duration_ms=0)
        with pytest.raises(ValueError, match=r".*"):
            answer.json()
