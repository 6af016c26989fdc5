"""What fulfillment adds to the preflight of a campaign (C5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignReward
from campaigns.preflight import Finding, Level, check, named
from fulfillment.api.callers import is_usable
from fulfillment.code_stock import counted_pools
from fulfillment.health.facts import CAP
from fulfillment.models import ApiClient, CodePool, Endpoint, GameStateClient
from fulfillment.rules.scopes import GAME_STATE_WRITE
from portal.sentences import Sentence


@check
@named(_("The way to the game"))
def way_to_deliver(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """The game has an enabled endpoint, to which its rewards are pushed or from which it pulls (D2)."""
    endpoint = Endpoint.objects.filter(game_id=campaign.game_id).first()
    if endpoint is not None and endpoint.enabled:
        return
    rows = list(campaign.rewards.all())
    if rows and len(_pools_of(campaign, now=now)) == len(rows):
        return  # all of them are codes: nothing is sent to the game
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
    pairs = GameStateClient.objects.filter(client=OuterRef("pk"), game__in=games)
    mine: QuerySet[Any] = ApiClient.objects.filter(organization=campaign.organization_id).annotate(
        allowed=Exists(pairs)
    )
    known = list(mine.filter(Q(allowed=True) | Q(revoked_at=None)).select_related("oauth").order_by("pk"))
    clients = [client for client in known if client.allowed]
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
    yield Finding(
        Level.WARNING,
        "no_game_state_client",
        Sentence(_("No API client may stream the state of %(game)s: no game event can happen."), name),
        Sentence(_("An owner allows it on the page of the API client that the game's server uses.")),
        field="game_state_games",
        obj=known[-1] if known else None,
        missing=None if known else ApiClient,
    )


def _pools_of(campaign: Campaign, *, now: datetime) -> list[CodePool]:
    """Return the pools of the campaign's rewards with what is left in them. Remembered on the campaign that is checked."""
    found: list[CodePool] | None = getattr(campaign, "_code_pools", None)
    if found is None:
        rewards = [row.reward_id for row in campaign.rewards.all()]
        pools = CodePool.objects.filter(reward__in=rewards).select_related("reward").order_by("name", "pk")
        found = list(counted_pools(pools, now=now))
        campaign._code_pools = found  # type: ignore[attr-defined]
    return found


@check
@named(_("Enough codes"), where=lambda campaign, now: bool(_pools_of(campaign, now=now)))
def enough_codes(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """The pool of each reward that is a code has as many as the reward's limit lets be given, or is not low (D8)."""
    rows = {row.reward_id: row for row in campaign.rewards.all()}
    for pool in _pools_of(campaign, now=now):
        free, limit = cast(Any, pool).free_codes, rows[pool.reward_id].limit_total
        names = {"pool": pool.name, "reward": pool.reward.name, "free": f"{free:,}", "limit": f"{limit or 0:,}"}
        if not free:
            sentence = Sentence(_("The pool “%(pool)s” has no free code: claims of “%(reward)s” would wait."), names)
        elif limit is not None and free < min(limit, CAP):
            sentence = Sentence(
                _("The pool “%(pool)s” has %(free)s free codes, and up to %(limit)s of “%(reward)s” may be given."),
                names,
            )
        elif free <= pool.low_stock:
            sentence = Sentence(_("The pool “%(pool)s” runs low: %(free)s free codes are left."), names)
        else:
            continue
        fix = Sentence(_("Import codes on the page of the pool. Claims wait until there are some."))
        yield Finding(Level.WARNING, "few_codes", sentence, fix, obj=pool)
