"""A game backend that fetches its claims, as tests of the running portal play it: an organization, claims, and a client."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from tests.e2e.portal import RunningPortal

CLAIMS = 130  # more than a page of either public client, and more than one update may name
BACK = "https://game.example.org/back"

_firsts = itertools.count(10_000, 10_000)
STUDIO = """
import itertools
from datetime import timedelta
from django.utils import timezone
from campaigns.rules.days import day_number
from fulfillment.api_clients import create_client
from fulfillment.claim_counts import Changes
from fulfillment.rules.scopes import ANALYTICS, SCOPES
from portal.roles import Role
from tests import factories
from tests.factories import make_api_token, make_staff
from tests.fulfillment.api.shape import Studio

factories._numbers = itertools.count({first})  # in one portal, made by several processes
now = timezone.now()
studio = Studio("twitch")
claims = [studio.claim(granted_at=now, state_changed_at=now) for _ in range({claims})]
user, viewer, player = studio.account()
of_player = studio.claim(player=player, viewer=viewer, platform_user_id=viewer.platform_user_id)
of_kick = studio.claim(platform="kick")
client, secret = create_client(
    organization=studio.organization, actor=None, now=now, name="Game backend", scopes=SCOPES, redirect_uris=[{back!r}],
    expires_at=None, other_platforms=False, completing_texts=[], points_per_minute=800,
    game_state_games=[studio.game],
)
channel = factories.make_channel(studio.organization, "twitch", platform_channel_id="12345")
session = factories.make_game_session(studio.game, channel)
changes = Changes()
changes.on_day(studio.campaign.pk, None, "granted", day_number(now) - 1, 3)
changes.write()
print(json.dumps({{
    "client_id": client.oauth_id,
    "client_secret": secret,
    "game_id": studio.categories["twitch"],
    "our_game_id": studio.game.pk,
    "session": session.pk,
    "claims": [claim.platform_claim_id for claim in claims],
    "rewards": [claim.platform_reward_id for claim in claims],
    "user_id": claims[0].platform_user_id,
    "of_kick": of_kick.platform_claim_id,
    "of_player": of_player.platform_claim_id,
    "player_token": make_api_token(client, user=user),
    "staff_token": make_api_token(client, user=make_staff(studio.organization, Role.ANALYST), scopes=(ANALYTICS,)),
}}))
"""
STATES = """
from fulfillment.models import Claim
claims = Claim.objects.filter(platform_claim_id__in={ids!r})
print(json.dumps(sorted(set(claims.values_list("state", flat=True)))))
"""


@dataclass(frozen=True)
class Backend:
    """What a game's backend was given to call this portal, and what it should find."""

    portal: RunningPortal
    known: dict[str, Any]

    @property
    def claims(self) -> list[str]:
        """Twitch's ids of the claims of all players, in their order; the last is that of the player whose token is known."""
        return [*self.known["claims"], self.known["of_player"]]

    def states(self) -> list[str]:
        """Return the states in which these claims are."""
        found: list[str] = self.portal.ask(STATES.format(ids=self.claims))
        return found


def new_backend(portal: RunningPortal, *, claims: int = CLAIMS) -> Backend:
    """Make an organization of its own in a running portal, with a game that pulls, so many claims, and a client."""
    return Backend(portal, portal.ask(STUDIO.format(first=next(_firsts), claims=claims, back=BACK)))
