"""The lines of the health page: each a fact, what it means, how bad it is, and where to go, if the person may go there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from fulfillment.admin.words import ago, chip
from fulfillment.health.facts import OrganizationFacts, PlatformFacts
from fulfillment.health.words import counted
from fulfillment.models import PlatformSubscription, Sweep
from fulfillment.rules.in_step import FAILURES_IN_A_ROW, Level
from portal import platforms
from portal.admin_words import span_between
from portal.organizations import may
from portal.platforms.problems import explain
from portal.roles import Permission

_CHIPS = {
    Level.GOOD: (_("in step"), "check", "drops-chip-ok"),
    Level.OFF: (_("switched off"), "block", ""),
    Level.ATTENTION: (_("needs a look"), "warning", "drops-chip-attention"),
    Level.BAD: (_("broken"), "error", "drops-chip-error"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One fact. ``note`` says what it means; ``links`` are pairs of address and text; ``level`` only where it asks for a look."""

    label: str
    value: str | SafeString
    note: str = ""
    level: Level | None = None
    links: list[tuple[str, str]] = field(default_factory=list)

    @property
    def chip(self) -> SafeString:
        """The level as a chip, nothing where all is well."""
        return level_chip(self.level) if self.level else SafeString("")


def level_chip(level: Level) -> SafeString:
    """Return how bad something is: an icon and words, so that colour alone tells nothing (WCAG 2.2, 1.4.1)."""
    text, icon, style = _CHIPS[level]
    return chip(str(text), icon, style)


def link(request: HttpRequest, permission: Permission, name: str, label: str, *arguments: str) -> list[tuple[str, str]]:
    """Return a page of the admin to go to, or nothing where this person may not."""
    return [(reverse(f"admin:{name}", args=arguments), label)] if may(request, permission) else []


def platform_lines(request: HttpRequest, one: PlatformFacts, running: Sweep | None, *, now: datetime) -> list[Line]:
    """Return what is to be said of a platform, in the order in which one asks on campaign day."""
    has = platforms.get(one.platform)
    lines = [_live(one)]
    if one.sends_claims:
        lines.append(_webhook(request, one, now))
    if has.subscriptions is not None:
        lines.append(_subscriptions(request, one, now))
    if has.claims_api is not None:
        lines += [_sweep(request, one, running, now), _arrivals(one), _calls(request, one, now), _write_back(one, now)]
    if has.get_app_token is not None:
        lines.append(_token(one, now))
    if has.authorizations is not None:
        lines.append(_authorizations(request, one, now))
    if has.reports is not None:
        lines.append(_grant(request, one))
    return lines


def _live(one: PlatformFacts) -> Line:
    names = format_html_join(
        ", ",
        '<a href="{}">{}</a>',
        [(reverse("admin:campaigns_campaign_change", args=[campaign.id]), campaign.name) for campaign in one.live],
    )
    return Line(label=_t("Live now"), value=names or _t("no campaign that the platform counts"))


def _webhook(request: HttpRequest, one: PlatformFacts, now: datetime) -> Line:
    day = {"taken": f"{one.webhooks_taken:,}", "refused": f"{one.webhooks_refused:,}"}
    note = _t("In the last day %(taken)s messages were taken in and %(refused)s refused.") % day
    if one.webhook_at is None:
        hint = str(platforms.get(one.platform).check_hints.get("webhook", ""))
        note = " ".join(filter(None, [_t("None has come yet: one comes with the first claim."), hint]))
    elif one.claims_webhook_at != one.webhook_at:
        note += " " + _t("The last with claims: %(when)s.") % {"when": _when(one.claims_webhook_at, now)}
    if one.webhooks_refused:
        note += " " + _t("Refused ones store nothing: a wrong secret, or a forger.")
    return Line(
        label=_t("Last webhook"),
        value=ago(one.webhook_at, now=now) if one.webhook_at else _t("never"),
        note=note,
        level=Level.ATTENTION if one.webhooks_refused > one.webhooks_taken else None,
        links=link(
            request, Permission.SEE_CAMPAIGNS, "fulfillment_webhooktally_changelist", _t("Webhooks by the hour")
        ),
    )


