"""The pages of rewards (R1, R2)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from campaigns.hooks import call_claims_may_resolve
from campaigns.models import Reward, RewardPlatformId
from portal import platforms
from portal.admin_base import PortalTabularInline, display
from portal.admin_deletion import PlainDeletion
from portal.admin_filters import ScopedRelatedFilter
from portal.admin_forms import OrganizationForm
from portal.fields import image_notices, rendition_url


class PlatformIdForm(OrganizationForm):
    """A reward's id on one platform; the organization is the reward's."""

    def offered_platforms(self) -> list[tuple[str, str]]:
        """Return the platforms that have ids of their own."""
        return [(p.key, p.name) for p in platforms.registry.values() if p.sends_claims]


class PlatformIdInline(PortalTabularInline):
    """What the platforms call the reward."""

    model = RewardPlatformId
    form = PlatformIdForm
    fields = ("platform", "platform_reward_id")
    template_before = "admin/campaigns/reward_hints.html"

    def hints(self) -> list[tuple[str, str | Promise]]:
        """Say for each platform where its id is found."""
        return platforms.id_hints("reward")


@admin.register(Reward)
class RewardAdmin(PlainDeletion):
    """Rewards of the organization's games."""

    menu_icon = "redeem"
    menu_order = 20
    form = OrganizationForm
    inlines = (PlatformIdInline,)
    list_display = ("picture", "name", "game", "external_id", "ids_there")
    list_display_links = ("picture", "name")
    list_filter = (("game", ScopedRelatedFilter),)
    search_fields = ("name", "external_id", "platform_ids__platform_reward_id")
    ordering = ("name", "id")
    fields = ("game", "name", "description", "image", "alt_text", "external_id")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return rewards with what the list shows of them."""
        return super().get_queryset(request).select_related("game").prefetch_related("platform_ids")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Fix the game once the reward exists: campaigns and claims stand on it."""
        return ["game"] if obj else []

    @display(description=_("image"))
    def picture(self, reward: Reward) -> str | SafeString:
        """The image in a 40×40 slot (R2)."""
        if not reward.image:
            return format_html('<span class="drops-chip drops-chip-attention">{}</span>', _("no image"))
        return format_html(
            '<img class="drops-thumb" src="{}" alt="{}" width="40" height="40">',
            rendition_url(reward.image),
            reward.alt_text,
        )

    @display(description=_("ids on platforms"))
    def ids_there(self, reward: Reward) -> str:
        """The ids on all platforms."""
        rows = sorted(reward.platform_ids.all(), key=lambda row: row.platform)
        return ", ".join(f"{platforms.get(row.platform).name} {row.platform_reward_id}" for row in rows) or "–"

    def save_model(self, request: HttpRequest, obj: Reward, form: Any, change: bool) -> None:
        """Store, and tell what of the image was left out."""
        super().save_model(request, obj, form, change)
        for notice in image_notices(form):
            messages.warning(request, str(notice))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store the ids; claims that wait for this mapping are looked at again (F2)."""
        super().save_related(request, form, formsets, change)
        if "external_id" in form.changed_data:
            call_claims_may_resolve(organization_id=form.instance.game.organization_id)
            return
        for row in _touched(formsets):
            call_claims_may_resolve(
                organization_id=form.instance.game.organization_id, platform_reward_id=row.platform_reward_id
            )


def _touched(formsets: Any) -> list[RewardPlatformId]:
    rows = []
    for formset in formsets:
        rows += [*formset.new_objects, *(row for row, _fields in formset.changed_objects)]
    return rows
