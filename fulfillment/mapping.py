"""What is known about claims: their reward, campaign, viewer, link and endpoint, for many at once (F2, C10).

Every look-up is one query for all the claims together, so that a batch costs the same however long it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from campaigns.models import Campaign, CampaignPlatform, CampaignReward, CampaignTester, GameCategory, Reward
from campaigns.models.rewards import RewardPlatformId
from fulfillment.models import Claim, CodePool, Endpoint, RewardCode
from fulfillment.rules.codes import Code
from fulfillment.rules.decision import CampaignFacts, EndpointKind, Facts, Found
from fulfillment.rules.states import State
from linking.models import Link, Player
from portal.platforms.studio import STUDIO

EXTERNAL_ID_DIFFERS = "The platform sent another external id than this reward has."
FOUND_BY_EXTERNAL_ID = "The reward was found by its external id: its id on the platform is not entered."
NAMED = 3
"""So many campaigns are named of those that a claim could be of: a name may be long, and the place for it is not."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a claim is bound to, as its row keeps it."""

    viewer_id: str | None = None
    game_id: str | None = None
    campaign_id: str | None = None
    reward_id: str | None = None
    campaign_reward_id: str | None = None
    link_id: str | None = None
    player_id: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known about one claim. ``limit`` is how many of the reward a player may have (R4).

    ``has_code`` says that it has a code of a pool already (D8).
    """

    facts: Facts
    columns: Columns
    limit: int
    detail: str = ""
    has_code: bool = False


@dataclass(slots=True)
class _Tables:
    """What was read, by the keys that claims have."""

    reward_by_platform_id: dict[tuple[str, str, str], Reward] = field(default_factory=dict)
    rewards_by_external_id: dict[tuple[str, str], list[Reward]] = field(default_factory=lambda: defaultdict(list))
    reward_by_id: dict[str, Reward] = field(default_factory=dict)
    campaign_by_platform_id: dict[tuple[str, str, str], str] = field(default_factory=dict)
    campaign_by_id: dict[str, Campaign] = field(default_factory=dict)
    campaign_rewards: dict[tuple[str, str], str] = field(default_factory=dict)
    campaigns_of_reward: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    runs_on: set[tuple[str, str]] = field(default_factory=set)
    game_by_category: dict[tuple[str, str, str], str] = field(default_factory=dict)
    testers: set[tuple[str, str, str]] = field(default_factory=set)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    players: dict[tuple[str, str], int] = field(default_factory=dict)
    endpoints: dict[str, EndpointKind] = field(default_factory=dict)
    by_code: set[str] = field(default_factory=set)
    coded: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Match:
    """How one claim's ids were understood."""

    reward: Reward | None
    reward_found: Found
    campaign: Campaign | None
    campaign_found: Found
    detail: str


def judged_at(claim: Claim) -> datetime:
    """Return the time that a claim is judged by: when it was granted, or where that is unknown, when it arrived (C10)."""
    return claim.granted_at or claim.received_at


def learn_about(claims: Sequence[Claim], viewers: Mapping[tuple[str, str, str], str]) -> dict[str, Known]:
    """Return what is known about each claim, by its id. ``viewers`` has the viewers' ids by organization, platform, user."""
    tables = _Tables()
    _read_rewards(tables, claims)
    _read_campaigns(tables, claims)
    matches = {claim.pk: _match(tables, claim) for claim in claims if claim.attempted_at is None}
    _read_people(tables, claims, matches, viewers)
    _read_codes(tables, claims)
    return {
        claim.pk: _known(tables, claim, matches[claim.pk], viewers) if claim.pk in matches else _frozen(tables, claim)
        for claim in claims
    }


def _read_rewards(tables: _Tables, claims: Sequence[Claim]) -> None:
    organizations = {claim.organization_id for claim in claims}
    for row in RewardPlatformId.objects.filter(
        organization__in=organizations, platform_reward_id__in=_filled(claim.platform_reward_id for claim in claims)
    ).select_related("reward"):
        tables.reward_by_platform_id[row.organization_id, row.platform, row.platform_reward_id] = row.reward
        tables.reward_by_id[row.reward_id] = row.reward
    by_external_id = Q(
        game__organization__in=organizations, external_id__in=_filled(claim.external_id for claim in claims)
    )
    assigned = Q(pk__in=_filled(claim.assigned_reward_id for claim in claims))
    for reward in Reward.objects.filter(by_external_id | assigned).select_related("game").defer("game__art", "image"):
        tables.rewards_by_external_id[reward.game.organization_id, reward.external_id].append(reward)
        tables.reward_by_id[reward.pk] = reward


