"""*Test with your channel*: a page that leads from linking the own channel to the first credited minute."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.utils import quote
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.admin.games import link_page_address
from campaigns.admin.source_deeds import SourceDeeds
from campaigns.admin.source_header import instructions
from campaigns.heartbeats.checklist import Point, checklist
from campaigns.heartbeats.names import names_of
from campaigns.heartbeats.trying import (
    CHECKLIST_AFTER,
    Account,
    Standing,
    accounts_of_members,
    current_test,
    end_test,
    standing_of,
    start_test,
)
from campaigns.models import HeartbeatSource
from campaigns.watch.explaining import why_not_counted
from portal import platforms
from portal.live import look_again
from portal.roles import Permission

LOOKS_AGAIN_AFTER_SECONDS = 15


class ChannelForm(forms.Form):
    """Which channel is tested: a linked account, or for other ids than registered ones any id."""

    channel = forms.CharField(label=_("Channel"), max_length=200)

    def __init__(self, *args: Any, source: HeartbeatSource, accounts: list[Account], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one.user_id, f"{one.name} ({one.user_id})") for one in accounts]
        if source.identifiers == HeartbeatSource.Identifiers.REGISTERED:
            self.fields["channel"] = forms.ChoiceField(
                label=_("Your channel"), choices=choices, widget=UnfoldAdminSelectWidget
            )
            return
        self.fields["channel"].widget = UnfoldAdminTextInputWidget(attrs={"list": "accounts", "autocomplete": "off"})
        self.fields["channel"].help_text = _("The id that heartbeats give as broadcaster. %(hint)s") % {
            "hint": platforms.get(source.platform).id_hints.get("channel", "")
        }
        if accounts:
            self.initial.setdefault("channel", accounts[0].user_id)

    def clean_channel(self) -> str:
        """Take ids as they are, without blanks around them."""
        return str(self.cleaned_data["channel"]).strip()


class SourceTestPage(SourceDeeds):
    """The page, for those who may edit campaigns. It looks again by itself while something is awaited, until told not to."""

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show how far the test is; begin or end it."""
        source = self.mine(request, object_id, Permission.EDIT_CAMPAIGNS)
        now = timezone.now()
        accounts = accounts_of_members(source)
        begins = request.method == "POST" and "end" not in request.POST
        form = ChannelForm(request.POST if begins else None, source=source, accounts=accounts)
        if request.method == "POST" and not begins:
            end_test(source=source, now=now)
            return HttpResponseRedirect(request.path)
        if begins and form.is_valid():
            start_test(source=source, platform_user_id=form.cleaned_data["channel"], now=now)
            return HttpResponseRedirect(request.path)
        test = current_test(source, now=now)
        standing = standing_of(test, now=now) if test is not None else None
        context = {
            **self.admin_site.each_context(request),
            **_preparing(request, source, accounts, test.platform_user_id if test is not None else "1001"),
            **(_awaiting(standing, accounts, now=now) if standing else {}),
            "title": _t("Test “%(name)s” with your channel") % {"name": source.name},
            "form": form,
            "back": self.page(source),
            "opts": self.opts,
        }
        awaited = standing is not None and not standing.done
        context["looks_again"] = awaited and request.GET.get("updates") != "off"
        context["awaited"] = awaited
        context["seconds"] = LOOKS_AGAIN_AFTER_SECONDS
        response = TemplateResponse(request, "admin/campaigns/source_test.html", context)
        return look_again(response, request, seconds=LOOKS_AGAIN_AFTER_SECONDS) if context["looks_again"] else response


def _preparing(request: HttpRequest, source: HeartbeatSource, accounts: list[Account], channel: str) -> dict[str, Any]:
    """Return what the steps before *I am live* show."""
    platform = platforms.get(source.platform)
    categories = source.game.categories.filter(platform=source.platform)
    return {
        **instructions(request, source, channel=channel),
        "platform": platform,
        "accounts": accounts,
        "link_page": link_page_address(source.game),
        "categories": list(categories.values_list("platform_category_id", flat=True)),
        "game_names": names_of(source.game),
    }


def _awaiting(standing: Standing, accounts: list[Account], *, now: datetime) -> dict[str, Any]:
    """Return what the steps after *I am live* show."""
    test = standing.test
    named = next((one.name for one in accounts if one.user_id == test.platform_user_id), "")
    late = standing.first is None and now - test.started_at >= CHECKLIST_AFTER
    why = why_not_counted(standing.latest, now=now) if standing.latest is not None and not standing.counted else []
    return {
        "standing": standing,
        "test": test,
        "channel_name": named or test.platform_user_id,
        "waiting_for": timesince(test.started_at, now, depth=1),
        "came_after": timesince(test.started_at, standing.first.received_at, depth=1) if standing.first else "",
        "points": [_shown(point) for point in checklist(standing, now=now)] if late else [],
        "reasons": why,
    }


def _shown(point: Point) -> tuple[Point, str]:
    return point, _page_of(point.obj)


def _page_of(obj: models.Model | None) -> str:
    if obj is None:
        return ""
    try:
        return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[quote(obj.pk)])
    except NoReverseMatch:
        return ""