def _subscriptions(request: HttpRequest, one: PlatformFacts, now: datetime) -> Line:
    states = [
        f"{one.subscriptions[state]:,} {label}"
        for state, label in PlatformSubscription.State.choices
        if one.subscriptions.get(state)
    ]
    since = one.subscription_ended_at
    note = _t("The portal asks the platform for those it needs, watches them and renews them by itself.")
    if since is not None:
        note = _t(
            "One has been waiting for %(span)s. It is asked for again by itself; the sweep brings claims meanwhile."
        )
        note %= {"span": span_between(since, now)}
    not_at_work = sum(one.subscriptions.values()) - one.subscriptions.get(PlatformSubscription.State.ENABLED, 0)
    return Line(
        label=_t("Event subscriptions"),
        value=", ".join(states) or _t("none needed so far"),
        note=note,
        level=Level.ATTENTION if not_at_work else None,
        links=link(request, Permission.SEE_CAMPAIGNS, "fulfillment_platformsubscription_changelist", _t("All of them")),
    )


def _sweep(request: HttpRequest, one: PlatformFacts, running: Sweep | None, now: datetime) -> Line:
    value = ago(one.sweep_at, now=now) if one.sweep_at else _t("none has come to its end yet")
    told = [_progress(running, now)] if running is not None else []
    if one.sweep_next_at is not None:
        told.append(_t("The next begins %(when)s.") % {"when": _when(max(one.sweep_next_at, now), now)})
    if one.unreadable:
        text = ngettext(
            "%(count)s list could not be read to its end.",
            "%(count)s lists could not be read to their end.",
            one.unreadable,
        )
        told.append(text % {"count": f"{one.unreadable:,}"})
    if one.sweep_problem:
        told.append(explain(one.sweep_problem)[0])
    if one.read_back_until is not None:
        text = _t("Deliveries told before %(when)s were found in its list: it does not confirm them when it is told.")
        told.append(text % {"when": f"{one.read_back_until:%Y-%m-%d %H:%M} UTC"})
    return Line(
        label=_t("Last sweep"),
        value=value,
        note=" ".join(told),
        level=Level.ATTENTION if one.unreadable or one.sweep_problem else None,
        links=link(request, Permission.SEE_CAMPAIGNS, "fulfillment_sweep_changelist", _t("All sweeps")),
    )


def _progress(running: Sweep, now: datetime) -> str:
    text = _t(
        "One runs, begun %(when)s: %(pages)s pages read, %(listed)s claims listed, %(found)s found that no webhook brought."
    )
    return text % {
        "when": _when(running.started_at, now),
        "pages": f"{running.pages:,}",
        "listed": f"{running.listed:,}",
        "found": f"{running.found:,}",
    }


def _arrivals(one: PlatformFacts) -> Line:
    hour = {"webhook": f"{one.by_webhook_hour:,}", "sweep": f"{one.by_sweep_hour:,}"}
    day = {"webhook": f"{one.by_webhook:,}", "sweep": f"{one.by_sweep:,}"}
    return Line(
        label=_t("Claims, last hour"),
        value=_t("%(webhook)s by webhook, %(sweep)s found by sweep") % hour,
        note=_t("In the last day: %(webhook)s by webhook, %(sweep)s found by sweep.") % day,
        level=Level.ATTENTION if one.by_sweep_hour and one.by_sweep_hour * 10 >= one.by_webhook_hour else None,
    )


def _calls(request: HttpRequest, one: PlatformFacts, now: datetime) -> Line:
    counts = {"failed": f"{one.calls_failed:,}", "calls": f"{one.calls:,}"}
    told = [_t("%(failed)s of %(calls)s in the last hour failed.") % counts] if one.calls else []
    if one.failures:
        told += explain(one.problem)
    if one.paused_until is not None and one.paused_until > now:
        told.append(_t("No call is made before %(until)s.") % {"until": f"{one.paused_until:%H:%M} UTC"})
    failing = one.failures >= FAILURES_IN_A_ROW
    value: str | SafeString = _t("none made yet")
    if failing:
        value = _t("the last %(count)s failed") % {"count": f"{one.failures:,}"}
        told.insert(0, _t("The last that succeeded: %(when)s.") % {"when": _when(one.succeeded_at, now)})
    elif one.succeeded_at is not None:
        value = format_html("{} {}", _t("succeed, the last"), ago(one.succeeded_at, now=now))
    page = link(request, Permission.MANAGE, "portal_platformcredential_change", _t("The credential"), one.credential_id)
    return Line(
        label=_t("Calls to the platform"),
        value=value,
        note=" ".join(told),
        level=Level.ATTENTION if failing else None,
        links=page,
    )


