"""The files of Twitch's game analytics: CSV behind a signed link that is good for five minutes (Helix, Get Game Analytics).

Who has the link needs no token: a browser or ``curl`` fetches it. It says whose it is, and is worth nothing once that
client or that person may not see the figures any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from campaigns.models import Game
from campaigns.rules.days import date_of
from fulfillment.api.callers import is_usable
from fulfillment.api.twitch.names import shown_game_ids
from fulfillment.daily import CampaignDay, Claims, bring_up_to_date, days_of
from fulfillment.models import ApiClient
from fulfillment.public_views import OnlyJSON
from fulfillment.rules.scopes import ANALYTICS
from portal.csv_files import csv_response
from portal.models import User
from portal.organizations import can
from portal.roles import Permission

VALID_SECONDS = 300
PATIENCE_SECONDS = 5.0
"""So long a download waits for figures that nobody has worked out yet."""

COLUMNS = (
    "date",
    "game_id",
    "game",
    "campaign_id",
    "campaign",
    "reward_id",
    "reward",
    "watched_minutes",
    "unique_viewers",
    "claims",
    "delivered",
    "failed",
)
OTHER_REWARD = ("none", "(a reward that the campaign does not have)")

_SALT = "fulfillment.helix.analytics"
_EXPIRED = "This link has expired: it was valid for 5 minutes. Ask for the report again to get a new one.\n"
_WORTHLESS = (
    "This link is not valid. It was changed on its way, or whoever asked for it may not see these figures any more. Ask "
    "for the report again to get a new one.\n"
)
_NOT_YET = "The figures of these days are still being worked out. Fetch this link again in half a minute.\n"


@dataclass(frozen=True, slots=True)
class Report:
    """A game's figures for some days, both inside, counted from 1970 in UTC; and for whom. ``user`` None: the client's own."""

    client: str
    user: int | None
    game: str
    first: int
    last: int


class Worthless(Exception):
    """The link is no link of ours, or whoever asked for it may not see the figures any more."""


def may_see(client: ApiClient, user: User | None) -> bool:
    """Say whether figures of a client's organization may be shown to it, or to a person by its token (S1)."""
    return user is None or can(user, Permission.SEE_CAMPAIGNS, client.organization)


def link_to(report: Report) -> str:
    """Return the address of a report, valid from now."""
    signed = signing.dumps(astuple(report), salt=_SALT)
    return f"{settings.BASE_URL}{reverse('helix-analytics-file', args=[signed])}"


def find_report(signed: str, *, now: datetime) -> tuple[Report, Game]:
    """Return what a link is to. Raises ``signing.SignatureExpired`` and ``Worthless``."""
    try:
        report = Report(*signing.loads(signed, salt=_SALT, max_age=VALID_SECONDS))
    except signing.SignatureExpired:
        raise
    except (signing.BadSignature, TypeError):
        raise Worthless from None
    client = ApiClient.objects.select_related("organization", "oauth").filter(pk=report.client).first()
    if client is None or not _still_may(client, report.user, now=now):
        raise Worthless
    game = Game.objects.filter(organization=client.organization_id, pk=report.game).first()
    if game is None:
        raise Worthless
    return report, game


def _still_may(client: ApiClient, user_id: int | None, *, now: datetime) -> bool:
    if not is_usable(client, now=now) or not client.organization.enabled or ANALYTICS not in client.oauth.get_scopes():
        return False
    user = User.objects.filter(pk=user_id).first() if user_id is not None else None
    return (user_id is None or user is not None) and may_see(client, user)


class ReportFile(APIView):
    """The file behind a link. Its errors are plain words, since a person may be looking."""

    http_method_names = ["get", "head"]
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    content_negotiation_class = OnlyJSON

    def get(self, request: Request, signed: str) -> HttpResponseBase:
        """Send the file while it is made; refuse a link that is old with 410, any other that is worth nothing with 403."""
        now = timezone.now()
        try:
            report, game = find_report(signed, now=now)
        except signing.SignatureExpired:
            return _words(_EXPIRED, HTTPStatus.GONE)
        except Worthless:
            return _words(_WORTHLESS, HTTPStatus.FORBIDDEN)
        days = (report.first, report.last)
        if not bring_up_to_date(game, days, now=now, seconds=PATIENCE_SECONDS):
            response = _words(_NOT_YET, HTTPStatus.SERVICE_UNAVAILABLE)
            response["Retry-After"] = "30"
            return response
        name = f"{game.slug}-{date_of(report.first)}-{date_of(report.last)}"
        return csv_response(_rows(game, days_of(game, days)), name=name, marked=False)


def _rows(game: Game, days: Iterable[CampaignDay]) -> Iterator[Sequence[Any]]:
    """Yield the head, and for each day and campaign a row, followed by one for each of its rewards.

    Minutes and viewers are a campaign's and stand in its row alone, so that a sum over rows of one kind counts nothing twice.
    """
    yield COLUMNS
    shown = shown_game_ids([game.pk])[game.pk]
    for day in days:
        head = (day.on.isoformat(), shown, game.name, day.campaign_id, day.name)
        yield (*head, "", "", day.watched_minutes, day.viewers, *_numbers(day.claims))
        for row in day.rewards:
            reward = (row.reward_id, row.name) if row.reward_id else OTHER_REWARD
            yield (*head, *reward, None, None, *_numbers(row.claims))


def _numbers(claims: Claims) -> tuple[int, int, int]:
    return claims.granted, claims.delivered, claims.failed


def _words(text: str, status: HTTPStatus) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response
