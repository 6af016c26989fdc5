"""The pages of Kick's shape: which claims a caller sees, what they are called, and where the next page begins (A2, A3, A5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast

from campaigns.models import CampaignPlatform, Reward, RewardPlatformId
from fulfillment.api.callers import Caller
from fulfillment.api.kick.asking import Asked
from fulfillment.api.kick.shape import COLUMNS, INITIATED, PROCESSED, WIDE_COLUMNS, Names, own_items, wide_items
from fulfillment.api.pages import Condition, Query, find_campaign, narrowed_to_user, read_page, visible_as
from fulfillment.models import Claim
from linking.models import Player
from portal.platforms.kick import KICK

_CAMPAIGN_THERE, _REWARD_THERE, _EXTERNAL, _CAMPAIGN, _REWARD, _LISTED_AS, _PLAYER = (
    WIDE_COLUMNS.index(name)
    for name in (
        "platform_campaign_id",
        "platform_reward_id",
        "external_id",
        "campaign_id",
        "reward_id",
        "listed_as",
        "player_id",
    )
)


def completing_texts(caller: Caller) -> frozenset[str]:
    """Return the texts, besides Kick's own, that complete a claim for this client (A5)."""
    return frozenset(caller.client.completing_texts) - {INITIATED, PROCESSED}


def list_claims(caller: Caller, asked: Asked) -> dict[str, Any]:
    """Return a page as Kick does: ``claims``, and as ``cursor`` the id of the last of them.

    A page without claims returns the cursor that was passed, so that a client may go on asking with it. A campaign that
    the organization does not have has no claims.
    """
    campaign = None
    if asked.campaign_id is not None:
        campaign = find_campaign(caller, asked.campaign_id, shape=KICK.key)
        if campaign is None:
            return {"claims": [], "cursor": asked.cursor}
    completing = completing_texts(caller)
    fulfilled, more = _of_status(asked.external_status, completing)
    query = Query(
        shape=KICK.key,
        limit=asked.limit,
        after=number_of(caller, asked.cursor) if asked.cursor else 0,
        claim_ids=(asked.claim_id,) if asked.claim_id is not None else (),
        user_id=asked.user_id,
        campaign=campaign,
        fulfilled=fulfilled,
        more=more,
    )
    if caller.user is not None:
        # Of a player's token the page leaves out what is another's whatever is asked: the user asked for comes on top.
        query = replace(query, more=(*more, *narrowed_to_user(query, _others(caller))))
    wide = caller.client.other_platforms
    rows = read_page(caller, query, WIDE_COLUMNS if wide else COLUMNS)
    names = _names(rows, wide=wide)
    items = wide_items(rows, names, completing) if wide else own_items(rows, names, completing)
    return {"claims": items, "cursor": items[-1]["claim_id"] if items else asked.cursor}


def number_of(caller: Caller, claim_id: str) -> int:
    """Return where the claim that a caller calls so stands in its lists, also while it is out of sight.

    One that was never listed, or that the caller may never see, stands before all: of what comes behind it nothing is
    skipped. A claim that went out of sight and came back stands where it is now.
    """
    seen = Claim.objects.filter(organization=caller.organization_id, listed_no__isnull=False)
    if caller.user is not None:
        seen = seen.filter(Q(viewer__user=caller.user) | Q(player__user=caller.user))
    number = _number(seen.filter(platform=KICK.key, platform_claim_id=claim_id, listed_as=KICK.key))
    others = _others(caller)
    if number is None and others:
        number = _number(seen.filter(pk=claim_id, listed_as__in=others))
    return number or 0


def _others(caller: Caller) -> list[str]:
    return [shape for shape in visible_as(caller, KICK.key) if shape != KICK.key]


def _number(claims: QuerySet[Claim]) -> int | None:
    return claims.values_list("listed_no", flat=True).first()


def _of_status(status: str | None, completing: frozenset[str]) -> tuple[bool | None, tuple[Condition, ...]]:
    """Return which claims show this status: the same as :func:`status_shown`, as a condition of SQL."""
    texts = sorted(completing)
    listed = ", ".join(["%s"] * len(texts))
    if status is None:
        return None, ()
    if status == PROCESSED:
        return True, ((f"c.partner_status NOT IN ({listed})", texts),) if texts else ()
    if status == INITIATED:
        return False, ((f"c.partner_status IN ({', '.join(['%s'] * (len(texts) + 1))})", ["", *texts]),)
    return status in completing, (("c.partner_status = %s", [status]),)


def _names(rows: Sequence[Sequence[Any]], *, wide: bool) -> Names:
    """Look up what the claims of a page came without, and their players: at most one query for the whole page."""
    campaigns = {row[_CAMPAIGN] for row in rows if not row[_CAMPAIGN_THERE]} - {None}
    rewards = {row[_REWARD] for row in rows if not row[_REWARD_THERE]} - {None}
    if wide:
        named = {row[_REWARD] for row in rows if not row[_EXTERNAL] or row[_LISTED_AS] != KICK.key} - {None}
        players = {row[_PLAYER] for row in rows} - {None}
    else:
        named = {row[_REWARD] for row in rows if not row[_EXTERNAL]} - {None}
        players = set()
    parts: list[QuerySet[Any, Any]] = []
    if campaigns:
        there = CampaignPlatform.objects.filter(platform=KICK.key, campaign__in=campaigns)
        parts.append(there.values_list(Value("campaign"), "campaign_id", "platform_campaign_id"))
    if rewards:
        known = RewardPlatformId.objects.filter(platform=KICK.key, reward__in=rewards)
        parts.append(known.values_list(Value("reward"), "reward_id", "platform_reward_id"))
    if named:
        parts.append(Reward.objects.filter(pk__in=named).values_list(Value("external"), "pk", "external_id"))
    if players:
        key = Cast("pk", CharField())
        parts.append(Player.objects.filter(pk__in=players).values_list(Value("player"), key, "player_id"))
    found: dict[str, dict[str, str]] = {"campaign": {}, "reward": {}, "external": {}, "player": {}}
    for kind, key_of, name in parts[0].union(*parts[1:], all=True) if parts else ():
        found[kind][key_of] = name
    return Names(found["campaign"], found["reward"], found["external"], found["player"])
