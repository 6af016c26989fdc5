"""A streamer's own channels: what it means that viewers earn there, and leaving a game's global Drops (C7, L10)."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.channel_of import channel_of_viewer
from campaigns.models import Viewer
from campaigns.opting import ChannelStanding, GameStanding, OwnChannel, opt_in, opt_out, standings_of
from linking.viewers_of import OwnViewer, viewers_of
from linking.words import joined, watched_on
from portal.models import User
from portal.platforms.studio import STUDIO
from portal.ratelimit import limited


@never_cache
@login_required
@require_safe
def my_channels(request: HttpRequest) -> HttpResponse:
    """Show each channel that is the person's: the games whose global Drops it takes part in, and what lists it."""
    now = timezone.now()
    own = _own_viewers(request)
    standings = standings_of([_channel_of(one) for one in own], now=now)
    context = {
        "channels": [_shown(one.viewer, standing) for one, standing in zip(own, standings, strict=True)],
        "changed": request.GET.get("changed", "") if request.GET.get("changed") in ("out", "in") else "",
        "nav_current": "connections",
    }
    return render(request, "linking/channels.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("channel", limit=30)
def channel_drops(request: HttpRequest, viewer_id: str, game_id: str) -> HttpResponse:
    """Say what leaving, or taking part again, means, and do it when the person says so.

    The form says which of the two is wanted, so that pressing twice does it once. Raises ``Http404`` for what is not the
    person's to decide.
    """
    now = timezone.now()
    one = next((own for own in _own_viewers(request) if own.viewer.pk == viewer_id), None)
    if one is None:
        raise Http404
    standing = standings_of([_channel_of(one)], now=now)[0]
    row = next((found for found in standing.games if found.game.pk == game_id), None)
    if row is None:
        raise Http404
    if request.method == "POST":
        user = cast(User, request.user)
        channel = channel_of_viewer(one.viewer)
        leaves = request.POST.get("wanted") == "out"
        if leaves:
            opt_out(channel=channel, game=row.game, actor=user, now=now)
        else:
            opt_in(channel=channel, game=row.game, actor=user, now=now)
        return redirect(f"{reverse('my_channels')}?changed={'out' if leaves else 'in'}")
    context = {
        "viewer": one.viewer,
        "platform": watched_on(one.viewer.platform),
        "row": row,
        "bound": [campaign for campaign in standing.bound if campaign.game_id == game_id],
        "nav_current": "connections",
    }
    return render(request, "linking/channel_drops.html", context)


def _own_viewers(request: HttpRequest) -> list[OwnViewer]:
    """Return who the person is as a broadcaster: by an active link, or as a player of a studio's own player.

    One who was only proven in this session, or whose link has ended, decides nothing.
    """
    own = viewers_of(request, now=timezone.now())
    return [one for one in own if one.players]


def _channel_of(own: OwnViewer) -> OwnChannel:
    viewer = own.viewer
    return OwnChannel(
        organization_id=viewer.organization_id,
        platform=viewer.platform,
        user_id=viewer.platform_user_id,
        game_ids=frozenset(own.players),
        only=own.only_games is not None,
    )


def _shown(viewer: Viewer, standing: ChannelStanding) -> dict[str, Any]:
    return {
        "viewer": viewer,
        "platform": watched_on(viewer.platform),
        "is_player": viewer.platform == STUDIO.key,
        "games": [_game(viewer, row) for row in standing.games],
        "bound": standing.bound,
    }


def _game(viewer: Viewer, row: GameStanding) -> dict[str, Any]:
    out = row.out_since is not None
    return {
        "game": row.game,
        "out_since": row.out_since,
        "state_kind": "neutral" if out else "ok",
        "state_label": _("Not taking part") if out else _("Takes part"),
        "campaigns": joined([f"“{campaign.name}”" for campaign in row.campaigns]),
        "action": {
            "label": _("Take part again") if out else _("Turn global Drops off"),
            "hint": f"{row.game.name}, {viewer}",
            "url": reverse("channel_drops", args=[viewer.pk, row.game.pk]),
            "kind": "secondary" if out else "quiet",
        },
    }
