"""An answer's head and body leave together where they are asked to (A1)."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from portal.whole import in_one_piece

pytestmark = pytest.mark.django_db  # an answer that is closed lets go of the database

HEAD, BODY = b"HTTP/1.1 200 OK\r\n\r\n", b'{"access_token": "x"}'


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=5)
        server, _ = listener.accept()
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the web server does
        with client, server:
            yield client, server


def test_a1_nothing_is_sent_before_all_was_written(connection: tuple[socket.socket, socket.socket]) -> None:
    client, server = connection
    answer = HttpResponse(BODY, status=201, headers={"Cache-Control": "no-store"})
    whole = in_one_piece(RequestFactory().get("/", **{"gunicorn.socket": server}), answer)
    assert (whole.status_code, whole.content, whole["Cache-Control"]) == (201, BODY, "no-store")
    server.sendall(HEAD)
    client.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(5)
    server.sendall(BODY)
    whole.close()
    assert client.recv(1000) == HEAD + BODY
    server.sendall(HEAD)  # the next answer on the same connection is held back no more
    assert client.recv(1000) == HEAD


def test_a1_a_client_that_has_gone_is_no_fault(connection: tuple[socket.socket, socket.socket]) -> None:
    _client, server = connection
    request = RequestFactory().get("/", **{"gunicorn.socket": server})
    server.close()
    in_one_piece(request, HttpResponse(BODY)).close()


def test_a1_other_servers_and_other_sockets_are_left_alone() -> None:
    answer = HttpResponse(BODY)
    assert in_one_piece(RequestFactory().get("/"), answer) is answer
    one, other = socket.socketpair()
    with one, other:
        assert in_one_piece(RequestFactory().get("/", **{"gunicorn.socket": one}), answer) is answer
