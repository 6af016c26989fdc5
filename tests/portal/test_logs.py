"""What log lines must not hold (P1, O3)."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
from django.test import Client

from portal.logs import JSONFormatter, UnreadableRequestFilter

TOKEN = "D_3zyyIFWDthajoFxm4NIBjTKb7xdIogH5hHHUDL1EY"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/webhooks/kick/{}/", "/WEBHOOKS/KICK/{}", "/webhooks/kick/{}/more", "/webhooks//kick//{}"]
)
def test_p1_an_address_that_is_nearly_a_webhooks_is_logged_without_its_token(
    path: str, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert client.post(path.format(TOKEN)).status_code == 404
    lines = [JSONFormatter().format(record) for record in caplog.records]
    assert any("Not Found" in line for line in lines)
    assert not any(TOKEN in line for line in lines)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/helix/analytics/files/{}", "/helix//analytics/files/{}/", "/HELIX/Analytics/Files/{}"]
)
def test_a1_a_link_to_a_file_that_is_refused_is_logged_without_what_makes_it_good(
    path: str, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    signed = f"WyIwMU04QUVCQ01SNjdZVDcw:1xWLnR:{TOKEN}"
    with caplog.at_level(logging.DEBUG):
        assert client.get(path.format(signed)).status_code in (403, 404)
    lines = [JSONFormatter().format(record) for record in caplog.records]
    assert any("Forbidden" in line or "Not Found" in line for line in lines)
    assert not any(part in line for line in lines for part in signed.split(":"))


def test_p1_an_error_is_logged_without_a_webhooks_token() -> None:
    try:
        raise ValueError(f"/webhooks/twitch/{TOKEN}")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("a", logging.ERROR, "", 1, "Failed: %s", (f"/webhooks/kick/{TOKEN}?x=1",), info)
    line = json.loads(JSONFormatter().format(record))
    assert line["message"] == "Failed: /webhooks/kick/[token]?x=1"
    assert TOKEN not in line["error"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            "Invalid HTTP request line: 'POST /oauth2/token?client_secret=s3cret&scope=a b HTTP/1.1'",
            "Invalid HTTP request line",
        ),
        ("Invalid HTTP Version: 's3cret HTTP/1.1'", "Invalid HTTP Version"),
        ("Request Line is too large (8200 > 8190)", "Request Line is too large"),
    ],
)
def test_o3_a_request_that_cannot_be_read_is_logged_without_what_it_says_and_from_where(said: str, kept: str) -> None:
    text = f"Invalid request from ip=192.0.2.7: {said}"
    record = logging.LogRecord("gunicorn.error", logging.WARNING, "", 1, text, (), None)
    assert UnreadableRequestFilter().filter(record)
    assert record.getMessage() == f"A request was refused that cannot be read: {kept}."


def test_o3_what_else_the_web_server_says_stays_as_it_is() -> None:
    script = """
import logging, sys
import portal.wsgi
logger = logging.getLogger("gunicorn.error")
logger.addHandler(logging.StreamHandler(sys.stdout))
logger.warning("Worker %s was sent %s", 7, "SIGKILL")
logger.warning("Invalid request from ip=192.0.2.7: Invalid HTTP Version: 's3cret HTTP/1.1'")
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == [
        "Worker 7 was sent SIGKILL",
        "A request was refused that cannot be read: Invalid HTTP Version.",
    ]
