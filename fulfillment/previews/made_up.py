"""The facts that a preview makes up: a viewer and a player who do not exist, their minutes, what they earned and claimed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignPlatform, CampaignReward, Viewer
from campaigns.publishing import set_derived_times
from campaigns.watch.progress import Minutes
from fulfillment.models import Claim
from fulfillment.progress import CountedElsewhere, Facts, Progress, ordered, told_by
from fulfillment.rules.previewing import View
from fulfillment.rules.states import State
from linking.landing import Standing
from linking.models import Link, Player
from linking.players import sign_ins_of
from linking.viewers_of import OwnViewer
from portal import platforms
from portal.models import PlatformCredential, User

NOBODY = "preview"
"""The id of everybody who is made up."""

_NO_PLAYER = 0
_WITHOUT_LINK = (View.SIGNED_OUT, View.UNLINKED)


def as_published(campaign: Campaign, *, now: datetime) -> bool:
    """Make of a campaign, in memory alone, one that runs as planned; return whether dates had to be made up."""
    start, end = campaign.starts_at, campaign.ends_at
    lacking = start is None or end is None or end <= start
    if start is None:
        start = now
    if end is None or end <= start:
        end = start + timedelta(days=7)
    campaign.starts_at, campaign.ends_at = start, end
    set_derived_times(campaign)
    campaign.status, campaign.cancelled_at = Campaign.Status.PUBLISHED, None
    campaign.published_at = campaign.announces_at
    return lacking


def standing_in(campaign: Campaign, view: View) -> Standing:
    """Return where the made-up person of a state stands with the game: what they signed in with and linked."""
    game, name = campaign.game, _("Nova")
    player = None if view is View.SIGNED_OUT else Player(pk=_NO_PLAYER, game=game, player_id=NOBODY, name=name)
    credentials = PlatformCredential.objects.filter(organization=game.organization_id, enabled=True).exclude(
        client_id=""
    )
    links = {}
    if player is not None and view not in _WITHOUT_LINK:
        viewer = made_up_viewer(campaign)
        if platforms.get(viewer.platform).has_sign_in:
            links[viewer.platform] = Link(pk=NOBODY, game=game, viewer=viewer, player=player, platform=viewer.platform)
    return Standing(
        game=game,
        user=AnonymousUser() if player is None else User(username=name),
        sign_ins=sign_ins_of(game),
        players=[player] if player else [],
        player=player,
        links=links,
        waiting=None,
        credentials={one.platform: one for one in credentials},
    )


def made_up_viewer(campaign: Campaign) -> Viewer:
    """Return a viewer of the platform of which the page tells most: one on which the portal counts, if there is one."""
    counted = {row.platform: row.counted_by for row in campaign.platforms.all()}
    keys = [key for key in platforms.registry if key in counted]
    here = [key for key in keys if counted[key] == CampaignPlatform.CountedBy.PORTAL]
    platform = next(iter([*here, *keys, *platforms.registry]))
    return Viewer(
        id=NOBODY,
        organization_id=campaign.organization_id,
        platform=platform,
        platform_user_id=NOBODY,
        name=_("Nova"),
    )


def told_in(
    campaign: Campaign, view: View, *, now: datetime
) -> tuple[list[Progress], list[CountedElsewhere], list[Claim]]:
    """Return how far the made-up person of a state is, as the page reads it, and their claims."""
    if view in (View.SIGNED_OUT, View.ANNOUNCED):
        return [], [], []
    viewer = made_up_viewer(campaign)
    rows = ordered(campaign.rewards.all())
    watched = _watched(rows, view)
    earned = list(_earned(rows, watched))
    claims = [_claim(campaign, row, viewer, view, now) for row in earned] if view in (View.CLAIMED, View.FAILED) else []
    facts = Facts(
        minutes={(viewer.pk, campaign.pk): Minutes(watched=watched)},
        earned={viewer.pk: {row.pk for row in earned}},
        claims={(viewer.pk, claim.campaign_reward_id or ""): claim for claim in claims},
        testers={(campaign.pk, viewer.platform, viewer.platform_user_id)},
    )
    linked = view not in _WITHOUT_LINK
    own = OwnViewer(viewer, {campaign.game_id: _NO_PLAYER} if linked else {})
    progress, elsewhere = told_by(facts, [campaign], [own], now=now)
    return progress, elsewhere, claims


def _watched(rows: list[CampaignReward], view: View) -> int:
    """Return enough minutes for all rewards, for the first, or for half of what comes after it, as a state needs."""
    needed = sorted(row.minutes for row in rows if row.rule == CampaignReward.Rule.WATCH and row.minutes)
    if not needed:
        return 0
    if view in (View.CLAIMED, View.FAILED):
        return needed[-1]
    if len(needed) > 1:
        return needed[0] + (needed[1] - needed[0]) // 2
    return needed[0] // 2 if view is View.IN_PROGRESS else needed[0]


def _earned(rows: list[CampaignReward], watched: int) -> Iterator[CampaignReward]:
    """Return the rewards that so many minutes earn, none before what it requires; events have not happened."""
    earned: set[str] = set()
    waiting = [row for row in rows if row.rule == CampaignReward.Rule.WATCH and (row.minutes or 0) <= watched]
    while ready := [row for row in waiting if row.requires_id is None or row.requires_id in earned]:
        yield from ready
        earned |= {row.pk for row in ready}
        waiting = [row for row in waiting if row.pk not in earned]


def _claim(campaign: Campaign, row: CampaignReward, viewer: Viewer, view: View, now: datetime) -> Claim:
    here = any(
        one.platform == viewer.platform and one.counted_by == CampaignPlatform.CountedBy.PORTAL
        for one in campaign.platforms.all()
    )
    delivered = view is View.CLAIMED
    at = now - timedelta(hours=2)
    return Claim(
        id=NOBODY,
        organization_id=campaign.organization_id,
        platform=viewer.platform,
        source=Claim.Source.PORTAL if here else Claim.Source.WEBHOOK,
        granted_at=at,
        received_at=at,
        state=State.CONFIRMED if delivered else State.FAILED,
        delivered_at=at + timedelta(minutes=1) if delivered else None,
        viewer_id=viewer.pk,
        game=campaign.game,
        campaign=campaign,
        reward=row.reward,
        campaign_reward=row,
        player=Player(pk=_NO_PLAYER, game=campaign.game, player_id=NOBODY, name=_("Nova")),
    )
