"""Event subscriptions at platforms, to be read: how each stands, what is wrong in words, and two buttons (S1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.models import Channel
from fulfillment.admin.inbound import CredentialPlatformFilter
from fulfillment.admin.menu import FROM_PLATFORMS
from fulfillment.admin.words import ago, chip, utc
from fulfillment.models import PlatformSubscription
from fulfillment.subscribing.again import look_now, make_anew
from fulfillment.subscribing.wanting import lacks_organization_id
from fulfillment.subscribing.words import event_words, since, what_is_wrong
from portal import platforms
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import DropdownFilter
from portal.models import PlatformCredential
from portal.organizations import active_organization, may
from portal.roles import Permission

State = PlatformSubscription.State

_SECRETS = ("client_secret", "webhook_secret", "previous_webhook_secret", "url_token")

_ID_LENGTH = 18
"""The longest key that the database takes has 19 digits; what is longer is nobody's."""

_CHIPS = {
    State.MISSING: (_("not made yet"), "hourglass_empty", ""),
    State.PENDING: (_("being checked"), "hourglass_empty", ""),
    State.ENABLED: (_("at work"), "check", "drops-chip-ok"),
    State.ENDED: (_("ended there"), "warning", "drops-chip-attention"),
    State.REFUSED: (_("refused there"), "error", "drops-chip-error"),
}


