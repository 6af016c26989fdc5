"""What can be done with a source: a new address, the end of the old one, taking in a game's name (P1, W1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.admin.address_once import keep_address, take_address
from campaigns.admin.source_header import address_overlaps, instructions
from campaigns.heartbeats.addresses import OVERLAPS, address_state, renew_address
from campaigns.heartbeats.names import LONGEST_NAME, accept_name, names_of
from campaigns.heartbeats.sources import end_previous_address
from campaigns.heartbeats.standing import unknown_game_names
from campaigns.models import HeartbeatSource
from campaigns.watch.reports import comparable
from portal.admin_base import OrganizationAdmin
from portal.admin_words import utc
from portal.organizations import may
from portal.roles import Permission

_OVERLAP_NAMES = dict(
    zip(
        (int(span.total_seconds()) for span in OVERLAPS),
        (_("not at all"), _("1 hour"), _("1 day"), _("7 days")),
        strict=True,
    )
)


class NewAddressForm(forms.Form):
    """How long the address before stays valid; ``seen`` is the state of the page that it was asked on."""

    overlap = forms.TypedChoiceField(
        label=_("The present address stays valid for"),
        choices=list(_OVERLAP_NAMES.items()),
        coerce=int,
        initial=86_400,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Until then both work. If somebody has the address who should not, choose “not at all”."),
    )
    seen = forms.CharField(widget=forms.HiddenInput)


class NameForm(forms.Form):
    """A name that heartbeats give for the game."""

    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        help_text=_("As the field “game” has it. Capital and small letters are the same."),
        widget=UnfoldAdminTextInputWidget,
    )


class SourceDeeds(OrganizationAdmin):
    """The pages of these deeds. What another organization owns does not exist; what the role does not allow is refused."""

    def deed_views(self) -> dict[str, Callable[..., HttpResponse]]:
        """Return the pages by name."""
        return {
            "address": self.address_view,
            "new_address": self.new_address_view,
            "end_address": self.end_address_view,
            "accept_name": self.accept_name_view,
        }

    def address_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show an address that was just made, this once."""
        source = self.mine(request, object_id, Permission.MANAGE)
        address = take_address(request, source, now=timezone.now())
        context = {
            **self.admin_site.each_context(request),
            **instructions(request, source),
            "title": _t("The address of “%(name)s”") % {"name": source.name},
            "address": address,
            "previous_until": utc(source.previous_until) if address_overlaps(source) else "",
            "back": self.page(source),
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/campaigns/source_address.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def new_address_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask how long the present address stays valid, make a new one, and go to the page that shows it."""
        source = self.mine(request, object_id, Permission.MANAGE)
        form = NewAddressForm(request.POST or None, initial={"seen": address_state(source)})
        if request.method == "POST" and form.is_valid():
            self._renew(request, source, form.cleaned_data)
            return HttpResponseRedirect(reverse("admin:campaigns_heartbeatsource_address", args=[source.pk]))
        return self.ask(
            request,
            source,
            title=_t("New address for “%(name)s”") % {"name": source.name},
            text=_t(
                "The source gets a new secret address, which is shown once. Enter it at the sender while the present "
                "one still works; what is sent to an address that is no longer valid is answered with 404 and may be lost."
            ),
            warning=_t(
                "The address before the present one is valid until %(until)s. Making a new one now ends it at once: if "
                "the sender still uses it, change the sender over first."
            )
            % {"until": f"{source.previous_until:%Y-%m-%d %H:%M} UTC"}
            if address_overlaps(source)
            else "",
            button=_t("Make a new address"),
            form=form,
        )

    def _renew(self, request: HttpRequest, source: HeartbeatSource, asked: dict[str, Any]) -> None:
        now = timezone.now()
        address = renew_address(
            source=source,
            seen=asked["seen"],
            keep_previous_for=timedelta(seconds=asked["overlap"]),
            actor=request.user,  # type: ignore[arg-type]
            now=now,
        )
        if address is not None:
            keep_address(request, source, address, now=now)

    def end_address_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then have the address before the present one stop working."""
        source = self.mine(request, object_id, Permission.MANAGE)
        if not address_overlaps(source):
            messages.info(request, _t("Only the present address is valid: there is no old one to end."))
            return HttpResponseRedirect(self.page(source))
        if request.method == "POST":
            end_previous_address(source=source, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
            messages.success(request, _t("The old address no longer works. Only the present one is valid."))
            return HttpResponseRedirect(self.page(source))
        return self.ask(
            request,
            source,
            title=_t("End the old address of “%(name)s”") % {"name": source.name},
            text=_t(
                "The address before the present one stops working within seconds instead of at %(until)s. A sender that "
                "still uses it is answered with 404, and what it sends may be lost."
            )
            % {"until": f"{source.previous_until:%Y-%m-%d %H:%M} UTC"},
            button=_t("End it now"),
            style="drops-button-danger",
        )

    def accept_name_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then make a name one of the game's names and count what was kept under it."""
        source = self.mine(request, object_id, Permission.EDIT_CAMPAIGNS)
        posted = request.method == "POST"
        asked = {"name": request.GET["name"]} if request.GET.get("name") else None
        form = NameForm(request.POST if posted else asked)
        valid = form.is_valid()
        name = form.cleaned_data.get("name", "") if valid else ""
        if posted and valid:
            count = accept_name(game=source.game, name=name, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
            self._told_accepted(request, source, name, count)
            return HttpResponseRedirect(self.page(source))
        known = comparable(name) in map(comparable, names_of(source.game)) if name else False
        kept = sum(one.count for one in unknown_game_names(source) if name and comparable(one.name) == comparable(name))
        return self.ask(
            request,
            source,
            title=_t("A name of %(game)s") % {"game": source.game},
            text=_t(
                "Heartbeats that call the game so then count for it, from every source of this game. Accept a name only "
                "if it means this game and no other."
            ),
            warning=_t("This is one of its names already.") if known else "",
            kept=kept,
            button=_t("Accept this name"),
            form=form,
        )

    def _told_accepted(self, request: HttpRequest, source: HeartbeatSource, name: str, count: int) -> None:
        text = _t("“%(name)s” is a name of %(game)s.") % {"name": name, "game": source.game}
        if count:
            more = ngettext(
                "%(count)s heartbeat that was kept under it is counted now.",
                "%(count)s heartbeats that were kept under it are counted now.",
                count,
            )
            text = f"{text} {more % {'count': f'{count:,}'}}"
        messages.success(request, text)

    # What these pages and the test's share.

    def mine(self, request: HttpRequest, object_id: str, permission: Permission) -> HeartbeatSource:
        """Return the source. Raises ``Http404`` for another organization's, ``PermissionDenied`` by role."""
        source: HeartbeatSource | None = self.get_object(request, object_id)
        if source is None:
            raise Http404
        if not may(request, permission):
            raise PermissionDenied
        return source

    def ask(self, request: HttpRequest, source: HeartbeatSource, **shown: Any) -> HttpResponse:
        """Return the page that says what a deed does, and has the button."""
        context = {
            **self.admin_site.each_context(request),
            **shown,
            "source": source,
            "back": self.page(source),
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/campaigns/source_deed.html", context)

    def page(self, source: HeartbeatSource) -> str:
        """Return the address of a source's page."""
        return reverse("admin:campaigns_heartbeatsource_change", args=[source.pk])
