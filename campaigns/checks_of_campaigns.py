"""What the campaigns app itself checks before a campaign is published (C5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from urllib.parse import urlsplit

from django.db.models import F
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignPlatform, CampaignReward
from campaigns.models.campaigns import MAX_REWARDS
from campaigns.preflight import Finding, Level, check, named
from campaigns.rules import zones
from portal import platforms
from portal.sentences import Sentence

SHORT_GRACE = timedelta(days=14)  # Twitch, Drops guide: claims made and linked within at least 14 days are honoured
SHORT_NOTICE = timedelta(hours=24)


def _error(code: str, sentence: Sentence, fix: Sentence, **where: object) -> Finding:
    return Finding(Level.ERROR, code, sentence, fix, **where)  # type: ignore[arg-type]


def _warning(code: str, sentence: Sentence, fix: Sentence, **where: object) -> Finding:
    return Finding(Level.WARNING, code, sentence, fix, **where)  # type: ignore[arg-type]


@check
@named(_("The organization is enabled"))
def organization_enabled(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """Only an organization that the portal's administrator enabled may publish."""
    if not campaign.organization.enabled:
        yield _error(
            "organization_not_enabled",
            Sentence(_("%(name)s is not enabled on this portal yet."), {"name": campaign.organization.name}),
            Sentence(_("Ask the portal's administrator to enable it. Until then the campaign stays a draft.")),
        )


