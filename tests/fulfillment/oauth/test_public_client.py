"""A public Twitch client, twitchAPI for Python, renews, checks and revokes tokens here with its base URL changed (A1).

How it gets them needs the real web server: tests/e2e/test_public_client.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from twitchAPI.oauth import refresh_access_token, revoke_token, validate_token
from twitchAPI.twitch import Twitch
from twitchAPI.type import AuthScope, InvalidRefreshTokenException, InvalidTokenException

from portal.roles import Role
from tests.factories import make_organization, make_staff
from tests.fulfillment.oauth.walk import Person, Program, player_token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def program() -> Program:
    return Program(make_organization())


def test_a1_it_checks_and_ends_a_token(live_server: Any, program: Program) -> None:
    base = f"{live_server.url}/oauth2/"
    token = program.app_token()

    async def work() -> None:
        assert (await validate_token(token, auth_base_url=base))["client_id"] == program.id
        assert await revoke_token(program.id, token, auth_base_url=base)
        assert not await revoke_token(program.id, token, auth_base_url=base)
        assert (await validate_token(token, auth_base_url=base))["status"] == 401

    asyncio.run(work())


def test_a1_it_uses_and_renews_a_user_token(live_server: Any, program: Program) -> None:
    base = f"{live_server.url}/oauth2/"
    member = Person(None)
    member.user = make_staff(program.organization, Role.ANALYST)
    member.browser.force_login(member.user)
    tokens = player_token(program, member, scope="analytics:read:games")
    app_token = program.app_token()
    figures = [AuthScope.ANALYTICS_READ_GAMES]

    async def work() -> None:
        twitch = Twitch(program.id, program.secret, auth_base_url=base)
        await twitch.set_user_authentication(tokens["access_token"], figures, tokens["refresh_token"])
        await revoke_token(program.id, tokens["access_token"], auth_base_url=base)
        await twitch.set_user_authentication(tokens["access_token"], figures, tokens["refresh_token"])
        assert twitch.get_user_auth_token() not in (None, tokens["access_token"])
        with pytest.raises(InvalidRefreshTokenException):
            await refresh_access_token("unknown", program.id, program.secret, auth_base_url=base)
        with pytest.raises(InvalidTokenException, match="not a user oauth token"):
            await twitch.set_user_authentication(app_token, [], "x")
        await twitch.close()

    asyncio.run(work())
