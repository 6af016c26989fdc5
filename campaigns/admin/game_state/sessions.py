"""Game sessions, to be watched: who streams what for whom, how much, what happened in it, and what went wrong (G3, G4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaigns.admin.game_state import MENU_GROUP
from campaigns.admin.game_state.session_deeds import drop_view
from campaigns.admin.game_state.session_list import FOUND_AT_MOST, StandingFilter, TrustFilter, find_sessions
from campaigns.admin.game_state.session_page import session_page, state_view
from campaigns.admin.game_state.words import (
    channels_in_a_row,
    of_at_most,
    sees_state,
    session_name,
    standing_chip,
)
from campaigns.game_state.standing import alive_gateways, messages_this_minute, standing_of
from campaigns.game_state.words import refusal_advice, refusal_name
from campaigns.hooks import connect_refusals
from campaigns.models import GameSession, GameSessionChannel
from campaigns.rules.game_state.codes import FULL_BYTES, MESSAGES_PER_MINUTE
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import ScopedRelatedFilter
from portal.admin_words import ago, utc
from portal.organizations import active_organization, game_scope
from portal.roles import Permission

REFUSED_WITHIN = timedelta(days=1)
REFUSALS_SHOWN = 10


@admin.register(GameSession)
class GameSessionAdmin(ReadOnlyAdmin):
    """The organization's sessions, newest first. States are read on a session's own page only."""

    menu_icon = "stadia_controller"
    menu_order = 50
    menu_group = MENU_GROUP
    view_permission = Permission.SEE_CAMPAIGNS
    list_display = ("session", "standing", "channels_shown", "client", "traffic", "found")
    list_display_links = ("session",)
    list_filter = (StandingFilter, ("game", ScopedRelatedFilter), TrustFilter)
    list_before_template = "admin/campaigns/game_state/sessions_header.html"
    search_fields = ("pk",)  # the box is shown; what it finds is session_list's
    search_help_text = _(
        "Finds by the game's session id, by a channel's login or id, by a client's name or id, each exactly."
    )
    ordering = ("-id",)
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add dropping, and the state as JSON; nothing is added, changed or deleted by hand."""
        wrap = self.admin_site.admin_view
        named = "campaigns_gamesession"
        return [
            path("<str:object_id>/drop/", wrap(self.drop), name=f"{named}_drop"),
            path("<str:object_id>/state.json", wrap(self.state), name=f"{named}_state"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's sessions with their channels, those that are live first, without states."""
        about = GameSessionChannel.objects.select_related("channel").order_by("-live", "pk")
        rows = super().get_queryset(request).defer("state", "game__art", "game__logo").select_related("game")
        return rows.prefetch_related(Prefetch("channels", queryset=about))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by what people have at hand; nothing by what is masked for them."""
        organization = active_organization(request)
        if not search_term.strip() or organization is None:
            return queryset, False
        found = find_sessions(organization, search_term, sees_ids=sees_state(request))
        if len(found) == FOUND_AT_MOST:
            text = _t("Very many sessions fit. The newest %(count)s are shown.")
            messages.info(request, text % {"count": f"{FOUND_AT_MOST:,}"})
        return queryset.filter(pk__in=found), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list; its columns need to know who looks, when, and which gateways live."""
        response = super().changelist_view(request, {"refusals": _refusals(request), **(extra_context or {})})
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changelist is not None:
            now, sees = timezone.now(), sees_state(request)
            alive = alive_gateways(now=now)
            for row in changelist.result_list:
                row.shown_at, row.sees, row.stands = now, sees, standing_of(row, alive=alive)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one session."""
        return session_page(self, request, self.mine(request, object_id))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show who dropped it, to those who may see its id."""
        if not sees_state(request):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def drop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, and end the session."""
        return drop_view(self, request, self.mine(request, object_id))

    def state(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the merged state whole."""
        return state_view(request, self.mine(request, object_id))

    def mine(self, request: HttpRequest, object_id: str) -> GameSession:
        """Return the session. Raises ``Http404`` for another organization's."""
        session: GameSession | None = self.get_object(request, object_id)
        if session is None or not self.has_view_permission(request, session):
            raise Http404
        return session

    # Columns.

    @display(description=_("session"))
    def session(self, row: Any) -> SafeString:
        """The game's own id, and when it began."""
        return format_html(
            '<span class="drops-address">{}</span><span class="drops-name-plain">{}</span>',
            session_name(row, sees=row.sees),
            utc(row.started_at),
        )

    @display(description=_("state"))
    def standing(self, row: Any) -> SafeString:
        """Connected, interrupted or ended, and why."""
        return standing_chip(row, row.stands)

    @display(description=_("channels"))
    def channels_shown(self, row: Any) -> SafeString:
        """The channels it is about, and whether they are live."""
        return channels_in_a_row(row.channels.all())

    @display(description=_("game and client"))
    def client(self, row: Any) -> SafeString:
        """Of which game it is, who streams it, and whose word that is."""
        kind = _t("the game's server") if row.authoritative else _t("a player's game")
        by = f"{row.client_name}, {kind}" if row.sees else kind
        return format_html(
            '<span class="drops-wide">{}<br><span class="drops-name-plain">{}</span></span>', row.game, by
        )

    @display(description=_("messages and size"))
    def traffic(self, row: Any) -> SafeString:
        """Messages of the present minute, while it goes on, and size of the state, each beside its limit; the last message."""
        count = messages_this_minute(row, now=row.shown_at)
        most = {"messages": of_at_most(count, MESSAGES_PER_MINUTE), "bytes": of_at_most(row.state_bytes, FULL_BYTES)}
        lines = [_t("%(messages)s this minute") % most] if row.ended_at is None else []
        lines.append(_t("%(bytes)s bytes") % most)
        return format_html(
            '<span class="drops-wide">{}<br><span class="drops-name-plain">{} {}</span></span>',
            format_html_join(SafeString("<br>"), "{}", [(line,) for line in lines]),
            _t("last message"),
            ago(row.last_message_at, now=row.shown_at),
        )

    @display(description=_("events, refusals"))
    def found(self, row: Any) -> SafeString:
        """How many game events happened in it; how much was refused, and why the last was."""
        events = ngettext("%(count)s game event", "%(count)s game events", row.events) % {"count": f"{row.events:,}"}
        refused = _t("nothing refused")
        if row.refused:
            told = {"count": f"{row.refused:,}", "why": refusal_name(row.last_refusal)}
            refused = _t("%(count)s refused, the last: %(why)s") % told
        return format_html(
            '<span class="drops-wide">{}<br><span class="drops-name-plain">{}</span></span>', events, refused
        )


def _refusals(request: HttpRequest) -> list[tuple[str, str, str, SafeString | str]]:
    """Return which game servers were refused lately when they connected: client, why, what to do, and when last."""
    organization, now = active_organization(request), timezone.now()
    if organization is None or game_scope(request) is not None:  # a client's servers are of any game
        return []
    sees = sees_state(request)
    found = [one for tell in connect_refusals for one in tell(organization.pk, now - REFUSED_WITHIN)]
    return [
        (one.client if sees else "", refusal_name(one.code), refusal_advice(one.code), ago(one.last_at, now=now))
        for one in found[:REFUSALS_SHOWN]
    ]
