"""Before a campaign is published that lives on heartbeats: is there a source for each platform, and does it send (C5).

Game events need one too (G4). They are counted only where the portal counts (W3), and there one is asked for anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.heartbeats.standing import with_last_heartbeat
from campaigns.models import Campaign, CampaignPlatform, HeartbeatSource
from campaigns.preflight import Finding, Level, check, named
from portal import platforms
from portal.platforms.studio import STUDIO
from portal.sentences import Sentence

HEARD_WITHIN = timedelta(hours=1)


def _counted_here(campaign: Campaign) -> list[str]:
    return [row.platform for row in campaign.platforms.all() if row.counted_by == CampaignPlatform.CountedBy.PORTAL]


@check
@named(_("Heartbeats, where the portal counts"), where=lambda campaign, _now: bool(_counted_here(campaign)))
def heartbeats(campaign: Campaign, now: datetime) -> Iterator[Finding]:
    """Where the portal counts, an enabled source for one of the campaign's games."""
    counted_here = _counted_here(campaign)
    if not counted_here:
        return
    sources = list(_sources(campaign))
    for platform in counted_here:
        there = [source for source in sources if source.platform == platform]
        yield from _of_platform(campaign, platform, there, now=now)


def _sources(campaign: Campaign) -> QuerySet[Any]:
    games = [campaign.game_id, *(row.game_id for row in campaign.further_games.all())]
    rows = HeartbeatSource.objects.filter(game__in=games).select_related("credential__organization")
    return with_last_heartbeat(rows).order_by("name", "pk")


def _of_platform(campaign: Campaign, platform: str, sources: list[Any], *, now: datetime) -> Iterator[Finding]:
    values = {"platform": _name(platform), "game": campaign.game.name}
    enabled = [source for source in sources if source.enabled]
    if not sources:
        yield Finding(
            Level.ERROR,
            "no_heartbeat_source",
            Sentence(
                _("The portal counts on %(platform)s, but no heartbeat source tells it who watches there."), values
            ),
            Sentence(_("An owner sets one up for %(game)s on %(platform)s. Or let the platform count."), values),
            field="platforms",
            missing=HeartbeatSource,
        )
    elif not enabled:
        values["source"] = sources[0].name
        yield Finding(
            Level.ERROR,
            "no_heartbeat_source",
            Sentence(
                _("The heartbeat source “%(source)s”, by which the portal counts on %(platform)s, is off."), values
            ),
            Sentence(_("Switch it on, or let the platform count.")),
            field="enabled",
            obj=sources[0],
        )
    else:
        yield from _silent(platform, enabled, now=now)
        yield from _without_credential(enabled)


def _silent(platform: str, sources: list[Any], *, now: datetime) -> Iterator[Finding]:
    """Warn where none of them has sent anything in the last hour."""
    heard = [m for source in sources for m in (source.newest_at, source.last_heartbeat_at) if m is not None]
    if heard and max(heard) > now - HEARD_WITHIN:
        return
    values = {"source": sources[0].name, "platform": _name(platform)}
    text = _("The heartbeat source “%(source)s” (%(platform)s) has not sent anything in the last hour.")
    if not heard:
        text = _("The heartbeat source “%(source)s” (%(platform)s) has never sent anything.")
    yield Finding(
        Level.WARNING,
        "heartbeat_source_silent",
        Sentence(text, values),
        Sentence(_("While nobody streams that is as it should be. Test it with your own channel, on its page.")),
        field="name",
        obj=sources[0],
    )


def _without_credential(sources: list[Any]) -> Iterator[Finding]:
    for source in sources:
        if source.credential is not None and not source.credential.enabled:
            yield Finding(
                Level.WARNING,
                "heartbeat_credential_disabled",
                Sentence(
                    _(
                        "The credential of the heartbeat source “%(source)s” is off: viewers who link are not registered."
                    ),
                    {"source": source.name},
                ),
                Sentence(_("Switch the credential on.")),
                field="enabled",
                obj=source.credential,
            )


def _name(platform: str) -> Any:
    return _("the studio's own player") if platform == STUDIO.key else platforms.get(platform).name
