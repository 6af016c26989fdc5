"""The pages of the partner API's clients: who may call, with what, and until when (A1, S1, S2)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from fulfillment.admin.api_client_deeds import ApiClientDeeds, keep_secret, secret_waits
from fulfillment.admin.api_client_form import ApiClientForm
from fulfillment.admin.api_client_words import client_state, examples, gateway_of, lacks_games, scopes_in_words
from fulfillment.admin.menu import OWN_SYSTEMS
from fulfillment.admin.words import ago, utc, utc_in_two
from fulfillment.api_clients import ClientRevoked, change_client, create_client, last_used, previous_until
from fulfillment.game_state.pairs import games_of
from fulfillment.models import ApiClient
from portal.admin_base import display
from portal.admin_filters import DropdownFilter
from portal.organizations import active_organization
from portal.roles import Permission


class StandingFilter(DropdownFilter):
    """Whether a client works."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the states."""
        return [("works", _t("works")), ("expired", _t("expired")), ("revoked", _t("revoked"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the clients in the chosen state."""
        over = Q(expires_at__lte=timezone.now())
        found = {
            "works": Q(revoked_at=None) & (Q(expires_at=None) | ~over),
            "expired": Q(revoked_at=None) & over,
            "revoked": Q(revoked_at__isnull=False),
        }.get(self.value() or "")
        return queryset.filter(found) if found else queryset


@admin.register(ApiClient)
class ApiClientAdmin(ApiClientDeeds):
    """The organization's clients; owners only. None is deleted: history names them."""

    menu_icon = "api"
    menu_order = 52
    menu_group = OWN_SYSTEMS
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    form = ApiClientForm
    list_display = ("client_name", "client_id", "may_do", "last_use", "expiry", "state_now")
    list_display_links = ("client_name",)
    list_filter = (StandingFilter,)
    list_select_related = ("oauth", "organization")
    ordering = (F("revoked_at").desc(nulls_first=True), "oauth__name", "pk")
    sortable_by = ()
    change_form_outer_before_template = "admin/fulfillment/api_client_state.html"
    fieldsets = (
        (None, {"fields": ("name", "scopes", "other_platforms", "completing_texts", "points_per_minute")}),
        (_("Game state"), {"fields": ("game_state_games",)}),
        (_("Expiry"), {"fields": ("expires_at", "time_zone")}),
        (_("Players who sign in"), {"fields": ("redirect_uris",)}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's clients with the half that the OAuth library keeps."""
        return super().get_queryset(request).select_related("oauth", "organization", "created_by")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list, whose clients know when they last called."""
        changelist = super().get_changelist_instance(request)
        clients = list(changelist.result_list)
        used = last_used(clients)
        for client in clients:
            client.last_used_at = used.get(client.pk)
        changelist.result_list = clients
        return changelist

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it by role, while the client is not revoked."""
        return super().has_change_permission(request, obj) and not (obj is not None and obj.revoked_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: it is revoked instead."""
        return False

    # The list.

    @display(description=_("name"))
    def client_name(self, client: ApiClient) -> str:
        """What it is called."""
        return client.oauth.name

    @display(description=_("client id"))
    def client_id(self, client: ApiClient) -> SafeString:
        """What it calls itself in every call."""
        return format_html('<code class="drops-said">{}</code>', client.oauth_id)

    @display(description=_("may do"))
    def may_do(self, client: ApiClient) -> SafeString:
        """Its scopes in words."""
        return format_html('<span class="drops-said">{}</span>', scopes_in_words(client))

    @display(description=_("last used"))
    def last_use(self, client: Any) -> SafeString | str:
        """When it last called, to the minute."""
        return ago(client.last_used_at) if client.last_used_at else _t("never")

    @display(description=_("expires"))
    def expiry(self, client: ApiClient) -> SafeString | str:
        """Until when it works."""
        return utc_in_two(client.expires_at) if client.expires_at else _t("never")

    @display(description=_("state"))
    def state_now(self, client: ApiClient) -> SafeString:
        """Whether it works, as icon and word."""
        return client_state(client, now=timezone.now())[0]

    # The page.

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form class; it knows the person's own time zone."""
        form = super().get_form(request, obj, change, **kwargs)
        form.zone = getattr(request.user, "time_zone", "UTC")
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show a revoked client as it was, in words."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": self._as_it_was})]

    _as_it_was = ("may_do", "other_platforms", "texts_shown", "points_per_minute", "addresses_shown", "games_shown")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name what is shown in words of a revoked client."""
        fixed = self._as_it_was if obj is not None and not self.has_change_permission(request, obj) else ()
        return [*super().get_readonly_fields(request, obj), *fixed]

    @display(description=_("statuses that complete a claim"))
    def texts_shown(self, client: ApiClient) -> str:
        """Its own words for fulfilled."""
        return ", ".join(client.completing_texts) or "–"

    @display(description=_("redirect addresses"))
    def addresses_shown(self, client: ApiClient) -> SafeString | str:
        """Where players were sent back to."""
        addresses = client.oauth.get_redirect_uris()
        return format_html_join("", "<div>{}</div>", ((address,) for address in addresses)) or "–"

    @display(description=_("games whose state it may stream"))
    def games_shown(self, client: ApiClient) -> str:
        """The games that it was allowed."""
        return ", ".join(game.name for game in games_of(client)) or "–"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add how the client is doing and what can be done."""
        client: ApiClient | None = context.get("original")
        if client is None:  # the secret comes next, whichever button is pressed
            context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
            return super().render_change_form(request, context, *args, **kwargs)
        now = timezone.now()
        state, text = client_state(client, now=now)
        until = previous_until(client, now=now)
        context |= {
            "client": client,
            "client_chip": state,
            "client_text": text,
            "last_used": ago(used, now=now) if (used := last_used([client]).get(client.pk)) else _t("never"),
            "expires": utc(client.expires_at) if client.expires_at else _t("never"),
            "created": utc(client.created_at),
            "previous_until": utc(until) if until else "",
            "secret_waits": secret_waits(request, client),
            "examples": examples(client, secret=f"<{_t('the secret')}>"),
            "gateway_url": gateway_of(client),
            "lacks_games": lacks_games(client),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    # Saving.

    def save_model(self, request: HttpRequest, obj: ApiClient, form: Any, change: bool) -> None:
        """Store; a new client is given its secret, which the next page shows once."""
        now, actor, terms = timezone.now(), request.user, form.terms()
        if change:
            try:
                obj.oauth = change_client(client=obj, actor=actor, now=now, **terms).oauth  # type: ignore[arg-type]
            except ClientRevoked:  # by somebody else, while the form was filled in
                request._revoked = True  # type: ignore[attr-defined]
            return
        organization = active_organization(request)
        made, secret = create_client(organization=organization, actor=actor, now=now, **terms)  # type: ignore[arg-type]
        obj.pk, obj.oauth, obj.created_at = made.pk, made.oauth, made.created_at
        obj._state.adding = False
        keep_secret(request, obj, secret)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Go to the page that shows the secret, this once."""
        return HttpResponseRedirect(reverse("admin:fulfillment_apiclient_secret", args=[obj.pk]))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Say what was saved, or that it was too late."""
        if getattr(request, "_revoked", False):
            messages.error(request, _t("“%(name)s” was revoked meanwhile: nothing was saved.") % {"name": obj})
            return HttpResponseRedirect(self.page(obj))
        return super().response_change(request, obj)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the deeds."""
        return [
            *(
                path(
                    f"<path:object_id>/{name.replace('_', '-')}/",
                    self.admin_site.admin_view(never_cache(view)),
                    name=f"fulfillment_apiclient_{name}",
                )
                for name, view in self.deed_views().items()
            ),
            *super().get_urls(),
        ]
