"""Kick's channels, categories and livestreams, with an app token or a user's.

The reference is a file that is not public; the shapes are those of client libraries (Scorfly/gokick, ``channels.go``,
``categories.go``, ``livestreams.go``).
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.sandbox.messages import rfc3339
from portal.sandbox.models import Category, Platform, PlatformUser, Stream
from portal.sandbox.streaming import live_streams
from portal.sandbox.views.kick import api, bearer
from portal.sandbox.views.paging import BadRequest, number, offset_of, to_cursor

Json = dict[str, Any]
MOST_CHANNELS, MOST_LIVE, MOST_USERS, MOST_CATEGORIES = 50, 100, 100, 25


def _unauthorized() -> JsonResponse:
    return api(None, status=401, message="Unauthorized")


def _invalid() -> JsonResponse:
    return api(None, status=400, message="Invalid request")


def _category(category: Category | None) -> Json:
    if category is None:
        return {"id": 0, "name": "", "thumbnail": ""}
    return {"id": int(category.category_id), "name": category.name, "thumbnail": ""}


@require_GET
def channels(request: HttpRequest) -> JsonResponse:
    """``GET /public/v1/channels``: by up to 50 ids or slugs, not both; a user's token without any names its own channel."""
    caller = bearer(request)
    if caller is None:
        return _unauthorized()
    ids, slugs = request.GET.getlist("broadcaster_user_id"), request.GET.getlist("slug")
    if not ids and not slugs and caller.user is not None:
        ids = [caller.user.user_id]
    if bool(ids) == bool(slugs) or len(ids) + len(slugs) > MOST_CHANNELS:
        return _invalid()
    found = PlatformUser.objects.filter(Q(user_id__in=ids) | Q(login__in=slugs), platform=Platform.KICK)
    live = {stream.channel.pk: stream for stream in live_streams(Platform.KICK, now=timezone.now())}
    return api([_channel(user, live.get(user.pk)) for user in found.order_by("pk")])


def _channel(user: PlatformUser, stream: Stream | None) -> Json:
    return {
        "broadcaster_user_id": int(user.user_id),
        "slug": user.login,
        "channel_description": "",
        "banner_picture": "",
        "category": _category(stream.category if stream else None),
        "stream_title": stream.title if stream else "",
        "stream": {
            "is_live": stream is not None,
            "is_mature": False,
            "key": "",
            "language": "en",
            "start_time": rfc3339(stream.started_at) if stream else "0001-01-01T00:00:00Z",
            "thumbnail": "",
            "url": "",
            "viewer_count": _viewers(stream),
            "custom_tags": [],
        },
    }


def _viewers(stream: Stream | None) -> int:
    return int(getattr(stream, "viewers", 0))


@require_GET
def categories(request: HttpRequest) -> JsonResponse:
    """``GET /public/v2/categories``: by up to 25 ids, with commas between, and names, else all; a page at a time."""
    if bearer(request) is None:
        return _unauthorized()
    ids = [one for text in request.GET.getlist("id") for one in text.split(",")]
    names = request.GET.getlist("name")
    if len(ids) > MOST_CATEGORIES:
        return _invalid()
    found = Category.objects.filter(platform=Platform.KICK).order_by("pk")
    if ids or names:
        found = found.filter(Q(category_id__in=ids) | Q(name__in=names))
    try:
        return _page(request, [_category(one) | {"tags": []} for one in found])
    except BadRequest:
        return _invalid()


@require_GET
def category(request: HttpRequest, category_id: int) -> JsonResponse:
    """``GET /public/v1/categories/{id}``, which Kick has deprecated since 15/01/2026."""
    if bearer(request) is None:
        return _unauthorized()
    found = Category.objects.filter(platform=Platform.KICK, category_id=str(category_id)).first()
    if found is None:
        return api(None, status=404, message="Category not found")
    viewers = sum(_viewers(one) for one in live_streams(Platform.KICK, now=timezone.now()).filter(category=found))
    return api(_category(found) | {"tags": [], "viewer_count": viewers})


@require_GET
def livestreams(request: HttpRequest) -> JsonResponse:
    """``GET /public/v2/livestreams``: by categories and languages, the oldest first, a page at a time."""
    if bearer(request) is None:
        return _unauthorized()
    found = _livestreams(request, "language_code").order_by("started_at", "pk")
    try:
        return _page(request, [_livestream(one) for one in found])
    except BadRequest:
        return _invalid()


@require_GET
def users_livestreams(request: HttpRequest) -> JsonResponse:
    """``GET /public/v1/users/livestreams``: those of up to 100 users."""
    if bearer(request) is None:
        return _unauthorized()
    ids = request.GET.getlist("user_id")
    if not 1 <= len(ids) <= MOST_USERS:
        return _invalid()
    found = live_streams(Platform.KICK, now=timezone.now()).filter(channel__user_id__in=ids)
    return api([_livestream(one) for one in found])


@require_GET
def old_livestreams(request: HttpRequest) -> JsonResponse:
    """``GET /public/v1/livestreams``, which Kick has deprecated since 23/06/2026: by up to 50 channels too, no pages."""
    if bearer(request) is None:
        return _unauthorized()
    ids = request.GET.getlist("broadcaster_user_id")
    try:
        limit = number(request.GET, "limit", default=25, most=MOST_LIVE)
    except BadRequest:
        return _invalid()
    if len(ids) > MOST_CHANNELS:
        return _invalid()
    found = _livestreams(request, "language")
    found = found.filter(channel__user_id__in=ids) if ids else found
    return api([_old_livestream(one) for one in found[:limit]])


def _livestreams(request: HttpRequest, language: str) -> Any:
    found = live_streams(Platform.KICK, now=timezone.now())
    ids, languages = request.GET.getlist("category_id"), request.GET.getlist(language)
    if languages and "en" not in languages:
        return found.none()
    return found.filter(category__category_id__in=ids) if ids else found


def _page(request: HttpRequest, items: list[Json]) -> JsonResponse:
    """The envelope of the second version's lists: ``next_cursor`` is empty on the last page. Raises BadRequest."""
    size = number(request.GET, "limit", default=100, most=1000)
    start = offset_of(request.GET.get("cursor", ""))
    following = to_cursor(str(start + size)) if len(items) > start + size else ""
    content = {"data": items[start : start + size], "message": "OK", "pagination": {"next_cursor": following}}
    return JsonResponse(content)


def _livestream(stream: Stream) -> Json:
    channel = stream.channel
    return {
        "id": stream.stream_id,
        "broadcaster_user": {"id": int(channel.user_id), "username": channel.display_name, "profile_picture": ""},
        "category": _category(stream.category),
        "channel": {"slug": channel.login},
        "has_mature_content": False,
        "language_code": "en",
        "started_at": rfc3339(stream.started_at),
        "tags": [],
        "thumbnail": "",
        "title": stream.title,
        "viewer_count": _viewers(stream),
    }


def _old_livestream(stream: Stream) -> Json:
    channel = stream.channel
    return {
        "broadcaster_user_id": int(channel.user_id),
        "category": _category(stream.category),
        "channel_id": int(channel.user_id),
        "custom_tags": [],
        "has_mature_content": False,
        "language": "en",
        "profile_picture": "",
        "slug": channel.login,
        "started_at": rfc3339(stream.started_at),
        "stream_title": stream.title,
        "thumbnail": "",
        "viewer_count": _viewers(stream),
    }
