"""How far a person has come in campaigns that the portal counts (W5, R3, F5), read for all of a page at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from campaigns.models import Campaign, CampaignPlatform, CampaignReward, CampaignTester, EarnedReward
from campaigns.rules.earning import Goal, next_goal, open_requirements
from campaigns.rules.phases import Phase
from campaigns.watch.progress import Minutes, minutes_of
from fulfillment.limits import refused_now
from fulfillment.models import Claim
from fulfillment.rules.codes import Code
from fulfillment.rules.standing import Section, Standing, StandingFacts, section_of, standing_with
from fulfillment.rules.states import HOLDS_SLOT, State
from linking.viewers_of import OwnViewer

NOTHING = Minutes()

_CLAIM_COLUMNS = (
    "campaign_reward_id",
    "assigned_reward_id",
    "assigned_campaign_id",
    "viewer_id",
    "player_id",
    "state",
    "reason",
    "source",
    "platform",
    "received_at",
)


@dataclass(frozen=True, slots=True)
class RewardProgress:
    """One reward, one viewer. ``missing`` are the rewards that have to be earned first, the first of them first.

    ``met`` is whether its own rule is met, whatever else is missing.
    """

    row: CampaignReward
    standing: Standing
    done_minutes: int
    claim: Claim | None = None
    missing: Sequence[CampaignReward] = ()
    met: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """One campaign, one viewer, counted by the portal. ``rewards`` are in the campaign's order."""

    campaign: Campaign
    own: OwnViewer
    phase: Phase
    minutes: Minutes
    rewards: Sequence[RewardProgress]

    @property
    def begun(self) -> bool:
        """Whether a minute was credited."""
        return self.minutes != NOTHING

    @property
    def section(self) -> Section:
        """Where it stands on the inventory."""
        return section_of(self.phase, [reward.standing for reward in self.rewards], begun=self.begun)

    def next_goal(self, rule: str) -> Goal | None:
        """Return the reward of a rule that fewest minutes are missing for; None where all are earned.

        One that another has to be earned before comes next only where there is nothing else.
        """
        ready = [reward for reward in self.rewards if reward.standing is not Standing.NEEDS_ANOTHER]
        return next_goal(goals(ready, rule)) or next_goal(goals(self.rewards, rule))


@dataclass(frozen=True, slots=True)
class CountedElsewhere:
    """A campaign that platforms count themselves, of which the portal knows claims and nothing else (C1)."""

    campaign: Campaign
    phase: Phase
    platforms: tuple[str, ...]


@dataclass(slots=True)
class Facts:
    """What is known of viewers in campaigns, by the keys it is looked up by: minutes by viewer and campaign, rewards earned
    by viewer, claims by viewer and reward, how many of a reward a player holds, testers by campaign, platform and user id."""

    minutes: Mapping[tuple[str, str], Minutes] = field(default_factory=dict)
    earned: Mapping[str, set[str]] = field(default_factory=dict)
    claims: Mapping[tuple[str, str], Claim] = field(default_factory=dict)
    held: Counter[tuple[str, int]] = field(default_factory=Counter)
    testers: set[tuple[str, str, str]] = field(default_factory=set)
    used_up: Mapping[str, Code] = field(default_factory=dict)


def goals(rewards: Iterable[RewardProgress], rule: str) -> list[Goal]:
    """Return the rewards of one rule that minutes earn, as goals."""
    met = (Standing.NOT_STARTED, Standing.UNDER_WAY, Standing.NEEDS_ANOTHER, Standing.MISSED)
    return [
        Goal(
            reward_id=reward.row.pk,
            needed_minutes=reward.row.minutes or 0,
            done_minutes=reward.done_minutes,
            earned=reward.standing not in met or reward.done_minutes >= (reward.row.minutes or 0),
        )
        for reward in rewards
        if reward.row.rule == rule
    ]


def read_progress(
    campaigns: Sequence[Campaign], own: Sequence[OwnViewer], *, now: datetime
) -> tuple[list[Progress], list[CountedElsewhere]]:
    """Return how far these viewers are in campaigns: where the portal counts, and where only others know.

    ``campaigns`` come with ``game``, ``platforms`` and ``rewards__reward``. A test campaign is left out for who is no
    tester of it (C8). The number of queries does not depend on how many campaigns and viewers there are.
    """
    if not campaigns or not own:
        return [], []
    return told_by(_read(campaigns, own, now), campaigns, own, now=now)


def told_by(
    read: Facts, campaigns: Sequence[Campaign], own: Sequence[OwnViewer], *, now: datetime
) -> tuple[list[Progress], list[CountedElsewhere]]:
    """Return what :func:`read_progress` does, by facts that somebody has already."""
    progress: list[Progress] = []
    elsewhere: list[CountedElsewhere] = []
    for campaign in campaigns:
        counted_by = {row.platform: row.counted_by for row in campaign.platforms.all()}
        others: list[str] = []
        for one in own:
            viewer = one.viewer
            if not one.sees(campaign) or viewer.platform not in counted_by:
                continue
            if campaign.test_mode and (campaign.pk, viewer.platform, viewer.platform_user_id) not in read.testers:
                continue
            if counted_by[viewer.platform] == CampaignPlatform.CountedBy.PORTAL:
                progress.append(_progress(campaign, one, read, now))
            elif viewer.platform not in others and not _has_all(campaign, viewer.pk, read):
                others.append(viewer.platform)
        if others:
            elsewhere.append(CountedElsewhere(campaign, campaign.phase(now), tuple(others)))
    return progress, elsewhere


