"""Who may ask for reports (A1, A2, S1)."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.models import Campaign, Game
from fulfillment.models import ApiClient
from fulfillment.rules.scopes import ANALYTICS, CLAIMS_READ, CLAIMS_WRITE
from portal.models import Organization
from portal.roles import Role
from tests import factories as make
from tests.fulfillment.api.analytics.reading import PATH, ask, fetch, granted, lines, message, reports

pytestmark = pytest.mark.django_db


def test_a1_a_call_without_a_token_or_with_another_client_s_id_is_401(
    api_client: ApiClient, studio: Organization
) -> None:
    assert message(Client().get(PATH)) == (401, "OAuth token is missing")
    headers = {**make.api_headers(api_client), "Client-Id": make.make_api_client(studio).oauth_id}
    assert message(Client().get(PATH, headers=headers))[0] == 401


def test_a1_a_client_needs_the_scope(studio: Organization) -> None:
    without = make.make_api_client(studio, scopes=(CLAIMS_READ, CLAIMS_WRITE))
    assert message(ask(without)) == (401, f"Missing scope: {ANALYTICS}")
    only = make.make_api_client(studio, scopes=(ANALYTICS,))
    assert ask(only).status_code == 200


def test_a1_a_token_that_was_granted_narrower_scopes_does_not_do(api_client: ApiClient) -> None:
    assert message(ask(api_client, make.make_api_token(api_client, scopes=(CLAIMS_READ,))))[0] == 401
    assert ask(api_client, make.make_api_token(api_client, scopes=(ANALYTICS,))).status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_a1_s1_a_member_s_token_with_the_scope_sees_what_the_member_sees(
    api_client: ApiClient, studio: Organization, campaign: Campaign, game: Game, role: Role
) -> None:
    granted(campaign)
    member = make.make_staff(studio, role)
    token = make.make_api_token(api_client, user=member, scopes=(ANALYTICS,))
    assert len(reports(api_client, token)) == 1
    [report] = reports(api_client, token, game_id=game.pk)
    assert len(lines(fetch(report["URL"]))) == 2


@pytest.mark.parametrize("scopes", [(), (CLAIMS_READ,)])
def test_a1_a_user_s_token_needs_the_scope_itself(
    api_client: ApiClient, studio: Organization, scopes: tuple[str, ...]
) -> None:
    token = make.make_api_token(api_client, user=make.make_staff(studio), scopes=scopes)
    assert message(ask(api_client, token)) == (401, f"Missing scope: {ANALYTICS}")


def test_a2_who_is_no_member_of_the_studio_has_no_games(api_client: ApiClient, campaign: Campaign, game: Game) -> None:
    granted(campaign)
    for user in (make.make_user(), make.make_staff(make.make_organization())):
        token = make.make_api_token(api_client, user=user, scopes=(ANALYTICS,))
        assert ask(api_client, token).json() == {"data": [], "pagination": {}}
        assert message(ask(api_client, token, game_id=game.pk))[0] == 404


def test_a1_the_client_of_a_disabled_organization_is_400(api_client: ApiClient) -> None:
    Organization.objects.update(enabled=False)
    assert message(ask(api_client))[0] == 400


def test_a1_other_methods_are_405(api_client: ApiClient) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert message(getattr(Client(), method)(PATH, headers=make.api_headers(api_client)))[0] == 405
