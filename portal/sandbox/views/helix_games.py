"""Twitch's streams, games and reports about games (Twitch API: Get Streams, Get Games, Get Game Analytics)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core import signing
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from portal.sandbox import reports
from portal.sandbox.messages import rfc3339
from portal.sandbox.models import Category, Platform, Stream
from portal.sandbox.streaming import live_streams
from portal.sandbox.views.paging import BadRequest, number, offset_of, to_cursor
from portal.sandbox.views.twitch import helix_error, helix_token

Json = dict[str, Any]
MOST_ASKED = 100
SCOPE = "analytics:read:games"
REPORTS_PER_PAGE = 20
URL_LIFETIME = timedelta(minutes=5)
_SALT = "sandbox.report"


@require_GET
def streams(request: HttpRequest) -> JsonResponse:
    """``GET /helix/streams``: who is live, most viewers first."""
    caller = helix_token(request)
    if isinstance(caller, JsonResponse):
        return caller
    params = request.GET
    try:
        size, start = number(params, "first", default=20, most=100), offset_of(params.get("after", ""))
        wanted = {name: _few(params.getlist(name), name) for name in ("user_id", "user_login", "game_id")}
    except BadRequest as fault:
        return helix_error(400, str(fault))
    found = live_streams(Platform.TWITCH, now=timezone.now())
    if wanted["user_id"] or wanted["user_login"]:
        people = Q(channel__user_id__in=wanted["user_id"]) | Q(channel__login__in=wanted["user_login"])
        found = found.filter(people)
    if wanted["game_id"]:
        found = found.filter(category__category_id__in=wanted["game_id"])
    if params.get("language", "en") != "en":
        found = found.none()
    page = list(found[start : start + size + 1])
    pagination = {"cursor": to_cursor(str(start + size))} if len(page) > size else {}
    return JsonResponse({"data": [_stream(one) for one in page[:size]], "pagination": pagination})


def _few(values: list[str], name: str) -> list[str]:
    if len(values) > MOST_ASKED:
        raise BadRequest(f"The parameter {name} may be given at most {MOST_ASKED} times")
    return values


def _stream(stream: Stream) -> Json:
    channel = stream.channel
    return {
        "id": stream.stream_id,
        "user_id": channel.user_id,
        "user_login": channel.login,
        "user_name": channel.display_name,
        "game_id": stream.category.category_id,
        "game_name": stream.category.name,
        "type": "live",
        "title": stream.title,
        "tags": [],
        "viewer_count": getattr(stream, "viewers", 0),
        "started_at": rfc3339(stream.started_at),
        "language": "en",
        "thumbnail_url": "",
        "tag_ids": [],
        "is_mature": False,
    }


@require_GET
def games(request: HttpRequest) -> JsonResponse:
    """``GET /helix/games``: by id, name or IGDB id (which no game has here), at most 100 together."""
    caller = helix_token(request)
    if isinstance(caller, JsonResponse):
        return caller
    ids, names, others = (request.GET.getlist(name) for name in ("id", "name", "igdb_id"))
    if not 1 <= len(ids) + len(names) + len(others) <= MOST_ASKED:
        return helix_error(400, "Between 1 and 100 of id, name and igdb_id are required")
    found = Category.objects.filter(Q(category_id__in=ids) | Q(name__in=names), platform=Platform.TWITCH)
    return JsonResponse({"data": [_game(one) for one in found.order_by("pk")]})


def _game(category: Category) -> Json:
    return {"id": category.category_id, "name": category.name, "box_art_url": "", "igdb_id": ""}


@require_GET
def analytics(request: HttpRequest) -> JsonResponse:
    """``GET /helix/analytics/games``: addresses of CSV files, good for 5 minutes; with a user's token only.

    At most 20 on a page, whatever ``first`` says. A game has a report if it is a category here.
    """
    caller = helix_token(request)
    if isinstance(caller, JsonResponse):
        return caller
    if caller.user is None or SCOPE not in caller.scope_list():
        return helix_error(401, f"A user access token with the scope {SCOPE} is required")
    params = request.GET
    try:
        first, last = _days(params.get("started_at"), params.get("ended_at"))
        size = min(number(params, "first", default=20, most=100), REPORTS_PER_PAGE)
        start = 0 if "game_id" in params else offset_of(params.get("after", ""))
        if "before" in params:
            raise BadRequest("Paging backward is not supported")
        if params.get("type", "overview_v2") != "overview_v2":
            raise BadRequest("The type must be overview_v2")
    except BadRequest as fault:
        return helix_error(400, str(fault))
    found = Category.objects.filter(platform=Platform.TWITCH).order_by("pk")
    if "game_id" in params:
        found = found.filter(category_id=params["game_id"])
        if not found:
            return helix_error(404, "The game was not found")
    page = list(found[start : start + size + 1]) if first <= last else []
    pagination = {"cursor": to_cursor(str(start + size))} if len(page) > size else {}
    data = [_report(request, one, first, last) for one in page[:size]]
    return JsonResponse({"data": data, "pagination": pagination})


def _days(started_at: str | None, ended_at: str | None) -> tuple[date, date]:
    """The days asked for, as far as there are figures. Raises BadRequest."""
    if (started_at is None) != (ended_at is None):
        raise BadRequest("started_at and ended_at are given both or neither")
    started_on, ended_on = _day(started_at), _day(ended_at)
    if started_on and ended_on and ended_on < started_on:
        raise BadRequest("ended_at is before started_at")
    return reports.window(started_on=started_on, ended_on=ended_on, today=timezone.now().astimezone(UTC).date())


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() != timedelta() or moment.time() != time():
        raise BadRequest("A date is in RFC3339 with its time set to zeroes, as in 2026-01-31T00:00:00Z")
    return moment.date()


def _report(request: HttpRequest, category: Category, first: date, last: date) -> Json:
    text = f"{category.category_id} {first} {last}"
    name = signing.TimestampSigner(salt=_SALT).sign_object(text)
    days = {"started_at": first, "ended_at": last}
    return {
        "game_id": category.category_id,
        "URL": request.build_absolute_uri(f"/twitch/reports/{name}.csv"),
        "type": "overview_v2",
        "date_range": {key: rfc3339(datetime.combine(day, time(), UTC)) for key, day in days.items()},
    }


@require_GET
def report(request: HttpRequest, name: str) -> HttpResponse:
    """The file itself: whoever has the address may read it, for 5 minutes."""
    try:
        text = signing.TimestampSigner(salt=_SALT).unsign_object(name, max_age=URL_LIFETIME)
    except signing.BadSignature:
        return HttpResponse("Request has expired", status=403, content_type="text/plain")
    game_id, first, last = text.split(" ")
    category = Category.objects.get(platform=Platform.TWITCH, category_id=game_id)
    content = reports.game_report(
        game_id=game_id,
        name=category.name,
        started_on=date.fromisoformat(first),
        ended_on=date.fromisoformat(last),
    )
    return HttpResponse(content, content_type="text/csv")