def ordered(rows: Iterable[CampaignReward]) -> list[CampaignReward]:
    """Return a campaign's rewards in the order that its producer gave them."""
    return sorted(rows, key=lambda row: (row.position, row.minutes or 0, row.pk))


def _read(campaigns: Sequence[Campaign], own: Sequence[OwnViewer], now: datetime) -> Facts:
    viewer_ids = [one.viewer.pk for one in own]
    campaign_ids = [campaign.pk for campaign in campaigns]
    places = {(row.campaign_id, row.reward_id): row.pk for campaign in campaigns for row in campaign.rewards.all()}
    read = Facts(minutes=minutes_of(viewer_ids=viewer_ids, campaign_ids=campaign_ids))
    earned: dict[str, set[str]] = defaultdict(set)
    for viewer, row in EarnedReward.objects.filter(
        viewer__in=viewer_ids, campaign_reward__in=list(places.values())
    ).values_list("viewer", "campaign_reward"):
        earned[str(viewer)].add(str(row))
    read.earned = earned
    players = {player for one in own for player in one.players.values() if player is not None}
    read.claims, read.held = _read_claims(viewer_ids, players, campaign_ids, places)
    users = {one.viewer.platform_user_id for one in own}
    testers = CampaignTester.objects.filter(campaign__in=campaign_ids, platform_user_id__in=users)
    read.testers = set(testers.values_list("campaign", "platform", "platform_user_id"))
    read.used_up = refused_now((row for campaign in campaigns for row in campaign.rewards.all()), now=now)
    return read


def _read_claims(
    viewer_ids: Collection[str],
    players: Collection[int],
    campaign_ids: Collection[str],
    places: Mapping[tuple[str, str], str],
) -> tuple[dict[tuple[str, str], Claim], Counter[tuple[str, int]]]:
    """Return the claims by viewer and reward, the one that has come furthest of several, and who holds how many (R4)."""
    mine = Q(viewer__in=viewer_ids) | Q(player__in=players)
    here = Q(campaign__in=campaign_ids) | Q(campaign=None, assigned_campaign__in=campaign_ids)
    claims: dict[tuple[str, str], Claim] = {}
    held: Counter[tuple[str, int]] = Counter()
    for claim in Claim.objects.filter(mine, here).only(*_CLAIM_COLUMNS).order_by("received_at", "pk"):
        place = claim.campaign_reward_id or places.get(
            (claim.assigned_campaign_id or "", claim.assigned_reward_id or "")
        )
        if place is None or _is_erased(claim):
            continue
        if claim.player_id is not None and claim.state in HOLDS_SLOT:
            held[place, claim.player_id] += 1
        if claim.viewer_id is not None:
            before = claims.get((claim.viewer_id, place))
            if before is None or before.state == State.DUPLICATE:
                claims[claim.viewer_id, place] = claim
    return claims, held


def _is_erased(claim: Claim) -> bool:
    """Tell whether a claim was closed because its person was erased: it can be claimed anew (F8)."""
    return claim.state == State.ABANDONED and claim.reason == Code.ERASED


def _progress(campaign: Campaign, own: OwnViewer, read: Facts, now: datetime) -> Progress:
    viewer_id, phase = own.viewer.pk, campaign.phase(now)
    minutes = read.minutes.get((viewer_id, campaign.pk), NOTHING)
    earned = read.earned.get(viewer_id, set())
    rows = ordered(campaign.rewards.all())
    by_id = {row.pk: row for row in rows}
    requires = {row.pk: row.requires_id for row in rows}
    player = own.players.get(campaign.game_id)
    rewards = []
    for row in rows:
        missing = [key for key in open_requirements(row.pk, requires=requires, earned=earned) if key != row.pk]
        claim = read.claims.get((viewer_id, row.pk))
        is_event = row.rule == CampaignReward.Rule.GAME_EVENT
        done = minutes.broadcast if row.rule == CampaignReward.Rule.BROADCAST else minutes.watched
        facts = StandingFacts(
            phase=phase,
            earned=row.pk in earned,
            needs_another=bool(missing),
            begun=done > 0,
            is_event=is_event,
            linked=own.is_linked(campaign),
            claimed=claim is not None,
            slot_taken=player is not None and read.held[row.pk, player] >= campaign.per_player_limit,
            all_given=read.used_up.get(row.pk) is Code.LIMIT_REACHED,
            given_today=read.used_up.get(row.pk) is Code.DAILY_LIMIT_REACHED,
        )
        first = [by_id[key] for key in missing if key in by_id]
        done = 0 if is_event else done
        rewards.append(RewardProgress(row, standing_with(facts), done, claim, first, met=facts.earned))
    return Progress(campaign, own, phase, minutes, rewards)


def _has_all(campaign: Campaign, viewer_id: str, read: Facts) -> bool:
    rows = campaign.rewards.all()
    return bool(rows) and all((viewer_id, row.pk) in read.claims for row in rows)