def _read_campaigns(tables: _Tables, claims: Sequence[Claim]) -> None:
    organizations = {claim.organization_id for claim in claims}
    for row in CampaignPlatform.objects.filter(
        organization__in=organizations, platform_campaign_id__in=_filled(c.platform_campaign_id for c in claims)
    ):
        key = (row.organization_id, row.platform, row.platform_campaign_id)
        tables.campaign_by_platform_id[key] = row.campaign_id
    for place in CampaignReward.objects.filter(reward__in=list(tables.reward_by_id)):
        tables.campaign_rewards[place.campaign_id, place.reward_id] = place.pk
        tables.campaigns_of_reward[place.reward_id].append(place.campaign_id)
    wanted = {
        *tables.campaign_by_platform_id.values(),
        *(campaign for campaign, _reward in tables.campaign_rewards),
        *_filled(claim.assigned_campaign_id for claim in claims),
        *_filled(claim.campaign_id for claim in claims if claim.attempted_at is not None),
    }
    campaigns = Campaign.objects.filter(pk__in=wanted, organization__in=organizations)
    tables.campaign_by_id = {campaign.pk: campaign for campaign in campaigns.select_related("game")}
    if any(not claim.platform_campaign_id for claim in claims):
        running = CampaignPlatform.objects.filter(campaign__in=wanted).values_list("campaign", "platform")
        tables.runs_on = set(running)
    for category in GameCategory.objects.filter(
        organization__in=organizations, platform_category_id__in=_filled(c.platform_category_id for c in claims)
    ):
        key = (category.organization_id, category.platform, category.platform_category_id)
        tables.game_by_category[key] = category.game_id


def _read_people(
    tables: _Tables,
    claims: Sequence[Claim],
    matches: Mapping[str, _Match],
    viewers: Mapping[tuple[str, str, str], str],
) -> None:
    campaigns = [match.campaign for match in matches.values() if match.campaign is not None]
    games = {campaign.game_id for campaign in campaigns}
    games.update(_filled(claim.game_id for claim in claims if claim.attempted_at is not None))
    in_test = {campaign.pk for campaign in campaigns if campaign.test_mode}
    if in_test:
        users = {claim.platform_user_id for claim in claims}
        testers = CampaignTester.objects.filter(campaign__in=in_test, platform_user_id__in=users)
        tables.testers = set(testers.values_list("campaign", "platform", "platform_user_id"))
    wanted = {viewers[user_key(claim)] for claim in claims if user_key(claim) in viewers}
    for link in Link.objects.filter(game__in=games, viewer__in=wanted, ended_at=None):
        tables.links[link.game_id, link.viewer_id] = link
    # A viewer of the studio's own player needs no link: the player with this id is the viewer (I2).
    own = {claim.platform_user_id for claim in claims if claim.platform == STUDIO.key}
    if own:
        for pk, game, player in Player.objects.filter(game__in=games, player_id__in=own).values_list(
            "pk", "game", "player_id"
        ):
            tables.players[game, player] = pk
    for endpoint in Endpoint.objects.filter(game__in=games).defer("secret", "previous_secret"):
        tables.endpoints[endpoint.game_id] = _kind(endpoint)


def _read_codes(tables: _Tables, claims: Sequence[Claim]) -> None:
    """Read which rewards draw from a pool, and which of the claims that were attempted have a code of one (D8)."""
    rewards = list(tables.reward_by_id)
    if rewards:
        tables.by_code = set(CodePool.objects.filter(reward__in=rewards).values_list("reward_id", flat=True))
    attempted = [claim.pk for claim in claims if claim.attempted_at is not None]
    if attempted:
        tables.coded = set(RewardCode.objects.filter(claim__in=attempted).values_list("claim_id", flat=True))


def user_key(claim: Claim) -> tuple[str, str, str]:
    """Return what a claim's viewer is known by."""
    return claim.organization_id, claim.platform, claim.platform_user_id


