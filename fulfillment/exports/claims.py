"""Claims as a file, newest first, each read through an index whatever they are chosen by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Game, Reward
from fulfillment.exports.asked import Asked, Filter, Kind
from fulfillment.models import Claim
from fulfillment.models.claims import STATE_NAMES
from portal.exports import Column, Row, keyset_pages
from portal.ids import first_ulid_at

_SKEW = timedelta(days=1)
_READ = (
    *("id", "platform", "platform_claim_id", "platform_user_id", "platform_user_name", "viewer_id", "player_id"),
    *("game_id", "campaign_id", "reward_id", "external_id", "source", "state", "reason", "granted_at", "received_at"),
    *("state_changed_at", "attempted_at", "delivered_at", "written_back_at", "player__player_id", "player__name"),
)

COLUMNS = (
    Column("claim_id", _("The claim's id in this portal; also the idempotency key of its delivery.")),
    Column("platform", _("Where it was claimed: twitch, kick, portal …")),
    Column("platform_claim_id", _("The claim's id on the platform."), personal=True),
    Column("platform_user_id", _("The user's id on the platform."), personal=True),
    Column("platform_user_name", _("The user's name as it came with the claim."), personal=True),
    Column("viewer_id", _("The viewer's id in this portal; tells nothing of who it is.")),
    Column("player_id", _("The game account's id in the game, once one is linked."), personal=True),
    Column("player_name", _("The game account's name."), personal=True),
    Column("game", _("The game's name, once it is known.")),
    Column("campaign_id", _("The campaign's id in this portal.")),
    Column("campaign", _("The campaign's name.")),
    Column("test", _("Whether the campaign is in test mode.")),
    Column("reward_id", _("The reward's id in this portal.")),
    Column("reward", _("The reward's name.")),
    Column("external_id", _("The reward's item in the game; of an unknown reward what the platform named.")),
    Column("source", _("What brought it: webhook, sweep, portal, staff.")),
    Column("state", _("Where it is: received, waiting, quarantined, held, ready, delivering, delivered, confirmed …")),
    Column("reason", _("The code of why it is there.")),
    Column("granted_at", _("When the platform granted it.")),
    Column("received_at", _("When it came in.")),
    Column("state_changed_at", _("Since when it is in its state.")),
    Column("first_attempt_at", _("When it was first sent to the game.")),
    Column("delivered_at", _("When the game took it.")),
    Column("platform_told_at", _("When the platform was told that it is done.")),
)


def claim_rows(asked: Asked) -> Iterator[Row]:
    """Yield the claims in the order of :data:`COLUMNS`. Names of campaigns and rewards are read once."""
    campaigns = {
        pk: (name, test)
        for pk, name, test in Campaign.objects.filter(organization=asked.organization).values_list(
            "pk", "name", "test_mode"
        )
    }
    rewards = {
        pk: (name, external)
        for pk, name, external in Reward.objects.filter(game__organization=asked.organization).values_list(
            "pk", "name", "external_id"
        )
    }
    games = dict(Game.objects.filter(organization=asked.organization).values_list("pk", "name"))
    for page in keyset_pages(chosen_claims(asked), newest_first=True):
        for claim in page:
            if asked.state and claim.state != asked.state:
                continue
            campaign, test = campaigns.get(claim.campaign_id or "", ("", None))
            reward, external = rewards.get(claim.reward_id or "", ("", ""))
            yield (
                claim.pk,
                claim.platform,
                claim.platform_claim_id,
                claim.platform_user_id,
                claim.platform_user_name,
                claim.viewer_id,
                claim.player.player_id if claim.player else "",
                claim.player.name if claim.player else "",
                games.get(claim.game_id or "", ""),
                claim.campaign_id,
                campaign,
                test,
                claim.reward_id,
                reward,
                external or claim.external_id,
                claim.source,
                claim.state,
                claim.reason,
                claim.granted_at,
                claim.received_at,
                claim.state_changed_at,
                claim.attempted_at,
                claim.delivered_at,
                claim.written_back_at,
            )


def chosen_claims(asked: Asked) -> QuerySet[Claim]:
    """Return the claims, for reading along their key. One condition at most is an index's, so that databases take no other.

    The campaign's if one is asked for, else the organization's and the state's; else the key alone. What is left is compared
    row by row: the state of a campaign's claims in :func:`claim_rows`, the others as texts that no index has.
    """
    claims = Claim.objects.select_related("player").only(*_READ)
    if asked.campaign is not None:
        claims = claims.filter(campaign=asked.campaign)
    elif asked.state:
        claims = claims.filter(organization=asked.organization, state=asked.state)
    else:
        claims = claims.annotate(owner=Concat("organization_id", Value(""))).filter(owner=asked.organization.pk)
    if asked.game is not None or asked.games is not None:
        wanted = {asked.game.pk} if asked.game is not None else set(asked.games or ())
        reached = wanted & asked.games if asked.games is not None else wanted
        claims = claims.annotate(in_game=Concat("game_id", Value(""))).filter(in_game__in=sorted(reached))
    # A claim's id begins with the time of its arrival, but for clocks that differ.
    if asked.since is not None:
        claims = claims.filter(pk__gte=first_ulid_at(asked.since - _SKEW), received_at__gte=asked.since)
    if asked.until is not None:
        claims = claims.filter(pk__lt=first_ulid_at(asked.until + _SKEW), received_at__lt=asked.until)
    return claims


CLAIMS = Kind(
    key="claims",
    title=_("Claims"),
    about=_("One row for each claim, the newest first."),
    columns=COLUMNS,
    filters=(Filter.CAMPAIGN, Filter.GAME, Filter.STATE, Filter.SINCE, Filter.UNTIL),
    rows=claim_rows,
    spans=_("When the claim came in."),
    states=list(STATE_NAMES),
)
