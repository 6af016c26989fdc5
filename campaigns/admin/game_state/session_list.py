"""Finding sessions: by how they stand, by the game's own id, by channel and by client."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.game_state.standing import Standing, alive_gateways
from campaigns.models import Channel, GameSession, GameSessionChannel
from portal.admin_filters import DropdownFilter
from portal.models import Organization

LOOKED_THROUGH = 20_000
"""Among so many of an organization's sessions, the newest, an id or a client is looked for: no index knows these."""

FOUND_AT_MOST = 500
_CHANNELS_AT_MOST = 100


class StandingFilter(DropdownFilter):
    """How a session stands."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [
            ("open", _t("not ended")),
            ("live", _t("not ended, a channel live")),
            (Standing.CONNECTED.value, _t("connected")),
            (Standing.INTERRUPTED.value, _t("interrupted")),
            (Standing.ENDED.value, _t("ended")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those that stand so."""
        chosen = self.value()
        if chosen == Standing.ENDED:
            return queryset.filter(ended_at__isnull=False)
        if chosen not in ("open", "live", Standing.CONNECTED, Standing.INTERRUPTED):
            return queryset
        found = queryset.filter(ended_at=None)
        if chosen == "live":
            live = GameSessionChannel.objects.filter(session__ended_at=None, live=True)
            return found.filter(pk__in=live.values("session"))
        if chosen == "open":
            return found
        held = Q(gateway__in=alive_gateways(now=timezone.now()))
        return found.filter(held if chosen == Standing.CONNECTED else ~held)


class TrustFilter(DropdownFilter):
    """Whose word the state is (G4)."""

    title = _("from")
    parameter_name = "from"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [("server", _t("the game's own server")), ("player", _t("a player's game"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those that came so."""
        return queryset.filter(authoritative=self.value() == "server") if self.value() else queryset


def find_sessions(organization: Organization, text: str, *, sees_ids: bool) -> list[str]:
    """Return the ids of the sessions that ``text`` names, the newest, at most :data:`FOUND_AT_MOST`.

    It may be the login or id of a channel, also as game servers name it (``twitch:12345``), and for who ``sees_ids`` the
    game's own id of a session or a client's id or name.
    """
    text = text.strip()
    if not text:
        return []
    mine = GameSession.objects.filter(organization=organization).order_by("-id")
    platform, _colon, channel_id = text.partition(":")
    named = Q(login__in=[text, text.lower()]) | Q(platform_channel_id=text)
    named |= Q(platform=platform, platform_channel_id=channel_id)
    channels = list(Channel.objects.filter(named, organization=organization).values_list("pk", flat=True))
    about = GameSessionChannel.objects.filter(channel__in=channels[:_CHANNELS_AT_MOST]).order_by("-session")
    found = set(about.values_list("session", flat=True)[:FOUND_AT_MOST])
    if sees_ids:
        oldest = next(iter(mine.values_list("pk", flat=True)[LOOKED_THROUGH - 1 : LOOKED_THROUGH]), "")
        ways = Q(session_key=text) | Q(client_id=text) | Q(client_name__iexact=text) | Q(pk=text.upper())
        found |= set(mine.filter(ways, pk__gte=oldest).values_list("pk", flat=True)[:FOUND_AT_MOST])
    return sorted(found, reverse=True)[:FOUND_AT_MOST]
