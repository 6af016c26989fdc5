"""What log lines must not hold (P1, O3)."""

from __future__ import annotations

import json
import logging

import pytest
from django.test import Client

from portal.logs import JSONFormatter

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
