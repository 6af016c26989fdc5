"""The start page put together: what is live, what waits, the figures, their charts, and what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from campaigns.models import CampaignReward
from fulfillment.admin.start.asked import HOUR, MINUTE, SPANS, Asked, read_asked
from fulfillment.admin.start.changed import changed_lately, in_words
from fulfillment.admin.start.charts import claims_chart, failures_chart, pace_chart, places_of, shares_chart, took
from fulfillment.admin.start.head import read_head, read_phases
from fulfillment.admin.start.live_now import rows_of, told_in_full
from fulfillment.admin.start.waiting import MOST, read_stuck, waits_for_somebody
from fulfillment.admin.words import ago
from fulfillment.claim_counts import counts_of, counts_of_all, quarter_of, quarters_of_all
from fulfillment.claim_minutes import claims_by_minute, minute_of
from fulfillment.overview import WAITING, ClaimFigures
from fulfillment.pace import Pace, pace_by_hour
from fulfillment.rules.shares import DELIVERED, delivered_percent, linked_percent
from fulfillment.rules.states import State
from fulfillment.start import Shown, campaigns_now, of_each, put_on_platforms, totals_of
from portal.charts import BarChart, number
from portal.dashboard import StartPage
from portal.durations import time_in_words
from portal.models import Organization
from portal.organizations import may
from portal.roles import Permission

TEMPLATE = "admin/fulfillment/start.html"
CHOOSING = "admin/fulfillment/start_choosing.html"
_TOLD_IN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the big figures, with what is to be said about it."""

    label: str
    value: str
    note: str = ""
    url: str = ""


def start_context(request: HttpRequest, organization: Organization) -> dict[str, Any] | None:
    """Return what the start page shows of an organization; None for who sees no totals."""
    if not may(request, Permission.SEE_CAMPAIGNS):
        return None
    now = timezone.now()
    asked = read_asked(request, organization, now=now)
    head = read_head(organization)
    offered = campaigns_now(asked.campaigns, now=now)
    shown = [asked.chosen] if asked.chosen else told_in_full(offered, now=now)
    put_on_platforms(shown, now=now)
    claims, shares = _read_claims(asked, offered, shown)
    hours = pace_by_hour(asked.counted, since=_hour(now) - HOUR * (asked.span.pace_hours - 1))
    stuck = read_stuck(organization, campaigns=asked.counted, narrow=bool(asked.chosen) or not asked.all_games)
    waits, others = waits_for_somebody(
        request,
        organization,
        head,
        stuck,
        campaign_id=asked.chosen.campaign.pk if asked.chosen else "",
        all_games=asked.all_games,
        now=now,
    )
    return {
        "now": now,
        "choosing": CHOOSING,
        "phases": read_phases(asked.campaigns, now=now),
        "fresh": head.is_fresh(now),
        "looked_at": ago(head.standing.at, now=now) if head.standing else "",
        "rows": rows_of(request, organization, shown, head.standing, now=now),
        "rows_more": 0 if asked.chosen else _more(offered, shown),
        "waits": waits[:MOST],
        "waits_count": len(waits),
        "waits_more": max(len(waits) - MOST, 0),
        "others": others,
        "figures": _figures(request, asked, claims, hours, now=now),
        "charts": _charts(asked, hours, now=now),
        "bars": [shares, _failures(request, asked, hours, now=now)],
        "changed": _changed(request, organization, asked, now=now),
        **_choices(asked, offered),
    }


def _read_claims(asked: Asked, offered: Sequence[Shown], shown: Sequence[Shown]) -> tuple[ClaimFigures, BarChart]:
    """Return the claims of all campaigns that count, those of each shown one put to it, and the parts compared."""
    if asked.chosen:
        return _read_one(asked.chosen)
    in_test = {one.campaign.pk for one in shown if one.campaign.test_mode}
    counts = counts_of_all(asked.counted | asked.campaigns.filter(pk__in=in_test) if in_test else asked.counted)
    each = of_each(counts)
    for one in shown:
        one.claims = each.get(one.campaign.pk, ClaimFigures({}))
    rows = [
        (one.campaign.name, _address_of(one.campaign.pk), each[one.campaign.pk])
        for one in offered
        if one.campaign.pk in each and not one.campaign.test_mode
    ]
    return totals_of(counts, without=in_test), shares_chart(rows)


def _read_one(chosen: Shown) -> tuple[ClaimFigures, BarChart]:
    counts = counts_of(chosen.campaign.pk)
    by_reward: dict[str, dict[str, int]] = {}
    by_state: dict[str, int] = {}
    for (campaign_reward, state), claims in counts.items():
        by_reward.setdefault(campaign_reward, {})[state] = claims
        by_state[state] = by_state.get(state, 0) + claims
    chosen.claims = ClaimFigures(by_state)
    named = dict(CampaignReward.objects.filter(campaign=chosen.campaign).values_list("pk", "reward__name"))
    rows = [
        (named.get(pk, _t("not a reward of this campaign")), "", ClaimFigures(own)) for pk, own in by_reward.items()
    ]
    return chosen.claims, shares_chart(rows)