def _kind(endpoint: Endpoint) -> EndpointKind:
    if endpoint.mode == Endpoint.Mode.PULL:
        return EndpointKind.PULL
    if not endpoint.enabled:
        return EndpointKind.NONE
    return EndpointKind.PUSH_PAUSED if endpoint.opened_at else EndpointKind.PUSH


def _filled(values: Iterable[str | None]) -> set[str]:
    return {value for value in values if value}


def _match(tables: _Tables, claim: Claim) -> _Match:
    campaign, campaign_found = _campaign_by_id(tables, claim)
    reward, reward_found, detail = _reward(tables, claim, campaign)
    if campaign is None and campaign_found is Found.NONE and not claim.platform_campaign_id and reward is not None:
        candidates = _campaigns_by_time(tables, claim, reward)
        if len(candidates) == 1:
            campaign, campaign_found = candidates[0], Found.ONE
        elif candidates:
            campaign_found, detail = Found.SEVERAL, f"{could_be(candidates)} {detail}".strip()
    return _Match(reward, reward_found, campaign, campaign_found, detail)


def _campaign_by_id(tables: _Tables, claim: Claim) -> tuple[Campaign | None, Found]:
    campaign_id = claim.assigned_campaign_id or tables.campaign_by_platform_id.get(
        (claim.organization_id, claim.platform, claim.platform_campaign_id)
    )
    campaign = tables.campaign_by_id.get(campaign_id or "")
    return campaign, Found.ONE if campaign else Found.NONE


def _reward(tables: _Tables, claim: Claim, campaign: Campaign | None) -> tuple[Reward | None, Found, str]:
    if claim.assigned_reward_id:
        return tables.reward_by_id[claim.assigned_reward_id], Found.ONE, ""
    reward = tables.reward_by_platform_id.get((claim.organization_id, claim.platform, claim.platform_reward_id))
    if reward is not None:
        differs = claim.external_id and reward.external_id and claim.external_id != reward.external_id
        return reward, Found.ONE, EXTERNAL_ID_DIFFERS if differs else ""
    candidates = tables.rewards_by_external_id.get((claim.organization_id, claim.external_id), [])
    if not claim.external_id:
        candidates = []
    game_id = campaign.game_id if campaign else _game_of_category(tables, claim)
    if game_id:
        candidates = [candidate for candidate in candidates if candidate.game_id == game_id]
    if len(candidates) == 1:
        return candidates[0], Found.ONE, FOUND_BY_EXTERNAL_ID if claim.platform_reward_id else ""
    return None, Found.SEVERAL if candidates else Found.NONE, ""


def _game_of_category(tables: _Tables, claim: Claim) -> str | None:
    return tables.game_by_category.get((claim.organization_id, claim.platform, claim.platform_category_id))


def _campaigns_by_time(tables: _Tables, claim: Claim, reward: Reward) -> list[Campaign]:
    """Find which campaigns a claim that names none, as Twitch's list does (F1), can be of: by its reward and its time.

    Where none was open at that time, the only one that ever had the reward there is it; the claim is then late or early.
    """
    at = judged_at(claim)
    candidates = [
        tables.campaign_by_id[campaign_id]
        for campaign_id in tables.campaigns_of_reward.get(reward.pk, [])
        if campaign_id in tables.campaign_by_id and (campaign_id, claim.platform) in tables.runs_on
    ]
    published = [campaign for campaign in candidates if campaign.published_at]
    open_then = [campaign for campaign in published if _was_open(campaign, at)]
    return open_then or published or candidates


def could_be(campaigns: Iterable[Campaign]) -> str:
    """Say for staff which campaigns a claim could be of, the latest to start first; of very many the first few."""
    by_start = sorted(campaigns, key=_start, reverse=True)
    names = [campaign.name for campaign in by_start]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"Could be: {', '.join(names[:NAMED])}{more}."


def _start(campaign: Campaign) -> tuple[str, str]:
    return (campaign.starts_at.isoformat() if campaign.starts_at else "", campaign.pk)


def _was_open(campaign: Campaign, at: datetime) -> bool:
    closes_at = campaign.closes_at or campaign.ends_at
    if campaign.starts_at is None or closes_at is None or not campaign.starts_at <= at < closes_at:
        return False
    return campaign.cancelled_at is None or at < campaign.cancelled_at


