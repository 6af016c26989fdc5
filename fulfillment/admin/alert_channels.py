"""Who is told of alerts: e-mail addresses and chats, owners only. The address of a chat's webhook is never shown again (S2)."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
)

from fulfillment.admin.alert_rules import outcome_shown
from fulfillment.admin.alert_words import MUTES, message_state, muted_text, problem_text, rules_told
from fulfillment.admin.alerts import mute_end
from fulfillment.admin.menu import ALERTS
from fulfillment.admin.words import ago, chip, utc
from fulfillment.alerts.muting import channel_set_right, mute_channel
from fulfillment.alerts.trying import Tried, send_test
from fulfillment.alerts.wording import title_of
from fulfillment.models import AlertChannel
from fulfillment.rules.alerts import RULES
from portal import audit
from portal.admin_base import OrganizationAdmin, display
from portal.admin_forms import OrganizationForm
from portal.http import validate_outbound_url
from portal.roles import Permission

Kind = AlertChannel.Kind
_MESSAGES_SHOWN = 20
_OF_THE_SENDER = ("not_before", "sent_at", "failed_at", "problem", "muted_until")
"""The columns that others write: a form that was open meanwhile must not turn them back."""


class ChannelForm(OrganizationForm):
    """The form of a channel. It has a field for each kind of address, of which one counts."""

    email = forms.EmailField(
        label=_("E-mail address"),
        required=False,
        max_length=254,
        help_text=_("For the kind e-mail. Anybody who reads it sees the alerts."),
        widget=UnfoldAdminEmailInputWidget,
    )
    webhook = forms.CharField(
        label=_("Webhook address"),
        required=False,
        strip=True,
        validators=[validate_outbound_url],
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )
    rules = forms.MultipleChoiceField(
        label=_("Only these alerts"), required=False, help_text=_("None chosen: all, also those that come to be later.")
    )

    class Meta:
        model = AlertChannel
        fields: ClassVar = ["name", "kind", "enabled", "rules"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = self.instance.address
        if self.instance.pk and self.instance.kind == Kind.EMAIL:
            self.initial.setdefault("email", self.stored)
        if "webhook" in self.fields:
            state = _("Set. Leave empty to keep it.") if self.stored else _("For the kinds of chats.")
            text = _("It begins with https:// and is as good as a key: it is never shown again.")
            self.fields["webhook"].help_text = f"{state} {text}"
        if "rules" in self.fields:
            field: Any = self.fields["rules"]
            field.widget = UnfoldAdminCheckboxSelectMultipleWidget()
            field.choices = [
                (key, format_html('<span class="drops-option">{}</span>', rule.title)) for key, rule in RULES.items()
            ]

    def clean(self) -> dict[str, Any]:
        """Ask for the address that the kind needs."""
        cleaned = super().clean() or self.cleaned_data
        name = "email" if (cleaned.get("kind") or self.instance.kind) == Kind.EMAIL else "webhook"
        if name in self.errors:
            return cleaned
        keeps = name == "webhook" and self.stored
        if not cleaned.get(name) and not keeps:
            self.add_error(name, _("This kind of channel needs this address."))
        cleaned["address"] = cleaned.get(name) or self.stored
        return cleaned

    def complete_instance(self) -> None:
        """Store the address that counts."""
        self.instance.address = self.cleaned_data["address"]

    def is_replaced(self) -> bool:
        """Whether a channel that was there has another address now."""
        return bool(self.stored) and self.instance.address != self.stored


@admin.register(AlertChannel)
class AlertChannelAdmin(OrganizationAdmin):
    """Whom to tell of what, with a test for each."""

    menu_icon = "campaign"
    menu_order = 58
    menu_group = ALERTS
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    form = ChannelForm
    list_display = ("name", "kind", "where", "told_of", "state_now", "reached")
    list_before_template = "admin/fulfillment/alert_channels_header.html"
    change_form_outer_before_template = "admin/fulfillment/alert_channel_state.html"
    ordering = ("name", "pk")
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the test, and muting."""
        wrap = self.admin_site.admin_view
        return [
            path("<str:object_id>/test/", wrap(self.test_view), name="fulfillment_alertchannel_test"),
            path("<str:object_id>/mute/", wrap(self.mute_view), name="fulfillment_alertchannel_mute"),
            *super().get_urls(),
        ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Ask for the address that the kind has; for either while it is still to be chosen."""
        addresses = ["email", "webhook"] if obj is None else ["email" if obj.kind == Kind.EMAIL else "webhook"]
        return ["name", "kind", *addresses, "enabled", "rules"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Fix the kind once the channel exists: another kind is another channel."""
        return ["kind"] if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form class. Its addresses are no columns, so Django is not to look for them among these."""
        columns = [name for name in self.get_fields(request, obj) if name not in ("email", "webhook")]
        kwargs["fields"] = [name for name in columns if name not in self.get_readonly_fields(request, obj)]
        form = super().get_form(request, obj, change=change, **kwargs)
        for name in {"email", "webhook"} - set(self.get_fields(request, obj)):
            form.base_fields.pop(name, None)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Suggest the owner's own address: it is what most begin with."""
        return {"name": _t("Owners"), "kind": Kind.EMAIL, "email": getattr(request.user, "email", "")}

    def save_model(self, request: HttpRequest, obj: AlertChannel, form: Any, change: bool) -> None:
        """Store. At another address, what is open and was given up is told anew."""
        if change:
            obj.refresh_from_db(fields=_OF_THE_SENDER)
        super().save_model(request, obj, form, change)
        if change and form.is_replaced():
            hidden = {"address": audit.SECRET}
            self._record(request, "replaced address of channel", obj, obj, hidden, {"address": f"{audit.SECRET} (new)"})
        if change and (form.is_replaced() or "enabled" in form.changed_data):
            channel_set_right(channel=obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add how the channel does, and what it was told last."""
        channel: Any = context.get("original")
        if channel is not None:
            context |= {"channel": channel, **_state_of(channel)}
        return super().render_change_form(request, context, *args, **kwargs)

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then send an example and show what came of it."""
        channel = self._mine(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Send a test"),
            "opts": self.opts,
            "channel": channel,
            "back": reverse("admin:fulfillment_alertchannel_change", args=[channel.pk]),
        }
        if request.method == "POST":
            actor: Any = request.user
            outcome = send_test(channel=channel, actor=actor, clock=timezone.now)
            context["tried"] = [outcome_shown(Tried(channel, outcome))]
        return TemplateResponse(request, "admin/fulfillment/alert_channel_test.html", context)

    def mute_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Mute or unmute a channel. Only by pressing a button on its page."""
        channel = self._mine(request, object_id)
        if request.method == "POST":
            if request.POST.get("for") == "over":
                raise Http404
            now = timezone.now()
            until = mute_end(request, now=now)
            mute_channel(channel=channel, until=until, actor=request.user, now=now)  # type: ignore[arg-type]
            messages.success(request, _t("It is told nothing for a while.") if until else _t("It is told again."))
        return HttpResponseRedirect(reverse("admin:fulfillment_alertchannel_change", args=[channel.pk]))

    def _mine(self, request: HttpRequest, object_id: str) -> AlertChannel:
        channel: AlertChannel | None = self.get_object(request, object_id)
        if channel is None:
            raise Http404
        if not self.has_change_permission(request, channel):
            raise PermissionDenied
        return channel

    # Columns.

    @display(description=_("address"))
    def where(self, channel: AlertChannel) -> str:
        """An e-mail address; of a webhook only that it is set."""
        return channel.address if channel.kind == Kind.EMAIL else _t("set")

    @display(description=_("told of"))
    def told_of(self, channel: AlertChannel) -> str:
        """Which alerts it is told of."""
        return rules_told(channel.rules)

    @display(description=_("state"))
    def state_now(self, channel: AlertChannel) -> SafeString:
        """How it does, as icon and word."""
        return _chip(channel)

    @display(description=_("last reached"))
    def reached(self, channel: AlertChannel) -> SafeString | str:
        """When a message last arrived."""
        return ago(channel.sent_at)


def _chip(channel: AlertChannel) -> SafeString:
    if not channel.enabled:
        return chip(_t("switched off"), "block", "drops-chip-attention")
    if channel.problem:
        return chip(_t("not reached"), "error", "drops-chip-error")
    if muted_text(channel.muted_until, now=timezone.now()):
        return chip(_t("muted"), "notifications_off", "drops-chip-attention")
    if channel.sent_at is None:
        return chip(_t("not tried yet"), "help")
    return chip(_t("at work"), "check", "drops-chip-ok")


def _state_of(channel: AlertChannel) -> dict[str, Any]:
    now = timezone.now()
    rows = channel.messages.select_related("alert").order_by("-pk")[:_MESSAGES_SHOWN]
    return {
        "state_chip": _chip(channel),
        "problem": problem_text(channel.problem),
        "reached": ago(channel.sent_at),
        "failed": ago(channel.failed_at),
        "muted": muted_text(channel.muted_until, now=now),
        "mutes": [(key, label) for key, (label, span) in MUTES.items() if span],
        "told": [
            {
                "about": message.get_about_display(),
                "alert": title_of(message.alert.rule) if message.alert else "",
                "url": reverse("admin:fulfillment_alert_change", args=[message.alert_id]) if message.alert else "",
                "when": utc(message.sent_at or message.created_at),
                "state": message_state(message, now=now),
                "problem": problem_text(message.problem),
            }
            for message in rows
        ],
    }