class StandingFilter(DropdownFilter):
    """How a subscription stands, for people."""

    title = _("state")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [("not_at_work", _t("everything that is not at work")), *State.choices, ("leaving", _t("being ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep those that stand so."""
        chosen = self.value()
        if chosen == "leaving":
            return queryset.filter(wanted=False)
        if chosen == "not_at_work":
            return queryset.filter(wanted=True).exclude(state=State.ENABLED)
        return queryset.filter(wanted=True, state=chosen) if chosen in State.values else queryset


@admin.register(PlatformSubscription)
class PlatformSubscriptionAdmin(ReadOnlyAdmin):
    """What the organization's apps have asked platforms to be told of. What needs a look comes first."""

    beyond_games = True
    menu_icon = "rss_feed"
    menu_order = 62
    menu_group = FROM_PLATFORMS
    view_permission = Permission.SEE_CAMPAIGNS
    list_display = ("event", "about", "platform_name", "standing", "stands_since", "last_message", "wrong")
    list_display_links = ("event",)
    list_filter = (StandingFilter, CredentialPlatformFilter)
    list_before_template = "admin/fulfillment/platform_subscriptions_header.html"
    change_form_outer_before_template = "admin/fulfillment/platform_subscription_deeds.html"
    search_fields = ("=subject",)
    search_help_text = _("Finds what is about one channel, by its id on the platform, written exactly.")
    sortable_by = ()
    fields = (
        *("event", "type", "about", "platform_name", "standing", "wrong", "detail", "created_at", "enabled_at"),
        *("ended_at", "looked_at", "last_message", "next_look", "failures"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the organization's subscriptions without any secret."""
        rows = super().get_queryset(request).select_related("credential__organization")
        return rows.defer(*(f"credential__{name}" for name in _SECRETS))

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Put first what is not at work."""
        at_work = Case(When(state=State.ENABLED, then=Value(1)), default=Value(0), output_field=models.IntegerField())
        return [at_work, "pk"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name what is shown."""
        return list(self.fields)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, with what keeps subscriptions from being made above it."""
        response = super().changelist_view(request, {**self._header(request), **(extra_context or {})})
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        _name_channels(getattr(changelist, "result_list", None) or ())
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the subscription, knowing its channel and what this person may do."""
        known = object_id.isascii() and object_id.isdigit() and len(object_id) <= _ID_LENGTH
        row = super().get_object(request, object_id, from_field) if known else None
        if row is not None:
            _name_channels([row])
            row.may_act = row.wanted and may(request, Permission.MANAGE)
        return row

    def _header(self, request: HttpRequest) -> dict[str, Any]:
        credentials = PlatformCredential.objects.filter(organization=active_organization(request)).defer(*_SECRETS)
        apps = [
            one for one in credentials.order_by("platform") if platforms.get(one.platform).subscriptions is not None
        ]
        return {
            "may_manage": may(request, Permission.MANAGE),
            "apps": apps,
            "switched_off": [platforms.get(one.platform).name for one in apps if not one.enabled],
            "without_id": [
                (platforms.get(one.platform).name, one.pk) for one in apps if one.enabled and lacks_organization_id(one)
            ],
        }

    # Columns and facts.

    @display(description=_("told when"))
    def event(self, row: PlatformSubscription) -> str:
        """The event in plain words."""
        return event_words(row)

    @display(description=_("about"))
    def about(self, row: Any) -> SafeString | str:
        """The channel, the organization or the app."""
        if row.subject == row.credential.platform_organization_id:
            return _t("your organization")
        if row.subject == row.credential.client_id:
            return _t("your app")
        channel = getattr(row, "channel", None)
        if channel is None:
            return str(row.subject)
        address = reverse("admin:campaigns_channel_change", args=[channel.pk])
        return format_html(
            '<a class="drops-link" href="{}">{}</a>', address, channel.name or channel.login or row.subject
        )

    @display(description=_("platform"))
    def platform_name(self, row: PlatformSubscription) -> str:
        """The platform by its name."""
        return platforms.get(row.credential.platform).name

    @display(description=_("state"))
    def standing(self, row: PlatformSubscription) -> SafeString:
        """How it stands, as icon and words."""
        if not row.wanted:
            return chip(_t("being ended"), "hourglass_empty")
        words, icon, style = _CHIPS[State(row.state)]
        return chip(str(words), icon, style)

    @display(description=_("since"))
    def stands_since(self, row: PlatformSubscription) -> SafeString | str:
        """Since when it stands so."""
        return ago(since(row))

    @display(description=_("last message"))
    def last_message(self, row: PlatformSubscription) -> SafeString | str:
        """When it brought a message last, to the minute."""
        return ago(row.event_at)

    @display(description=_("last looked at"))
    def looked_at(self, row: PlatformSubscription) -> SafeString | str:
        """When it was last found in the platform's list."""
        return ago(row.seen_at)

    @display(description=_("next look"))
    def next_look(self, row: PlatformSubscription) -> SafeString | str:
        """When it is looked at next."""
        return utc(row.due_at)

    @display(description=_("failures in a row"))
    def failures(self, row: PlatformSubscription) -> int:
        """How often in a row it could not be made or was ended; forgotten after an hour at work."""
        return row.attempts

    @display(description=_("what is wrong"))
    def wrong(self, row: PlatformSubscription) -> SafeString | str:
        """What happened last, and what to do."""
        happened, advice = what_is_wrong(row)
        if not happened:
            return "–"
        return format_html(
            '<span class="drops-wide">{}<br><span class="drops-name-plain">{}</span></span>', happened, advice
        )

    # Deeds.

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the two deeds."""
        named = "fulfillment_platformsubscription"
        wrap = self.admin_site.admin_view
        return [
            path("<str:object_id>/look/", wrap(self.look_view), name=f"{named}_look"),
            path("<str:object_id>/anew/", wrap(self.anew_view), name=f"{named}_anew"),
            *super().get_urls(),
        ]

    def look_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then have it compared with the platform's list at once."""
        return self._deed(
            request,
            object_id,
            look_now,
            title=_t("Look now"),
            text=_t(
                "The platform is asked within seconds how this subscription stands, and it is made if it is missing. That "
                "is safe at any time."
            ),
            button=_t("Look now"),
            done=_t("It is being looked at. Reload the page in a few seconds."),
        )

    def anew_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then have it ended there and made anew."""
        return self._deed(
            request,
            object_id,
            make_anew,
            title=_t("Make anew"),
            text=_t(
                "The subscription is ended at the platform and made anew, within seconds. What happens in between comes "
                "without a message; claims are then read from the platform's list, so that none is lost."
            ),
            button=_t("Make it anew"),
            done=_t("It is being made anew. Reload the page in a few seconds."),
        )

    def _deed(
        self, request: HttpRequest, object_id: str, deed: Callable[..., bool], *, done: str, **shown: str
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not may(request, Permission.MANAGE):
            raise PermissionDenied
        back = reverse("admin:fulfillment_platformsubscription_change", args=[row.pk])
        if request.method == "POST":
            if not row.credential.enabled:
                messages.error(request, _t("The credential is switched off: the platform is not asked for anything."))
            elif deed(row=row, actor=request.user, now=timezone.now()):
                messages.success(request, done)
            else:
                messages.info(request, _t("It is not wanted any more, and is being ended."))
            return HttpResponseRedirect(back)
        shown["title"] = f"{shown['title']}: {event_words(row)}"
        context = {**self.admin_site.each_context(request), **shown, "back": back, "opts": self.opts}
        return TemplateResponse(request, "admin/confirm_deed.html", context)


def _name_channels(rows: Iterable[Any]) -> None:
    """Give each row the channel that it is about: one query, however many rows."""
    rows = list(rows)
    subjects = {row.subject for row in rows}
    organizations = {row.credential.organization_id for row in rows}
    known = Channel.objects.filter(organization__in=organizations, platform_channel_id__in=subjects) if rows else ()
    channels = {(one.organization_id, one.platform, one.platform_channel_id): one for one in known}
    for row in rows:
        row.channel = channels.get((row.credential.organization_id, row.credential.platform, row.subject))