@check
@named(_("Start and end"))
def dates(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """Start and end are set and in order."""
    for field, value, sentence in (
        ("starts_at", campaign.starts_at, _("The campaign has no start.")),
        ("ends_at", campaign.ends_at, _("The campaign has no end.")),
    ):
        if value is None:
            yield _error(f"{field}_missing", Sentence(sentence), Sentence(_("Enter date and time.")), field=field)
    if campaign.starts_at and campaign.ends_at and campaign.ends_at <= campaign.starts_at:
        yield _error(
            "end_not_after_start",
            Sentence(
                _("The end (%(end)s) is not after the start (%(start)s)."),
                {
                    "end": zones.describe(campaign.ends_at, campaign.time_zone),
                    "start": zones.describe(campaign.starts_at, campaign.time_zone),
                },
            ),
            Sentence(_("Choose a later end or an earlier start.")),
            field="ends_at",
        )


@check
@named(_("Dates that suit viewers"))
def timing(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """Warn of a start that is near or past, of a short grace time and of clocks that change on the way."""
    start, end = campaign.starts_at, campaign.ends_at
    if start and start <= now + SHORT_NOTICE:
        sentence = _("The campaign starts within 24 hours.") if start > now else _("The start has passed already.")
        yield _warning(
            "starts_soon",
            Sentence(sentence),
            Sentence(_("Check that the consoles of the platforms are set up. Watch time counts from publication.")),
            field="starts_at",
        )
    if end and end <= now:
        yield _warning(
            "ended_already",
            Sentence(_("The end has passed already: nobody can earn these rewards.")),
            Sentence(_("Choose a later end, unless only claims made in that time are to be delivered.")),
            field="ends_at",
        )
    if not start or not end or end <= start:
        return
    if zones.closing_time(end, campaign.grace_days, campaign.time_zone) - end < SHORT_GRACE - timedelta(hours=1):
        yield _warning(
            "short_grace",
            Sentence(_("Claiming closes %(days)s days after the end."), {"days": campaign.grace_days}),
            Sentence(_("Viewers often claim late: 14 grace days or more avoid complaints.")),
            field="grace_days",
        )
    for change in zones.dst_changes(start, end, campaign.time_zone):
        yield _warning(
            "clock_change",
            Sentence(
                _("The clocks change during the campaign: %(moment)s."),
                {"moment": zones.describe(change, campaign.time_zone)},
            ),
            Sentence(_("Check start and end in the zone and in UTC.")),
            field="ends_at",
        )


@check
@named(_("Web addresses"), where=lambda campaign, _now: bool(campaign.info_url or campaign.connection_url))
def addresses(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """Pages that viewers are sent to are web pages."""
    for field, label in (("info_url", _("info page")), ("connection_url", _("connection page"))):
        value = getattr(campaign, field)
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            yield _error(
                f"{field}_not_http",
                Sentence(_("The address of the %(page)s, %(url)s, is no web address."), {"page": label, "url": value}),
                Sentence(_("It must start with https:// or http://. Or leave it empty.")),
                field=field,
            )


@check
@named(_("Rewards and their images"))
def rewards(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """One to twelve rewards, each with a picture and words for it."""
    entries = list(campaign.rewards.all())
    if not entries:
        yield _error(
            "no_reward",
            Sentence(_("The campaign has no reward.")),
            Sentence(_("Add at least one reward with its rule.")),
            field="rewards",
        )
    if len(entries) > MAX_REWARDS:
        yield _error(
            "too_many_rewards",
            Sentence(
                _("The campaign has %(count)s rewards; %(most)s are allowed."),
                {"count": len(entries), "most": MAX_REWARDS},
            ),
            Sentence(_("Remove some, or make a second campaign.")),
            field="rewards",
        )
    for entry in entries:
        yield from _picture(entry)


def _picture(entry: CampaignReward) -> Iterator[Finding]:
    reward = entry.reward
    if not reward.image:
        yield _error(
            "reward_without_image",
            Sentence(_("The reward “%(reward)s” has no image."), {"reward": reward.name}),
            Sentence(_("Upload one on the reward's page.")),
            field="image",
            obj=reward,
        )
    elif not reward.alt_text:
        yield _warning(
            "reward_without_alt_text",
            Sentence(_("The image of “%(reward)s” has no alternative text."), {"reward": reward.name}),
            Sentence(_("Say on the reward's page what it shows, for people who cannot see it.")),
            field="alt_text",
            obj=reward,
        )


@check
@named(_("Platforms, and their ids where they count"))
def platform_ids(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """The campaign runs somewhere; where the platform counts, the campaign's and its rewards' ids there are known."""
    rows = list(campaign.platforms.all())
    if not rows:
        yield _error(
            "no_platform",
            Sentence(_("The campaign runs on no platform.")),
            Sentence(_("Add at least one platform and say who counts there.")),
            field="platforms",
        )
    for row in rows:
        if row.counted_by == CampaignPlatform.CountedBy.PLATFORM:
            yield from _counted_there(campaign, row)


def _counted_there(campaign: Campaign, row: CampaignPlatform) -> Iterator[Finding]:
    platform = platforms.get(row.platform)
    if not platform.counts_watch_time:
        yield _error(
            "platform_does_not_count",
            Sentence(_("%(platform)s does not count watch time itself."), {"platform": capfirst(platform.name)}),
            Sentence(_("Choose that the portal counts there.")),
            field="platforms",
        )
        return
    if not row.platform_campaign_id:
        yield _error(
            "platform_campaign_id_missing",
            Sentence(_("The campaign's id on %(platform)s is missing."), {"platform": platform.name}),
            Sentence(
                _("Copy it from the platform's console. %(hint)s"),
                {"hint": platform.id_hints.get("campaign", "")},
            ),
            field="platforms",
        )
    if not row.connected:  # type: ignore[attr-defined]  # of ``preflight.platform_rows``
        yield _warning(
            "platform_not_connected",
            Sentence(
                _("Your organization has no enabled credential for %(platform)s: no claim can arrive from there."),
                {"platform": platform.name},
            ),
            Sentence(_("An owner enters it; the page “Setting up” has what the platform asks for.")),
        )
    yield from _unlike_ids(campaign, row)
    for entry in campaign.rewards.all():
        if not any(known.platform == row.platform for known in entry.reward.platform_ids.all()):
            yield _error(
                "platform_reward_id_missing",
                Sentence(
                    _("The id of “%(reward)s” on %(platform)s is missing."),
                    {"reward": entry.reward.name, "platform": platform.name},
                ),
                Sentence(_("Enter it on the reward's page. %(hint)s"), {"hint": platform.id_hints.get("reward", "")}),
                field="platform_ids",
                obj=entry.reward,
            )


def _unlike_ids(campaign: Campaign, row: CampaignPlatform) -> Iterator[Finding]:
    """Warn of ids that look like none: the platform would never send them, and no claim would find its reward."""
    fix = Sentence(_("Compare it with the platform's console."))
    found = platforms.unlike_id(row.platform, "campaign", row.platform_campaign_id)
    if found is not None:
        yield _warning("unlike_campaign_id", found, fix, field="platforms")
    for entry in campaign.rewards.all():
        for known in entry.reward.platform_ids.all():
            found = platforms.unlike_id(row.platform, "reward", known.platform_reward_id)
            if known.platform == row.platform and found is not None:
                yield _warning("unlike_reward_id", found, fix, field="platform_ids", obj=entry.reward)


@check
@named(_("Channels that count"))
def channels(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """An allow-list with no channel never means all channels (C5)."""
    if campaign.scope == Campaign.Scope.ALLOW_LIST and not campaign.listed_count:
        yield _error(
            "allow_list_empty",
            Sentence(_("Only listed channels count, and none is listed.")),
            Sentence(_("List channels, or choose that all channels count.")),
            field="channels",
        )


@check
@named(_("Testers of the test"), where=lambda campaign, _now: campaign.test_mode)
def testers(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """Warn of a test in which nobody takes part: no tester is on any platform of the campaign (C8)."""
    rows = list(campaign.platforms.all())
    if campaign.test_mode and rows and not any(row.tested for row in rows):  # type: ignore[attr-defined]
        yield _warning(
            "no_tester",
            Sentence(
                _(
                    "The campaign is in test mode and has no tester on its platforms: nobody takes part, and claims are held."
                )
            ),
            Sentence(
                _("Add the members who have linked as testers, list testers by their id, or switch test mode off.")
            ),
            field="testers",
        )


@check
@named(_("Rewards in other campaigns at the same time"))
def overlaps(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """Warn of a reward that another campaign gives on the same platform at the same time."""
    if not campaign.starts_at or not campaign.ends_at:
        return
    others = (
        CampaignReward.objects.filter(
            campaign__organization_id=campaign.organization_id,
            campaign__status=Campaign.Status.PUBLISHED,
            campaign__starts_at__lt=campaign.ends_at,
            campaign__ends_at__gt=campaign.starts_at,
            reward__in=[entry.reward_id for entry in campaign.rewards.all()],
            campaign__platforms__platform__in=[row.platform for row in campaign.platforms.all()],
        )
        .exclude(campaign=campaign)
        .annotate(shared_platform=F("campaign__platforms__platform"))
        .select_related("reward", "campaign")
        .order_by("campaign_id", "position", "id", "shared_platform")
    )
    for _pk, of_one in groupby(others, key=attrgetter("pk")):
        rows = list(of_one)
        names = [str(platforms.get(row.shared_platform).name) for row in rows]
        yield _warning(
            "reward_in_overlapping_campaign",
            Sentence(
                _("“%(reward)s” is also in the campaign “%(campaign)s” on %(platforms)s at the same time."),
                {
                    "reward": rows[0].reward.name,
                    "campaign": rows[0].campaign.name,
                    "platforms": get_text_list(names, _t("and")),
                },
            ),
            Sentence(_("A claim that names no campaign cannot be told apart. Use another reward, or other dates.")),
            field="rewards",
        )
