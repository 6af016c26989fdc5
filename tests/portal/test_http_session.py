"""The door as libraries use it, and the wait that an answer asks for (D2, D7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from portal import http
from tests.loopback import Connection, Request, say_ok, serving


@pytest.fixture(autouse=True)
def development(settings: Any) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    settings.PORTAL_OUTBOUND_ALLOWED_NETWORKS = []


class TestSessionForLibraries:
    """allauth brings its own calls: the session it is given keeps the same rules."""

    def test_d7_redirects_are_not_followed_and_answers_are_cut(self) -> None:
        def behave(connection: Connection, request: Request) -> None:
            if request.target == "/flood":
                connection.socket.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")
                connection.flood()
            connection.reply(302, b"", Location="http://localhost/elsewhere")

        with serving(behave) as server:
            session = http.requests_session()
            assert session.get(server.url).status_code == 302
            assert len(session.get(f"{server.url}/flood").content) == 64 * 1024
            assert len(server.requests) == 2

    def test_d7_what_the_door_refuses_is_what_a_library_expects(self) -> None:
        with http.requests_session() as session:
            for url in ("https://10.0.0.1/?token=s3cret", "http://game.example/"):
                with pytest.raises(requests.ConnectionError) as caught:
                    session.get(url)
                assert "s3cret" not in str(caught.value)
                assert caught.value.__context__ is None

    def test_d7_a_server_that_hangs_is_given_up(self) -> None:
        session = http.requests_session()
        with serving(lambda connection, request: connection.hang()) as server, pytest.raises(requests.ConnectionError):
            session.post(server.url, timeout=0.2)

    def test_json_and_forms_come_back_as_usual(self) -> None:
        with serving(say_ok) as server, http.requests_session() as session:
            response = session.post(server.url, data={"code": "1"})
        assert response.json() == {"ok": True}
        assert server.requests[0].body == b"code=1"


NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta()),
        ("999999999999999999999", timedelta(days=1)),
        ("Fri, 20 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Fri, 20 Nov 2026 11:00:00 GMT", timedelta()),
        ("Fri, 20 Nov 2093 11:00:00 GMT", timedelta(days=1)),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("٣", None),
        ("1.5", None),
    ],
)
def test_d2_the_wait_that_is_asked_for_is_read(value: str, wait: timedelta | None) -> None:
    assert http.retry_after({"Retry-After": value}, now=NOW) == wait


def test_d2_no_wait_is_asked_for_without_the_header() -> None:
    assert http.retry_after({}, now=NOW) is None
