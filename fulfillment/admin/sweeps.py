"""The list of sweeps (F7): what each read and found, and what could not be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.admin.menu import FROM_PLATFORMS
from fulfillment.admin.words import chip, sees_people, utc
from fulfillment.models import Sweep, SweepPart
from portal import platforms
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import PlatformFilter, RangeDateTimeFilter
from portal.admin_words import span_between
from portal.platforms.claims_api import Narrowed
from portal.platforms.problems import explain
from portal.roles import Permission, mask

LISTS_NAMED = 200


class _SweptFilter(PlatformFilter):
    """The platform whose claims were read."""

    lookup = "credential__platform"


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    """Sweeps of the platforms' lists of claims."""

    beyond_games = True
    menu_icon = "sync"
    menu_order = 65
    menu_group = FROM_PLATFORMS
    view_permission = Permission.SEE_CAMPAIGNS
    list_before_template = "admin/fulfillment/sweeps_header.html"
    list_display = (
        "began",
        "platform_name",
        "kind",
        "state",
        "pages_read",
        "claims_listed",
        "claims_found",
        "unreadable_lists",
    )
    list_filter = (_SweptFilter, ("started_at", RangeDateTimeFilter))
    list_select_related = ("credential",)
    ordering = ("-started_at", "-pk")
    sortable_by = ()
    fields = (
        "platform_name",
        "kind",
        "state",
        "started_at",
        "finished_at",
        "asked_by",
        "pages",
        "listed",
        "found",
        "told_again",
        "skipped",
        "faults",
        "what_is_missing",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name every field, and those that are put into words."""
        return [*super().get_readonly_fields(request, obj), "platform_name", "kind", "state", "what_is_missing"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the sweeps, each with the number of lists that could not be read."""
        parts = SweepPart.objects.filter(sweep=OuterRef("pk"), outcome=SweepPart.Outcome.UNREADABLE).order_by()
        counted = parts.values("sweep").annotate(number=Count("pk")).values("number")
        unreadable = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
        return super().get_queryset(request).annotate(unreadable=unreadable)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the sweep; it knows whether who looks may see identifiers of people."""
        sweep = super().get_object(request, object_id, from_field)
        if sweep is not None:
            sweep.shows_people = sees_people(request)
        return sweep

    @display(description=_("begun"))
    def began(self, sweep: Sweep) -> SafeString | str:
        """When it began."""
        return utc(sweep.started_at)

    @display(description=_("platform"))
    def platform_name(self, sweep: Sweep) -> str:
        """The platform by its name."""
        return platforms.get(sweep.credential.platform).name

    @display(description=_("what it reads"))
    def kind(self, sweep: Sweep) -> str:
        """What it reads."""
        if sweep.narrow:
            return _t("claims of viewers who just linked")
        return _t("everything") if sweep.full else _t("what is not done yet")

    @display(description=_("state"))
    def state(self, sweep: Sweep) -> SafeString:
        """Whether it runs, or how long it took."""
        if sweep.finished_at is None:
            return chip(_t("running"), "sync")
        took = {"span": span_between(sweep.started_at, sweep.finished_at)}
        if sweep.stopped:
            return chip(_t("stopped after %(span)s") % took, "block", "drops-chip-attention")
        return chip(_t("done in %(span)s") % took, "check", "drops-chip-ok")

    @display(description=_("pages"))
    def pages_read(self, sweep: Sweep) -> str:
        """How many pages were read."""
        return f"{sweep.pages:,}"

    @display(description=_("listed"))
    def claims_listed(self, sweep: Sweep) -> str:
        """How many claims the platform listed."""
        return f"{sweep.listed:,}"

    @display(description=_("found"))
    def claims_found(self, sweep: Sweep) -> str:
        """How many of them no webhook had brought."""
        return f"{sweep.found:,}"

    @display(description=_("lists not read"))
    def unreadable_lists(self, sweep: Any) -> SafeString | str:
        """How many lists could not be read to their end."""
        return chip(f"{sweep.unreadable:,}", "warning", "drops-chip-attention") if sweep.unreadable else "0"

    @display(description=_("what could not be read"))
    def what_is_missing(self, sweep: Any) -> SafeString | str:
        """Each list that could not be read to its end, and why."""
        parts = list(sweep.parts.filter(outcome=SweepPart.Outcome.UNREADABLE).order_by("pk")[:LISTS_NAMED])
        if not parts:
            return _t("Nothing: all lists were read to their end.")
        rows = format_html_join(
            "",
            "<li>{}: {}</li>",
            [(_list(part, shows_people=sweep.shows_people), explain(part.problem)[0]) for part in parts],
        )
        note = _t("Claims in these lists that no webhook brought are missing. Each sweep tries them again.")
        return format_html('<ul class="drops-list drops-help">{}</ul><p class="drops-hint">{}</p>', rows, note)


def _list(part: SweepPart, *, shows_people: bool) -> str:
    hidden = part.narrowed == Narrowed.USER and not shows_people
    texts = {
        Narrowed.ALL: _t("All claims in one list; narrower lists were read instead"),
        Narrowed.CATEGORY: _t("Category %(value)s"),
        Narrowed.CAMPAIGN: _t("Campaign %(value)s"),
        Narrowed.USER: _t("User %(value)s"),
    }
    return texts[Narrowed(part.narrowed)] % {"value": mask(part.value) if hidden else part.value}
