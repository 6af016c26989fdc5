"""Heartbeats, to be read: who reported how many viewers where, and what became of it (W1, W3). The lists are never loaded."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaigns.models import Heartbeat, HeartbeatSource
from campaigns.watch.explaining import report_of, verdicts, why_not_counted
from portal.admin_base import ReadOnlyAdmin, display, in_reach
from portal.admin_filters import DropdownFilter, ScopedRelatedFilter
from portal.admin_words import chip, utc_in_two
from portal.organizations import may
from portal.roles import Permission, mask

Outcome = Heartbeat.Outcome

_CHIPS = {
    Outcome.WAITING: ("hourglass_empty", ""),
    Outcome.COUNTED: ("check", "drops-chip-ok"),
    Outcome.NOWHERE: ("block", ""),
    Outcome.NO_BROADCASTER: ("link_off", "drops-chip-attention"),
    Outcome.NO_GAME: ("help", "drops-chip-attention"),
}


class OutcomeFilter(DropdownFilter):
    """What became of a heartbeat."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the outcomes."""
        return list(Outcome.choices)

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep those with the chosen outcome, found through an index whichever it is."""
        value = self.value()
        if value not in Outcome.values:
            return queryset
        found = queryset.filter(outcome=value)
        return found.filter(due_at__isnull=False) if value == Outcome.WAITING else found


class NotedFilter(DropdownFilter):
    """Heartbeats that came again with other contents (W1)."""

    title = _("noted")
    parameter_name = "noted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the one choice."""
        return [("conflicts", _t("sent again with other contents"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the flagged ones."""
        return queryset.filter(conflicts__gt=0) if self.value() == "conflicts" else queryset


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """The heartbeats of the organization's sources, newest first."""

    menu_icon = "monitor_heart"
    menu_order = 46
    view_permission = Permission.SEE_CAMPAIGNS
    list_display = ("sent", "broadcaster_shown", "game_name", "viewers_shown", "outcome_shown", "noted", "source")
    list_filter = (("source", ScopedRelatedFilter), OutcomeFilter, NotedFilter)
    list_display_links = ("sent",)
    search_fields = ("=heartbeat_id",)
    search_help_text = _("Finds a heartbeat by its id, exactly as it was sent.")
    ordering = ("-id",)
    sortable_by = ()
    change_form_outer_before_template = "admin/campaigns/heartbeat_header.html"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's heartbeats without their lists, found through the index of each source."""
        sources = in_reach(HeartbeatSource.objects.all(), request)
        rows = Heartbeat.objects.filter(source__in=list(sources.values_list("pk", flat=True)))
        rows = rows.select_related("source__game", "channel").defer("extra", "source__game__art")
        sees = may(request, Permission.SEE_PEOPLE)
        return rows.annotate(may_see=models.Value(sees, output_field=models.BooleanField()))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by the exact id, through its index."""
        term = search_term.strip()
        return (queryset.filter(heartbeat_id=term), False) if term else (queryset, False)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return the facts; further fields of the sender's only to those who may see people."""
        fields = ["sent_exactly", "received", "source", "broadcaster_exactly", "channel_shown", "game_name"]
        fields += ["viewers_in_words", "unknown_in_words", "again", "heartbeat_id"]
        return [*fields, "extra"] if may(request, Permission.SEE_PEOPLE) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name every field, and what is shown in other words."""
        return [*super().get_readonly_fields(request, obj), *self.get_fields(request, obj)]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what became of it, in sentences."""
        heartbeat: Heartbeat | None = context.get("original")
        if heartbeat is not None:
            judged = verdicts(source=heartbeat.source, report=report_of(heartbeat), channel=heartbeat.channel)
            context |= {
                "heartbeat": heartbeat,
                "outcome_chip": outcome_chip(heartbeat.outcome),
                "reasons": why_not_counted(heartbeat, now=timezone.now()),
                "verdicts": judged if heartbeat.outcome == Outcome.COUNTED else [],
                "accept_url": _accept_url(request, heartbeat),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # Columns.

    @display(description=_("time"))
    def sent(self, heartbeat: Heartbeat) -> SafeString | str:
        """The minute that it reports."""
        return utc_in_two(heartbeat.sent_at)

    @display(description=_("broadcaster"))
    def broadcaster_shown(self, heartbeat: Any) -> str:
        """The channel, or the broadcaster's id as this member of staff may see it."""
        return str(heartbeat.channel) if heartbeat.channel else _seen(heartbeat)

    @display(description=_("viewers"))
    def viewers_shown(self, heartbeat: Heartbeat) -> SafeString | str:
        """How many are listed, and how many were reported where that differs."""
        listed = f"{heartbeat.listed:,}"
        if heartbeat.viewers == heartbeat.listed:
            return listed
        return format_html(
            '{}<br><span class="drops-name-plain">{}</span>',
            listed,
            _t("%(count)s reported") % {"count": f"{heartbeat.viewers:,}"},
        )

    @display(description=_("outcome"))
    def outcome_shown(self, heartbeat: Heartbeat) -> SafeString:
        """What became of it, as icon and words."""
        return outcome_chip(heartbeat.outcome)

    @display(description=_("noted"))
    def noted(self, heartbeat: Heartbeat) -> SafeString | str:
        """What is worth a look: conflicts, repeats, ids of nobody."""
        notes = []
        if heartbeat.conflicts:
            notes.append(_t("%(count)s × with other contents") % {"count": f"{heartbeat.conflicts:,}"})
        if heartbeat.repeats:
            notes.append(_t("%(count)s × again") % {"count": f"{heartbeat.repeats:,}"})
        if heartbeat.unknown:
            text = ngettext("%(count)s id of nobody", "%(count)s ids of nobody", heartbeat.unknown)
            notes.append(text % {"count": f"{heartbeat.unknown:,}"})
        return format_html('<span class="drops-wide">{}</span>', ", ".join(notes)) if notes else "–"

    # Facts of one heartbeat.

    @display(description=_("time"))
    def sent_exactly(self, heartbeat: Heartbeat) -> str:
        """Its own time: the minute that counts."""
        return f"{heartbeat.sent_at:%Y-%m-%d %H:%M:%S} UTC"

    @display(description=_("received at"))
    def received(self, heartbeat: Heartbeat) -> str:
        """When it came, and how late that was."""
        moment = f"{heartbeat.received_at:%Y-%m-%d %H:%M:%S} UTC"
        if (heartbeat.received_at - heartbeat.sent_at).total_seconds() < 120:
            return moment
        late = timesince(heartbeat.sent_at, heartbeat.received_at, depth=1)
        return _t("%(moment)s: %(late)s late. It counts by its own time.") % {"moment": moment, "late": late}

    @display(description=_("broadcaster"))
    def broadcaster_exactly(self, heartbeat: Any) -> str:
        """The broadcaster's id as it was sent."""
        return _seen(heartbeat)

    @display(description=_("channel"))
    def channel_shown(self, heartbeat: Heartbeat) -> str:
        """The channel that it is about."""
        return str(heartbeat.channel) if heartbeat.channel else "–"

    @display(description=_("viewers"))
    def viewers_in_words(self, heartbeat: Heartbeat) -> str:
        """How many it lists, and what a different number means."""
        listed = ngettext("%(count)s listed", "%(count)s listed", heartbeat.listed) % {"count": f"{heartbeat.listed:,}"}
        if heartbeat.viewers == heartbeat.listed:
            return listed
        return _t("%(listed)s; the sender reported %(count)s. What is listed counts, the number is only noted.") % {
            "listed": listed,
            "count": f"{heartbeat.viewers:,}",
        }

    @display(description=_("ids of nobody"))
    def unknown_in_words(self, heartbeat: Heartbeat) -> str:
        """How many listed ids are no viewer's."""
        if not heartbeat.unknown:
            return _t("none")
        return _t("%(count)s: identifiers that the portal gave to nobody; they are left out.") % {
            "count": f"{heartbeat.unknown:,}"
        }

    @display(description=_("sent again"))
    def again(self, heartbeat: Heartbeat) -> str:
        """How often it came again, and what that changed."""
        parts = []
        if heartbeat.repeats:
            parts.append(_t("%(count)s × unchanged: that changes nothing.") % {"count": f"{heartbeat.repeats:,}"})
        if heartbeat.conflicts:
            parts.append(
                _t("%(count)s × with other contents: the first counted, the others were left out.")
                % {"count": f"{heartbeat.conflicts:,}"}
            )
        if heartbeat.retries:
            parts.append(
                _t("The sender says that it tried %(count)s times before.") % {"count": f"{heartbeat.retries:,}"}
            )
        return " ".join(parts) or _t("never")


def outcome_chip(outcome: str) -> SafeString:
    """Return an outcome as a chip."""
    known = Outcome(outcome)
    icon, style = _CHIPS[known]
    return chip(str(known.label), icon, style)


def _accept_url(request: HttpRequest, heartbeat: Heartbeat) -> str:
    """Return where an unknown name is taken in, for those who may."""
    if heartbeat.outcome != Outcome.NO_GAME or not may(request, Permission.EDIT_CAMPAIGNS):
        return ""
    page = reverse("admin:campaigns_heartbeatsource_accept_name", args=[heartbeat.source_id])
    return f"{page}?{urlencode({'name': heartbeat.game_name})}"


def _seen(heartbeat: Any) -> str:
    return heartbeat.broadcaster if heartbeat.may_see else mask(heartbeat.broadcaster)


__all__ = ["HeartbeatAdmin", "outcome_chip"]