def _address_of(campaign_id: str) -> str:
    return f"{reverse('admin:index')}?campaign={campaign_id}"


def _more(offered: Sequence[Shown], shown: Sequence[Shown]) -> int:
    told = {one.campaign.pk for one in shown}
    return sum(1 for one in offered if one.campaign.pk not in told and one.phase not in _OVER)


_OVER = ("closed", "cancelled")


def _figures(
    request: HttpRequest, asked: Asked, claims: ClaimFigures, hours: Mapping[datetime, Pace], *, now: datetime
) -> list[Figure]:
    listing = reverse("admin:fulfillment_claim_changelist") if may(request, Permission.SEE_PEOPLE) else ""
    query = f"campaign__id__exact={asked.chosen.campaign.pk}&" if asked.chosen else ""
    waiting, failed = claims.of(WAITING), claims.of((State.FAILED,))
    quick = took({hour: pace for hour, pace in hours.items() if hour >= _hour(now) - HOUR})
    return [
        Figure(_t("Claimed"), number(claims.total), "", f"{listing}?{query}".rstrip("?&") if listing else ""),
        Figure(
            _t("Linked"),
            _percent(linked_percent(claims.by_state)),
            _t("%(count)s wait for a link") % {"count": number(waiting)},
            f"{listing}?{query}state=waiting" if listing else "",
        ),
        Figure(
            _t("Delivered"),
            _percent(delivered_percent(claims.by_state)),
            _t("%(count)s delivered") % {"count": number(claims.of(tuple(DELIVERED)))},
            f"{listing}?{query}state=delivered" if listing else "",
        ),
        Figure(
            _t("Failed"),
            number(failed),
            _t("not taken by the game") if failed else _t("none"),
            f"{listing}?{query}state=failed" if listing else "",
        ),
        Figure(
            _t("From claim to delivery"),
            _length(quick.median) if quick.median is not None else "–",
            _t("half, in the last hour; 95 of 100 within %(length)s") % {"length": _length(quick.nearly_all)}
            if quick.nearly_all is not None
            else _t("nothing delivered in the last hour"),
        ),
    ]


def _length(seconds: int) -> str:
    if seconds < _TOLD_IN_SECONDS:
        return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    return time_in_words(timedelta(seconds=seconds))


def _percent(value: float | None) -> str:
    return (
        "–" if value is None else _t("%(number)s %%") % {"number": number(int(value) if value == int(value) else value)}
    )


def _charts(asked: Asked, hours: Mapping[datetime, Pace], *, now: datetime) -> list[Any]:
    span = asked.span
    first = places_of(span, now)[0]
    if span.place == MINUTE:
        counts = claims_by_minute(asked.counted, first=minute_of(first), last=minute_of(now))
    else:
        counts = quarters_of_all(asked.counted, first=quarter_of(first), last=quarter_of(now))
    return [claims_chart(span, counts, now=now), pace_chart(span, hours, now=now)]


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _failures(request: HttpRequest, asked: Asked, hours: Mapping[datetime, Pace], *, now: datetime) -> BarChart:
    # They are kept by the hour: summed up is never less time than what is asked for.
    listing = reverse("admin:fulfillment_deliveryattempt_changelist") if may(request, Permission.SEE_PEOPLE) else ""
    return failures_chart(hours, since=_hour(now - asked.span.length), listing=listing)


def _changed(request: HttpRequest, organization: Organization, asked: Asked, *, now: datetime) -> dict[str, Any] | None:
    if not asked.all_games:
        return None
    found = changed_lately(request, organization, now=now)
    if found is None:
        return None
    lines = [(line.who, in_words(line), ago(line.at, now=now)) for line in found.lines]
    return {"lines": lines, "more": found.more, "capped": found.capped, "url": found.url}


def _choices(asked: Asked, offered: Sequence[Shown]) -> dict[str, Any]:
    chosen = asked.chosen.campaign if asked.chosen else None
    campaigns = [one.campaign for one in offered]
    if chosen is not None and all(one.pk != chosen.pk for one in campaigns):
        campaigns.insert(0, chosen)
    return {
        "chosen": chosen,
        "campaign_choices": [(one.pk, one.name, chosen is not None and one.pk == chosen.pk) for one in campaigns],
        "span": asked.span,
        "span_choices": [(span.key, span.title, span is asked.span) for span in SPANS],
        "timeline": _timeline(),
        "overview": reverse("admin:campaigns_campaign_overview", args=[chosen.pk]) if chosen else "",
    }


def _timeline() -> str:
    try:
        return reverse("admin:timeline")
    except NoReverseMatch:
        return ""


START_PAGE = StartPage(TEMPLATE, start_context)
