"""The pages of games: name, looks, categories on the platforms, other names."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.admin.campaign_forms import DistinctFormSet
from campaigns.heartbeats.names import count_named, names_of
from campaigns.hooks import call_claims_may_resolve
from campaigns.models import Game, GameCategory, GameName
from portal import platforms
from portal.admin_base import PortalTabularInline, display
from portal.admin_deletion import PlainDeletion
from portal.admin_forms import OrganizationForm
from portal.fields import image_notices
from portal.roles import Permission


class CategoryForm(OrganizationForm):
    """The id of a game's category on one platform."""

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot be such an id. What stands there since before is left alone, so that the rest can be saved."""
        cleaned = super().clean() or self.cleaned_data
        key, entered = cleaned.get("platform"), cleaned.get("platform_category_id", "")
        found = platforms.unlike_id(key, "category", entered) if key else None
        if found is not None and self.has_changed():
            self.add_error("platform_category_id", str(found))
        return cleaned


class CategoryInline(PortalTabularInline):
    """What the platforms call the game."""

    model = GameCategory
    form = CategoryForm
    fields = ("platform", "platform_category_id")
    template_before = "admin/campaigns/category_hints.html"

    def hints(self) -> list[tuple[str, str | Promise]]:
        """Say for each platform where its id is found."""
        return platforms.id_hints("category")


class NameFormSet(DistinctFormSet):
    """The other names of one game."""

    distinct = ("name",)


class NameInline(PortalTabularInline):
    """Names that heartbeat sources give for the game (W1)."""

    model = GameName
    formset = NameFormSet
    fields = ("name",)


@admin.register(Game)
class GameAdmin(PlainDeletion):
    """Games. Other apps add their lists to ``inlines`` (how players sign in)."""

    menu_icon = "sports_esports"
    menu_order = 30
    view_permission = Permission.SEE_CAMPAIGNS
    form = OrganizationForm
    inlines: list[Any] = [CategoryInline, NameInline]
    list_display = ("logo_small", "name", "link_page_short", "category_ids")
    list_display_links = ("name",)
    search_fields = ("name", "slug", "categories__platform_category_id")
    ordering = ("name",)
    readonly_fields = ("link_page", "id_for_servers")
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "slug", "link_page", "website", "support_url")}),
        (_("Looks of the link page"), {"fields": ("logo", "art", "accent_color")}),
        (
            _("Told to players, and rules"),
            {
                "fields": ("where_rewards_arrive", "usual_delivery", "relink_cool_down_hours", "taken_over_at"),
                "description": _(
                    "“Taken over at” is for a game whose rewards another program delivered before: when the portal took "
                    "over from it. Leave it empty otherwise."
                ),
            },
        ),
        (
            _("Game state"),
            {
                "fields": ("id_for_servers", "game_state_idle_seconds", "record_game_state"),
                "description": _(
                    "For games whose servers tell the portal what happens in a match, so that game events earn rewards. "
                    "Which API client may do so is allowed on the client's page. A connection that is silent for longer "
                    "than is set here is closed; the server may connect again. While recording is on, all that a server "
                    "sends is kept, which may name players: switch it on to try game events, and off again."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return games with what the list shows of them."""
        return super().get_queryset(request).select_related("organization").prefetch_related("categories")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for a new game's take-over time later: it is for games whose rewards another program delivered before."""
        shown = super().get_fieldsets(request, obj)
        if obj is not None:
            return shown
        late = "taken_over_at"
        return [
            (title, {"fields": [name for name in options["fields"] if name != late]})
            if late in options["fields"]
            else (title, options)
            for title, options in shown
        ]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """Propose a short name only for a new game: a link page's address must not change by itself."""
        if obj or not self.has_add_permission(request):
            return {}
        return super().get_prepopulated_fields(request, obj)

    @display(description=_("logo"))
    def logo_small(self, game: Game) -> str | SafeString:
        """The logo."""
        if not game.logo:
            return "–"
        return format_html('<img class="drops-thumb" src="{}" alt="" width="40" height="40">', game.logo.url)

    @display(description=_("link page"))
    def link_page(self, game: Game) -> str | SafeString:
        """The address of the page on which players link their accounts, to copy."""
        address = link_page_address(game)
        return format_html('<code class="drops-copy">{}</code>', address) if address else _t("Shown once it is saved.")

    @display(description=_("link page"))
    def link_page_short(self, game: Game) -> str | SafeString:
        """A link to that page."""
        address = link_page_address(game)
        return format_html('<a href="{}">{}</a>', address, game.slug) if address else "–"

    @display(description=_("id for game servers"))
    def id_for_servers(self, game: Game) -> str | SafeString:
        """What a game's server names the game by when it connects, to copy."""
        if game._state.adding:
            return _t("Shown once it is saved.")
        return format_html('<code class="drops-copy">{}</code>', game.pk)

    @display(description=_("categories"))
    def category_ids(self, game: Game) -> str:
        """The category ids on all platforms."""
        rows = sorted(game.categories.all(), key=lambda row: row.pk)
        return ", ".join(f"{platforms.get(row.platform).name} {row.platform_category_id}" for row in rows) or "–"

    def save_model(self, request: HttpRequest, obj: Game, form: Any, change: bool) -> None:
        """Store, and tell what of an image was left out."""
        super().save_model(request, obj, form, change)
        for notice in image_notices(form):
            messages.warning(request, str(notice))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store the lists; claims and heartbeats that what has changed could matter to are looked at again."""
        super().save_related(request, form, formsets, change)
        if change and (
            "name" in form.changed_data or any(isinstance(f, NameFormSet) and f.has_changed() for f in formsets)
        ):
            count_named(game=form.instance, names=names_of(form.instance), now=timezone.now())
        if change and ("taken_over_at" in form.changed_data or any(formset.has_changed() for formset in formsets)):
            call_claims_may_resolve(organization_id=form.instance.organization_id)


def link_page_address(game: Game) -> str:
    """Return the address of a game's link page; empty as long as the game is not stored."""
    if game._state.adding:
        return ""
    try:
        path = reverse("connect_game", args=[game.organization.slug, game.slug])
    except NoReverseMatch:
        return ""
    return f"{settings.BASE_URL}{path}"
