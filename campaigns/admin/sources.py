"""The pages of heartbeat sources: who tells the portal who watches, at which secret address, and how it is doing (W1, P1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from campaigns.admin.address_once import keep_address
from campaigns.admin.source_deeds import SourceDeeds
from campaigns.admin.source_form import HeartbeatSourceForm
from campaigns.admin.source_header import source_context, state_of
from campaigns.admin.source_test import SourceTestPage
from campaigns.heartbeats.sources import forget_sources, new_address
from campaigns.heartbeats.standing import with_last_heartbeat
from campaigns.models import HeartbeatSource
from portal import audit, platforms
from portal.admin_base import display
from portal.admin_deletion import PlainDeletion
from portal.admin_filters import PlatformFilter, ScopedRelatedFilter
from portal.admin_words import ago
from portal.next_page import carried
from portal.roles import Permission

KINDS = {
    HeartbeatSource.Identifiers.REGISTERED: _("registered identifiers"),
    HeartbeatSource.Identifiers.PLATFORM: _("user ids of the platform"),
    HeartbeatSource.Identifiers.PLAYER: _("player ids"),
}

_NOT_IN_THE_TRAIL = ("url_token_hash", "previous_token_hash", "last_heartbeat_at", "last_refused_at", "last_refusal")


@admin.register(HeartbeatSource)
class HeartbeatSourceAdmin(SourceTestPage, SourceDeeds, PlainDeletion):
    """Sources: owners set them up, everybody sees how they are doing, producers test them and take in names."""

    menu_icon = "sensors"
    menu_order = 45
    view_permission = Permission.SEE_CAMPAIGNS
    edit_permission = Permission.MANAGE
    form = HeartbeatSourceForm
    list_display = ("name", "game", "platform_name", "kind", "state_now", "last_heartbeat")
    list_filter = (("game", ScopedRelatedFilter), PlatformFilter)
    list_select_related = ("game",)
    ordering = ("game__name", "name", "pk")
    sortable_by = ()
    conditional_fields = {"credential": "identifiers == 'registered'", "platform": "identifiers == 'platform'"}
    change_form_outer_before_template = "admin/campaigns/source_header.html"
    readonly_fields = ("platform_name", "kind", "client")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's sources with what the list and the page say of them."""
        rows = super().get_queryset(request).select_related("game__organization", "credential__organization")
        return with_last_heartbeat(rows)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Show what a source is once it exists; what it received means what it meant then."""
        if obj is None:
            return ["game", "name", "identifiers", "credential", "platform", "enabled"]
        fixed = ["game", "kind", "client"] if obj.credential_id else ["game", "kind", "platform_name"]
        return ["name", *fixed, "enabled"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Fix what a source is once it exists."""
        return [*super().get_readonly_fields(request, obj), *(["game"] if obj else [])]

    @display(description=_("platform"), ordering="platform")
    def platform_name(self, source: HeartbeatSource) -> str:
        """The platform by its name."""
        return platforms.get(source.platform).name

    @display(description=_("ids in its heartbeats"))
    def kind(self, source: HeartbeatSource) -> str:
        """What its ids are."""
        return str(KINDS[HeartbeatSource.Identifiers(source.identifiers)])

    @display(description=_("platform credential"))
    def client(self, source: HeartbeatSource) -> str:
        """The app under which identifiers are registered."""
        if source.credential is None:
            return "–"
        off = "" if source.credential.enabled else f" ({_t('switched off')})"
        return f"{source.credential}{off}"

    @display(description=_("state"))
    def state_now(self, source: HeartbeatSource) -> SafeString:
        """Whether it sends, as icon and word."""
        return state_of(source, last=_last(source), now=timezone.now())[0]

    @display(description=_("last heartbeat"))
    def last_heartbeat(self, source: HeartbeatSource) -> SafeString | str:
        """When its last heartbeat came."""
        return ago(_last(source))

    # Saving.

    def save_model(self, request: HttpRequest, obj: HeartbeatSource, form: Any, change: bool) -> None:
        """Store; a new source is given its address, which the next page shows once."""
        if change:
            super().save_model(request, obj, form, change)
            forget_sources()
            return
        now = timezone.now()
        address = new_address(source=obj, keep_previous_for=timedelta(0), actor=request.user, now=now)  # type: ignore[arg-type]
        trail = {name: value for name, value in audit.snapshot(obj).items() if name not in _NOT_IN_THE_TRAIL}
        self._record(request, "added", obj, obj, {}, trail)
        keep_address(request, obj, address, now=now)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Go to the page that shows the address, this once."""
        return HttpResponseRedirect(carried(request, reverse("admin:campaigns_heartbeatsource_address", args=[obj.pk])))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add how the source is doing and what can be done."""
        source: HeartbeatSource | None = context.get("original")
        if source is not None:
            context |= source_context(request, source, now=timezone.now())
        else:  # the address comes next, whichever button is pressed
            context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the deeds and of the test."""
        named = "campaigns_heartbeatsource"
        return [
            *(
                path(
                    f"<path:object_id>/{name.replace('_', '-')}/",
                    self.admin_site.admin_view(never_cache(view)),
                    name=f"{named}_{name}",
                )
                for name, view in {**self.deed_views(), "test": self.test_view}.items()
            ),
            *super().get_urls(),
        ]


def _last(source: Any) -> datetime | None:
    """Return the last sign of a source that the list has read."""
    return max((m for m in (source.newest_at, source.last_heartbeat_at) if m is not None), default=None)