def _write_back(one: PlatformFacts, now: datetime) -> Line:
    values = []
    if one.write_backs:
        waits = span_between(one.write_back_oldest or now, now)
        text = _t("%(count)s, the oldest waits for %(span)s")
        values.append(text % {"count": counted(one.write_backs), "span": waits})
    note = _t("Its console shows them as fulfilled once it is told.")
    if one.write_backs_refused:
        values.append(_t("%(count)s refused") % {"count": counted(one.write_backs_refused)})
        note += " " + _t("What it refused it is told again daily: the claims' histories have its answers.")
    return Line(
        label=_t("Deliveries to tell it of"),
        value=", ".join(values) or _t("nothing waits"),
        note=note,
        level=Level.ATTENTION if one.write_backs_refused else None,
    )


def _token(one: PlatformFacts, now: datetime) -> Line:
    value: str | SafeString = _t("none: it is asked for with the next call")
    if one.token_until is not None and one.token_until > now:
        value = format_html("{} {}", _t("good, ends"), ago(one.token_until, now=now))
    return Line(label=_t("App token"), value=value, note=_t("It is renewed by itself."))


def _authorizations(request: HttpRequest, one: PlatformFacts, now: datetime) -> Line:
    value = _t("none seem to have lapsed")
    note = _t("Each linked viewer is asked for about once a day.")
    if one.lapsed:
        value = _t("%(count)s seem to have lapsed") % {"count": counted(one.lapsed)}
        note = _t(
            "They are asked for once more before their links end. The viewers see how to repair it; no claim is lost."
        )
    if one.doubted_since is not None:
        text = _t("For %(span)s the platform has named so few that it is not believed, and no link ends by it.")
        note = text % {"span": span_between(one.doubted_since, now)}
    return Line(
        label=_t("Linked viewers' authorizations"),
        value=value,
        note=note,
        level=Level.ATTENTION if one.lapsed or one.doubted_since else None,
        links=link(request, Permission.SEE_PEOPLE_MASKED, "linking_link_changelist", _t("Links")),
    )


_GRANTS = {
    "none": (
        _("nobody has granted it"),
        _("Without it the platform's own figures are not shown. Nothing else is missing."),
    ),
    "good": (_("granted"), ""),
    "lapsed": (_("lapsed"), _("The platform takes the grant no more: somebody has to grant it anew.")),
}


def _grant(request: HttpRequest, one: PlatformFacts) -> Line:
    value, note = _GRANTS.get(one.grant or "none", _GRANTS["none"])
    return Line(
        label=_t("Leave to read reports"),
        value=str(value),
        note=str(note),
        level=Level.ATTENTION if one.grant == "lapsed" else None,
        links=link(request, Permission.SEE_CAMPAIGNS, "reports", _t("Reports")),
    )


def _when(moment: datetime | None, now: datetime) -> str:
    """Return a time as it stands within a sentence."""
    if moment is None:
        return _t("never")
    if moment > now:
        return _t("in %(span)s") % {"span": span_between(now, moment)}
    return _t("%(span)s ago") % {"span": span_between(moment, now)}


def common_lines(request: HttpRequest, facts: OrganizationFacts) -> Iterator[Line]:
    """Return what is to be said of deliveries."""
    now = facts.now
    deliveries = link(request, Permission.SEE_PEOPLE_MASKED, "fulfillment_delivery_changelist", _t("Deliveries"))
    counts = {"delivered": f"{facts.delivered:,}", "failed": f"{facts.failed:,}"}
    yield Line(
        label=_t("Last hour"),
        value=_t("%(delivered)s taken by the game, %(failed)s attempts failed") % counts,
        note=_t("What failed is tried again for 28 hours."),
        level=Level.ATTENTION if facts.failed > facts.delivered else None,
    )
    due: str | SafeString = _t("none")
    if facts.due:
        due = format_html("{}, {} {}", counted(facts.due), _t("the oldest"), _when(facts.due_oldest, now))
    yield Line(label=_t("Due now"), value=due, links=deliveries)
    yield Line(
        label=_t("Claims to work out"),
        value=counted(facts.received),
        note=_t("Just arrived: worked out within seconds while a worker runs."),
    )
    yield Line(label=_t("Delivery worker"), value=_when(facts.worker_at, now))
