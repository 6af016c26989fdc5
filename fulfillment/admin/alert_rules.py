"""What is watched: every rule of alerts with its threshold, muted or not, its state now, and its example to try (S1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldBooleanSwitchWidget

from fulfillment.admin.alert_words import MUTES, muted_text, problem_of_test, unit_name
from fulfillment.admin.alerts import mute_end
from fulfillment.admin.menu import ALERTS
from fulfillment.admin.words import chip
from fulfillment.alerts.trying import Tried, channels_of, try_rule
from fulfillment.alerts.watched import Watched, mute_rule, set_rule, watched_by
from fulfillment.alerts.wording import happened
from fulfillment.models import Alert, AlertRule
from fulfillment.rules.alerts import MOST, RULES, Rule, Unit, example_of
from portal.admin_base import ReadOnlyAdmin
from portal.models import Organization
from portal.organizations import active_organization, may
from portal.roles import Permission

TRY_SECONDS = 15.0
"""So long the page that tries a rule takes at most, but for the last call; channels beyond are not tried."""


class RulesForm(forms.Form):
    """Whether each rule is watched, and its threshold; an empty one is the default."""

    def __init__(self, *args: Any, watched: dict[str, Watched], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, one in watched.items():
            title = one.rule.title
            self.fields[f"watched_{key}"] = forms.BooleanField(
                required=False,
                initial=one.enabled,
                label=_("Watch: %(title)s") % {"title": title},
                widget=UnfoldBooleanSwitchWidget,
            )
            if one.rule.unit is not Unit.NONE:
                self.fields[f"threshold_{key}"] = forms.IntegerField(
                    required=False,
                    min_value=1,
                    max_value=MOST[one.rule.unit],
                    initial=one.threshold,
                    label=_("Threshold in %(unit)s: %(title)s") % {"unit": unit_name(one.rule), "title": title},
                    widget=UnfoldAdminIntegerFieldWidget,
                )
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = str(field.label)

    def save(self, *, organization: Organization, actor: Any, now: datetime) -> int:
        """Store what differs and return how many rules that were."""
        return sum(
            set_rule(
                organization=organization,
                rule=rule,
                enabled=self.cleaned_data[f"watched_{key}"],
                threshold=self.cleaned_data.get(f"threshold_{key}"),
                actor=actor,
                now=now,
            )
            for key, rule in RULES.items()
        )


@admin.register(AlertRule)
class AlertRuleAdmin(ReadOnlyAdmin):
    """All rules in one table, and a page for each to mute and try it."""

    beyond_games = True
    menu_icon = "rule_settings"
    menu_order = 57
    menu_group = ALERTS
    view_permission = Permission.SEE_CAMPAIGNS

    def get_urls(self) -> list[URLPattern]:
        """Replace the pages of rows by pages of rules: most rules have no row."""
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="fulfillment_alertrule_changelist"),
            path("<slug:key>/", wrap(self.rule_view), name="fulfillment_alertrule_rule"),
            path("<slug:key>/mute/", wrap(self.mute_view), name="fulfillment_alertrule_mute"),
            path("<slug:key>/try/", wrap(self.try_view), name="fulfillment_alertrule_try"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the table, and store what an owner changed in it."""
        organization = self._organization(request)
        watched, now = watched_by(organization.pk), timezone.now()
        manages = may(request, Permission.MANAGE)
        form = RulesForm(request.POST if request.method == "POST" else None, watched=watched)
        if request.method == "POST":
            if not manages:
                raise PermissionDenied
            if form.is_valid():
                changed = form.save(organization=organization, actor=request.user, now=now)
                text = ngettext("%(n)d rule was changed.", "%(n)d rules were changed.", changed) % {"n": changed}
                messages.success(request, text if changed else _t("Nothing was changed."))
                return HttpResponseRedirect(reverse("admin:fulfillment_alertrule_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": _t("What is watched"),
            "subtitle": None,
            "opts": self.opts,
            "form": form,
            "rows": _rows(form, watched, _open_alerts(organization), now=now),
            "may_manage": manages,
            "back": reverse("admin:fulfillment_alert_changelist"),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/fulfillment/alert_rules.html", context)

    def rule_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Show one rule: what it watches, whom it tells, and an example of what it says."""
        return self._rule_page(request, self._organization(request), _rule(key))

    def mute_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Mute or unmute a rule. Only by pressing a button on its page."""
        organization, rule = self._organization(request), _rule(key)
        if not may(request, Permission.MEND):
            raise PermissionDenied
        if request.method == "POST":
            if request.POST.get("for") == "over":
                raise Http404
            now, actor = timezone.now(), request.user
            until = mute_end(request, now=now)
            mute_rule(organization=organization, rule=rule, until=until, actor=actor, now=now)  # type: ignore[arg-type]
            text = _t("It is muted: nobody is told. It is still watched, and shown among the alerts.")
            messages.success(request, text if until else _t("It is not muted any more."))
        return HttpResponseRedirect(reverse("admin:fulfillment_alertrule_rule", args=[key]))

    def try_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Send a rule's example to every channel that would get it, and show what came of it."""
        organization, rule = self._organization(request), _rule(key)
        if not may(request, Permission.MANAGE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:fulfillment_alertrule_rule", args=[key]))
        actor: Any = request.user
        tried = try_rule(organization=organization, rule=rule, actor=actor, clock=timezone.now, seconds=TRY_SECONDS)
        return self._rule_page(request, organization, rule, tried=[outcome_shown(one) for one in tried], was_tried=True)

    def _rule_page(self, request: HttpRequest, organization: Organization, rule: Rule, **shown: Any) -> HttpResponse:
        now = timezone.now()
        one = watched_by(organization.pk)[rule.key]
        open_now = _open_alerts(organization).get(rule.key, 0)
        context = {
            **self.admin_site.each_context(request),
            "title": str(rule.title),
            "subtitle": None,
            "opts": self.opts,
            "rule": rule,
            "chip": _state(one, open_now),
            "threshold": f"{one.threshold:,} {unit_name(rule)}" if rule.unit is not Unit.NONE else "",
            "open_url": _alerts_url(rule) if open_now else "",
            "muted": muted_text(one.muted_until, now=now),
            "mutes": [(key, label) for key, (label, span) in MUTES.items() if span],
            "example": happened(example_of(rule, now=now).facts),
            "channels": channels_of(organization, rule, now=now),
            "may_mend": may(request, Permission.MEND),
            "may_manage": may(request, Permission.MANAGE),
            "back": reverse("admin:fulfillment_alertrule_changelist"),
            **shown,
        }
        return TemplateResponse(request, "admin/fulfillment/alert_rule.html", context)

    def _organization(self, request: HttpRequest) -> Organization:
        organization = active_organization(request)
        if organization is None or not self.has_view_permission(request):
            raise PermissionDenied
        return organization


def outcome_shown(tried: Tried) -> dict[str, str]:
    """Return what came of trying a channel, in words, with the kind of note that shows it."""
    if tried.outcome is None:
        text, kind = _t("Not tried: there was no time left. Try it on the channel's own page."), "attention"
    elif tried.outcome.problem:
        text, kind = problem_of_test(tried.outcome.problem), "error"
    else:
        text, kind = _t("It arrived: whoever reads this channel has the test message now."), "ok"
    return {"channel": tried.channel.name, "text": text, "kind": kind}


def _rule(key: str) -> Rule:
    if key not in RULES:
        raise Http404
    return RULES[key]


def _open_alerts(organization: Organization) -> dict[str, int]:
    rows = Alert.objects.filter(organization=organization, closed_at=None).order_by().values_list("rule")
    return dict(rows.annotate(number=Count("pk")))


def _state(one: Watched, open_now: int) -> SafeString:
    if open_now:
        return chip(ngettext("%(n)d open", "%(n)d open", open_now) % {"n": open_now}, "error", "drops-chip-error")
    if not one.enabled:
        return chip(_t("not watched"), "visibility_off", "drops-chip-attention")
    return chip(_t("nothing wrong"), "check", "drops-chip-ok")


def _alerts_url(rule: Rule) -> str:
    return f"{reverse('admin:fulfillment_alert_changelist')}?state=open&alert={rule.key}"


def _rows(
    form: RulesForm, watched: dict[str, Watched], open_alerts: dict[str, int], *, now: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "rule": one.rule,
            "watched": form[f"watched_{key}"],
            "threshold": form[f"threshold_{key}"] if f"threshold_{key}" in form.fields else None,
            "unit": unit_name(one.rule),
            "default": f"{one.rule.default:,}",
            "chip": _state(one, open_alerts.get(key, 0)),
            "open_url": _alerts_url(one.rule) if open_alerts.get(key) else "",
            "muted": muted_text(one.muted_until, now=now),
            "page": reverse("admin:fulfillment_alertrule_rule", args=[key]),
        }
        for key, one in watched.items()
    ]
