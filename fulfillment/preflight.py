"""What fulfillment adds to the preflight of a campaign (C5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignReward
from campaigns.preflight import Finding, Level, check
from fulfillment.api.callers import is_usable
from fulfillment.models import ApiClient, Endpoint, GameStateClient
from fulfillment.rules.scopes import GAME_STATE_WRITE
from portal.sentences import Sentence


@check
def way_to_deliver(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """The game has an enabled endpoint, to which its rewards are pushed or from which it pulls (D2)."""
    endpoint = Endpoint.objects.filter(game_id=campaign.game_id).first()
    if endpoint is not None and endpoint.enabled:
        return
    name = {"game": campaign.game.name}
    if endpoint is None:
        sentence = Sentence(_("There is no way to deliver rewards to %(game)s."), name)
        fix = Sentence(_("An owner sets up the game's endpoint."))
    else:
        sentence = Sentence(_("The endpoint of %(game)s is switched off: no reward would be delivered."), name)
        fix = Sentence(_("An owner enables it."))
    missing = Endpoint if endpoint is None else None
    yield Finding(Level.ERROR, "no_way_to_deliver", sentence, fix, field="enabled", obj=endpoint, missing=missing)


@check
def game_state_client(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """Where a game event is rewarded, a client may stream the state of one of the campaign's games (G2)."""
    if not any(row.rule == CampaignReward.Rule.GAME_EVENT for row in campaign.rewards.all()):
        return
    games = [campaign.game_id, *(row.game_id for row in campaign.further_games.all())]
    pairs = GameStateClient.objects.filter(game__in=games).select_related("client__oauth").order_by("pk")
    clients = [pair.client for pair in pairs]
    if any(is_usable(client, now=now) and GAME_STATE_WRITE in client.oauth.get_scopes() for client in clients):
        return
    name = {"game": campaign.game.name}
    if clients:
        yield Finding(
            Level.WARNING,
            "game_state_client_unusable",
            Sentence(
                _("“%(client)s” may stream the state of %(game)s, but is revoked, has expired, or lacks that scope."),
                {**name, "client": clients[-1].oauth.name},
            ),
            Sentence(_("An owner mends it on the client's page. Until then no game event happens.")),
            field="game_state_games",
            obj=clients[-1],
        )
        return
    standing = ApiClient.objects.filter(organization=campaign.organization_id, revoked_at=None).order_by("-pk")
    known = standing.select_related("oauth").first()
    yield Finding(
        Level.WARNING,
        "no_game_state_client",
        Sentence(_("No API client may stream the state of %(game)s: no game event can happen."), name),
        Sentence(_("An owner allows it on the page of the API client that the game's server uses.")),
        field="game_state_games",
        obj=known,
        missing=None if known else ApiClient,
    )