def _known(tables: _Tables, claim: Claim, match: _Match, viewers: Mapping[tuple[str, str, str], str]) -> Known:
    campaign, reward = match.campaign, match.reward
    viewer_id = viewers.get(user_key(claim))
    place = tables.campaign_rewards.get((campaign.pk, reward.pk)) if campaign and reward else None
    game_id = campaign.game_id if campaign else reward.game_id if reward else _game_of_category(tables, claim)
    link = tables.links.get((campaign.game_id, viewer_id)) if campaign and viewer_id else None
    player_id = link.player_id if link else None
    is_player = claim.platform == STUDIO.key
    if is_player and campaign:
        player_id = tables.players.get((campaign.game_id, claim.platform_user_id))
    facts = Facts(
        judged_at=judged_at(claim),
        fulfilled_elsewhere=claim.state == State.RECEIVED and claim.reason == Code.FULFILLED_ELSEWHERE,
        reward_found=match.reward_found,
        campaign_found=match.campaign_found,
        reward_in_campaign=place is not None,
        campaign=_campaign_facts(campaign),
        taken_over_at=_taken_over_at(claim, campaign) if campaign else None,
        is_tester=campaign is not None and (campaign.pk, claim.platform, claim.platform_user_id) in tables.testers,
        staff_hold=claim.staff_hold,
        waived=frozenset(claim.waived),
        has_player=player_id is not None,
        is_player=is_player,
        endpoint=EndpointKind.CODE
        if reward and reward.pk in tables.by_code and not _may_be_fetched(claim, reward)
        else tables.endpoints.get(game_id or "", EndpointKind.NONE),
    )
    columns = Columns(
        viewer_id=viewer_id,
        game_id=game_id,
        campaign_id=campaign.pk if campaign else None,
        reward_id=reward.pk if reward else None,
        campaign_reward_id=place,
        link_id=link.pk if link else None,
        player_id=player_id,
    )
    return Known(facts, columns, limit=campaign.per_player_limit if campaign else 1, detail=match.detail)


def _may_be_fetched(claim: Claim, reward: Reward) -> bool:
    """Whether the game may have read the claim already, to give the reward itself: it then gets no code besides (D8).

    Held by staff and released, it is one that is new.
    """
    return claim.state == State.READY and claim.reason == Code.WAITING_FOR_PULL and claim.reward_id == reward.pk


def _taken_over_at(claim: Claim, campaign: Campaign) -> datetime | None:
    """Return the time before which claims are not the portal's to deliver (F1).

    Where the game names none, what only a sweep brings counts from the campaign's publication on: a list reaches back for
    years, and what was granted before somebody set the campaign up here is not delivered by surprise.
    """
    return campaign.game.taken_over_at or (campaign.published_at if claim.source == Claim.Source.SWEEP else None)


def _frozen(tables: _Tables, claim: Claim) -> Known:
    """Keep a claim that was attempted as it is: only holds, pauses and slots still decide over it (L6)."""
    campaign = tables.campaign_by_id.get(claim.campaign_id or "")
    facts = Facts(
        judged_at=judged_at(claim),
        campaign=_campaign_facts(campaign),
        staff_hold=claim.staff_hold,
        has_player=claim.player_id is not None,
        endpoint=EndpointKind.CODE
        if claim.pk in tables.coded
        else tables.endpoints.get(claim.game_id or "", EndpointKind.NONE),
        frozen=True,
    )
    columns = Columns(
        viewer_id=claim.viewer_id,
        game_id=claim.game_id,
        campaign_id=claim.campaign_id,
        reward_id=claim.reward_id,
        campaign_reward_id=claim.campaign_reward_id,
        link_id=claim.link_id,
        player_id=claim.player_id,
    )
    limit = campaign.per_player_limit if campaign else 1
    return Known(facts, columns, limit=limit, detail=claim.detail, has_code=claim.pk in tables.coded)


def _campaign_facts(campaign: Campaign | None) -> CampaignFacts | None:
    if campaign is None:
        return None
    return CampaignFacts(
        starts_at=campaign.starts_at,
        closes_at=campaign.closes_at or campaign.ends_at,
        published_at=campaign.published_at,
        cancelled_at=campaign.cancelled_at,
        deliveries_paused=campaign.deliveries_paused,
        test_mode=campaign.test_mode,
    )
