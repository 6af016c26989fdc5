"""What stands at the top of a source's page: whether it sends, how its calls end, and what nobody knows (W1, P1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.admin.address_once import waits
from campaigns.heartbeats.names import names_of
from campaigns.heartbeats.standing import (
    SILENT_AFTER,
    calls_since,
    last_heartbeat_at,
    rate,
    unknown_broadcasters,
    unknown_game_names,
)
from campaigns.models import HeartbeatSource, Viewer
from portal.admin_words import ago, chip, utc
from portal.organizations import may
from portal.roles import Permission, mask

CALLS = {
    "accepted": _("accepted"),
    "repeated": _("sent again"),
    "conflicting": _("sent again with other contents"),
    "refused": _("refused"),
    "disabled": _("while switched off"),
}
"""How calls end, in words."""


@dataclass(frozen=True)
class Stranger:
    """A broadcaster of kept heartbeats: who it is as far as the portal knows, and what that means."""

    shown: str
    count: int
    last: SafeString | str
    meaning: str


def state_of(source: HeartbeatSource, *, last: datetime | None, now: datetime) -> tuple[SafeString, str]:
    """Return the state of a source as a chip, and in a sentence what it means."""
    if not source.enabled:
        return chip(_t("switched off"), "sensors_off", "drops-chip-attention"), _t(
            "Heartbeats are answered with 503. Senders that keep to the guide keep them and send them again once the "
            "source is switched on; nothing counts until then."
        )
    if last is None:
        return chip(_t("nothing yet"), "hourglass_empty", "drops-chip-attention"), _t(
            "No heartbeat has arrived yet. Enter the address at the sender, then test it with your own channel."
        )
    if last > now - SILENT_AFTER:
        return chip(_t("sends"), "sensors", "drops-chip-ok"), _t("Heartbeats arrive.")
    return chip(_t("silent"), "sensors_off"), _t(
        "The last heartbeat came %(span)s ago. While no channel of yours is live that is as it should be; if one is, "
        "test with your channel to see what is missing."
    ) % {"span": timesince(last, now, depth=1)}


def source_context(request: HttpRequest, source: HeartbeatSource, *, now: datetime) -> dict[str, Any]:
    """Return what the header's template shows; as many queries for a busy source as for a new one."""
    last = last_heartbeat_at(source)
    state, text = state_of(source, last=last, now=now)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    listing = f"{reverse('admin:campaigns_heartbeat_changelist')}?source__id__exact={source.pk}"
    calls = calls_since([source.pk], since=today)
    return {
        "source": source,
        "source_chip": state,
        "source_text": text,
        "source_last": ago(last, now=now),
        "source_rate": _rate(source, now=now),
        "source_calls": [(CALLS[kind], count, kind) for kind, count in calls.items() if count or kind in _ALWAYS],
        "source_conflicts": calls["conflicting"],
        "source_list": listing,
        "previous_until": utc(source.previous_until) if address_overlaps(source, now=now) else "",
        "refused_at": ago(source.last_refused_at, now=now),
        "game_names": names_of(source.game),
        "unknown_names": [(found, ago(found.last_at, now=now)) for found in unknown_game_names(source)],
        "strangers": strangers(request, source, now=now),
        "may_manage": may(request, Permission.MANAGE),
        "may_edit_campaigns": may(request, Permission.EDIT_CAMPAIGNS),
        "address_waits": waits(request, source, now=now),
        **instructions(request, source),
    }


_ALWAYS = ("accepted", "refused")


def address_overlaps(source: HeartbeatSource, *, now: datetime | None = None) -> bool:
    """Tell whether the address before the present one is still valid."""
    return source.previous_until is not None and source.previous_until > (now or timezone.now())


def instructions(request: HttpRequest, source: HeartbeatSource, *, channel: str = "1001") -> dict[str, Any]:
    """Return what the text needs that says where the address is entered, and a call to try it with."""
    registered = source.identifiers == HeartbeatSource.Identifiers.REGISTERED
    credential = source.credential if registered else None
    return {
        "source": source,
        "registered": registered,
        "client_id": credential.client_id if credential is not None and may(request, Permission.MANAGE) else "",
        "own_player": source.identifiers == HeartbeatSource.Identifiers.PLAYER,
        "needs_https": registered and not settings.BASE_URL.startswith("https://"),
        "example": _example(source, channel),
    }


def _example(source: HeartbeatSource, channel: str) -> str:
    """Return a heartbeat as it stands between ``<<END`` and ``END``, where a shell fills in ``$(…)``."""
    fixed = json.dumps(
        {"broadcaster": channel, "viewers": 2, "viewer_list": ["2001", "2002"], "game": source.game.name, "version": 1}
    )
    for character in ("\\\\", "$", "`"):  # what a shell would take for its own
        fixed = fixed.replace(character, f"\\u{ord(character[0]):04x}")
    return f'{fixed[:-1]},\n "id": "test-$(date +%s)", "time": "$(date -u +%Y-%m-%dT%H:%M:%SZ)", "retries": 0}}'


def _rate(source: HeartbeatSource, *, now: datetime) -> str:
    found = rate(source, now=now)
    shown = f"{found.per_minute:,.1f}".removesuffix(".0")
    return _t("over %(rate)s a minute") % {"rate": shown} if found.capped else _t("%(rate)s a minute") % {"rate": shown}


def strangers(request: HttpRequest, source: HeartbeatSource, *, now: datetime) -> list[Stranger]:
    """Return the broadcasters that nobody linked, named as this member of staff may see them."""
    found = unknown_broadcasters(source)
    if not found:
        return []
    named = Viewer.objects.filter(
        organization=source.game.organization_id, platform=source.platform, pk__in=[one.name for one in found]
    ).in_bulk()
    sees = may(request, Permission.SEE_PEOPLE)
    shown = []
    for one in found:
        viewer = named.get(one.name)
        if viewer is not None:
            name, meaning = str(viewer), _t("Known, but not linked now. It counts once the account is linked.")
        else:
            name, meaning = one.name, _t("The portal never gave out this identifier: the sender's is another app's.")
        shown.append(Stranger(name if sees else mask(name), one.count, ago(one.last_at, now=now), meaning))
    return shown
