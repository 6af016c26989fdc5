"""How each credential stands with its platform: nine queries, however many credentials there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from fulfillment.health.among import count_among, earliest_among
from fulfillment.health.facts import CAP, Arrivals, LiveCampaign, PlatformFacts
from fulfillment.health.hours import hour_before, hours_of_day
from fulfillment.health.reading_sweeps import Sweeps, read_sweeps
from fulfillment.models import ArrivalCount, Claim, PlatformSubscription, WebhookTally
from fulfillment.reports.standing import grant_standing
from fulfillment.webhooks.outcomes import BROUGHT_CLAIMS, REFUSED, TAKEN_IN
from linking.models import ViewerAuthorization
from portal import platforms
from portal.models import ApiTally, PlatformCredential

Live = Mapping[tuple[str, str], tuple[LiveCampaign, ...]]

_PLAIN = ("pk", "organization_id", "platform", "enabled", "client_secret_set_at", "webhook_secret_set_at")
_STANDING = ("succeeded_at", "failed_at", "failures", "problem", "paused_until")


@dataclass(slots=True)
class _Counts:
    """What is summed up of one credential's counts."""

    taken: int = 0
    refused: int = 0
    calls: int = 0
    calls_failed: int = 0
    subscriptions: dict[str, int] = field(default_factory=dict)
    subscription_ended_at: datetime | None = None


def read_platforms(organization_ids: Collection[str], *, live: Live, now: datetime) -> dict[str, list[PlatformFacts]]:
    """Return by organization how its credentials stand, in the order in which pages list platforms."""
    rows = _credentials(organization_ids)
    ids = [row["pk"] for row in rows]
    counts = {pk: _Counts() for pk in ids}
    _add_webhooks_and_calls(counts, now)
    _add_subscriptions(counts)
    sweeps = read_sweeps({row["pk"]: row["platform"] for row in rows if row["enabled"]}, ids)
    arrivals = _arrivals(organization_ids, now)
    grants = grant_standing([row["pk"] for row in rows if platforms.get(row["platform"]).reports is not None])
    found: dict[str, list[PlatformFacts]] = {}
    for row in rows:
        where = (row["organization_id"], row["platform"])
        facts = _facts(row, counts[row["pk"]], sweeps[row["pk"]], arrivals.get(where, {}), now=now)
        found.setdefault(row["organization_id"], []).append(
            PlatformFacts(**facts, grant=grants.get(row["pk"], ""), live=live.get(where, ()))
        )
    return found


def _credentials(organization_ids: Collection[str]) -> list[dict[str, Any]]:
    order = {key: place for place, key in enumerate(platforms.keys())}
    mine = PlatformCredential.objects.filter(organization__in=organization_ids, platform__in=order)
    # What is told late waits at the head of the index; what was refused is put off for a day and stands at its end.
    told = Claim.objects.filter(
        organization=OuterRef("organization"), platform=OuterRef("platform"), write_back_at__isnull=False
    )
    since = Coalesce("written_back_at", "state_changed_at")
    waiting = told.order_by("write_back_at").values("write_back_refused", since=since)[:CAP]
    put_off = told.order_by("-write_back_at").values("write_back_refused")[:CAP]
    lapsed = ViewerAuthorization.objects.filter(credential=OuterRef("pk"), missing_since__isnull=False).order_by()
    annotated = mine.annotate(
        webhook_at=_last_message(TAKEN_IN),
        claims_webhook_at=_last_message(BROUGHT_CLAIMS),
        write_backs=count_among(waiting, condition="NOT write_back_refused"),
        write_back_oldest=earliest_among(waiting, "since", condition="NOT write_back_refused"),
        write_backs_refused=count_among(put_off, condition="write_back_refused"),
        lapsed=count_among(lapsed.values("pk")[:CAP]),
        doubted_since=F("authorization_turn__doubted_since"),
        token_until=F("app_access_token__expires_at"),
        token_of=F("app_access_token__client_id"),
        **{name: F(f"api_standing__{name}") for name in _STANDING},
    )
    rows = annotated.values(
        *_PLAIN,
        *_STANDING,
        "client_id",
        "webhook_at",
        "claims_webhook_at",
        "write_backs",
        "write_back_oldest",
        "write_backs_refused",
        "lapsed",
        "doubted_since",
        "token_until",
        "token_of",
    )
    return sorted(rows, key=lambda row: order[row["platform"]])


def _last_message(outcomes: Collection[str]) -> Subquery:
    """Return when the last call was that ended so; of a row from before that was kept, when its hour began."""
    rows = WebhookTally.objects.filter(credential=OuterRef("pk"), outcome__in=outcomes)
    return Subquery(
        rows.order_by("-hour", F("last_at").desc(nulls_last=True)).values(at=Coalesce("last_at", "hour"))[:1]
    )


