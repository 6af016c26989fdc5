"""A public Twitch client, twitchAPI for Python, gets tokens of a running portal with its base URL changed (A1)."""

from __future__ import annotations

import asyncio

import pytest
from twitchAPI.oauth import validate_token
from twitchAPI.twitch import Twitch
from twitchAPI.type import TwitchAuthorizationException

from tests.e2e.portal import RunningPortal

pytestmark = [pytest.mark.slow, pytest.mark.sqlite]

TIMES = 20


def test_a_public_client_gets_its_token_every_time(portal: RunningPortal) -> None:
    """It reads an answer's body only if that came together with the head, so that one attempt shows nothing."""
    base = f"{portal.url}/oauth2/"
    client_id, secret = portal.demo["api_client"]["client_id"], portal.demo["api_client"]["client_secret"]

    async def work() -> None:
        for _ in range(TIMES):
            twitch = Twitch(client_id, secret, auth_base_url=base)
            await twitch.authenticate_app([])
            token = str(twitch.get_app_token())
            assert (await validate_token(token, auth_base_url=base))["client_id"] == client_id
            await twitch.close()
        with pytest.raises(TwitchAuthorizationException):
            await Twitch(client_id, "wrong", auth_base_url=base)

    asyncio.run(work())