def _add_webhooks_and_calls(counts: Mapping[str, _Counts], now: datetime) -> None:
    """Add up what platforms sent in the last day, and what they were asked in the last hour: in one query."""
    webhooks = WebhookTally.objects.filter(credential__in=counts, hour__gte=hours_of_day(now)[0])
    calls = ApiTally.objects.filter(credential__in=counts, hour__gte=hour_before(now))
    for is_call, pk, outcome, total in _sums(webhooks, is_call=0).union(_sums(calls, is_call=1), all=True):
        mine = counts[pk]
        if is_call:
            mine.calls += total
            mine.calls_failed += total if outcome != "ok" else 0
        else:
            mine.taken += total if outcome in TAKEN_IN else 0
            mine.refused += total if outcome in REFUSED else 0


def _sums(rows: QuerySet[Any], *, is_call: int) -> QuerySet[Any, Any]:
    sums = rows.order_by().annotate(is_call=Value(is_call)).values_list("is_call", "credential_id", "outcome")
    return sums.annotate(total=Sum("count"))


def _add_subscriptions(counts: Mapping[str, _Counts]) -> None:
    wanted = PlatformSubscription.objects.filter(credential__in=counts, wanted=True).order_by()
    since = Min(Coalesce("ended_at", "created_at"), filter=~Q(state=PlatformSubscription.State.ENABLED))
    rows = wanted.values_list("credential_id", "state").annotate(number=Count("pk"), since=since)
    for pk, state, number, first in rows:
        mine = counts[pk]
        mine.subscriptions[state] = number
        mine.subscription_ended_at = min(filter(None, (mine.subscription_ended_at, first)), default=None)


def _arrivals(organization_ids: Collection[str], now: datetime) -> dict[tuple[str, str], dict[datetime, Arrivals]]:
    """Return by organization and platform what came in each hour of the last day in which something came."""
    rows = ArrivalCount.objects.filter(organization__in=organization_ids, hour__gte=hours_of_day(now)[0])
    counted: dict[tuple[str, str], dict[datetime, dict[str, int]]] = {}
    for organization_id, platform, hour, source, claims in rows.values_list(
        "organization_id", "platform", "hour", "source", "claims"
    ):
        counted.setdefault((organization_id, platform), {}).setdefault(hour, {})[source] = claims
    return {
        where: {
            hour: Arrivals(
                hour=hour,
                by_webhook=sources.get(Claim.Source.WEBHOOK, 0),
                by_sweep=sources.get(Claim.Source.SWEEP, 0),
            )
            for hour, sources in hours.items()
        }
        for where, hours in counted.items()
    }


def _facts(
    row: Mapping[str, Any], counts: _Counts, sweeps: Sweeps, arrivals: Mapping[datetime, Arrivals], *, now: datetime
) -> dict[str, Any]:
    platform = platforms.get(row["platform"])
    hours = [arrivals.get(hour, Arrivals(hour=hour, by_webhook=0, by_sweep=0)) for hour in hours_of_day(now)]
    missed = {one.hour: _missed(one, sweeps) for one in hours}
    api = platform.claims_api
    return {
        **{name: row[name] for name in _PLAIN if name not in ("pk", "organization_id")},
        **{
            name: row[name] for name in ("succeeded_at", "failed_at", "paused_until", "webhook_at", "claims_webhook_at")
        },
        **{name: row[name] for name in ("write_backs", "write_back_oldest", "write_backs_refused")},
        "credential_id": row["pk"],
        "name": platform.name,
        "sends_claims": platform.sends_claims,
        "failures": row["failures"] or 0,
        "problem": row["problem"] or "",
        "token_until": row["token_until"] if row["token_of"] == row["client_id"] else None,
        "lapsed": row["lapsed"],
        "doubted_since": row["doubted_since"],
        "webhooks_taken": counts.taken,
        "webhooks_refused": counts.refused,
        "calls": counts.calls,
        "calls_failed": counts.calls_failed,
        "subscriptions": counts.subscriptions,
        "subscription_ended_at": counts.subscription_ended_at,
        "sweep_at": sweeps.ended_at,
        "sweep_began_at": sweeps.running_since,
        "sweep_next_at": sweeps.next_at,
        "sweep_problem": sweeps.problem,
        "unreadable": sweeps.unreadable,
        "read_back_until": sweeps.last_began_at if api is not None and not api.confirms_each else None,
        "first_swept_at": sweeps.first_swept_at,
        "hours": tuple(hours),
        "by_webhook": sum(one.by_webhook for one in hours),
        "by_sweep": sum(missed.values()),
        "by_webhook_hour": sum(one.by_webhook for one in hours if one.hour >= hour_before(now)),
        "by_sweep_hour": sum(claims for hour, claims in missed.items() if hour >= hour_before(now)),
    }


def _missed(one: Arrivals, sweeps: Sweeps) -> int:
    """Return how many claims of an hour webhooks missed: not what the first sweep found, which was there before the portal."""
    first = sweeps.first_swept_at
    if first is None or one.hour + timedelta(hours=1) <= first:
        return 0
    return one.by_sweep if one.hour > first else max(one.by_sweep - sweeps.first_found, 0)
