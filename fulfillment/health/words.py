"""What the facts come to, in sentences: what is so, what it means, and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fulfillment.health.facts import CAP, OrganizationFacts, PlatformFacts
from fulfillment.rules.in_step import Condition, Level, What, of_deliveries, of_platform
from portal.platforms.problems import explain

_Text = str | Promise


@dataclass(frozen=True, slots=True)
class Told:
    """A condition in words. ``sentence`` stands alone; ``means`` says what follows from it and what to do."""

    condition: Condition
    sentence: str
    means: str

    @property
    def level(self) -> Level:
        """How bad it is."""
        return self.condition.level


_LATER = _(
    "Claims that webhooks bring are delivered all the same. What was delivered is told as soon as calls succeed."
)

_TEXTS: Mapping[What, tuple[_Text, _Text]] = {
    What.IN_STEP: (_("%(name)s: all in step."), _("Webhooks, sweeps and calls work, and nothing waits for long.")),
    What.OFF: (
        _("%(name)s: switched off."),
        _("The credential is disabled: webhooks are refused and nothing is read or told. An owner switches it on."),
    ),
    What.NEW: (
        _("%(name)s: nothing heard and nothing asked yet."),
        _(
            "The first sweep begins by itself within minutes, while the worker runs. "
            "A webhook comes with the first claim, once the platform knows the portal's address."
        ),
    ),
    What.REFUSED: (
        _("%(name)s refuses the app. The last call that succeeded: %(since)s."),
        _(
            "Nothing can be read or told until an owner checks client id and client secret of the credential, "
            "with its button Check. Webhooks may still bring claims. No claim is lost."
        ),
    ),
    What.OUTAGE: (
        _("%(name)s does not answer. The last call that succeeded: %(since)s. Failed since in a row: %(count)s."),
        _LATER,
    ),
    What.FAILING: (
        _("%(name)s fails now and then: %(count)s of %(total)s calls in the last hour."),
        _("Each is tried again by itself. Sweeps and messages to the platform take longer."),
    ),
    What.PAUSED: (
        _("%(name)s asked for a pause until %(until)s: no call is made to it before."),
        _("That is how platforms limit calls. All goes on by itself afterwards."),
    ),
    What.SILENT: (
        _(
            "%(name)s: webhooks are silent. The last that brought claims: %(since)s. "
            "The sweep brings them, up to 15 minutes late."
        ),
        _(
            "In the last hour sweeps found %(count)s claims and webhooks brought none. Check that the webhook address stands "
            "in the platform's console and that the event subscriptions are at work."
        ),
    ),
    What.GAPS: (
        _("%(name)s: webhooks miss claims. Of %(total)s in the last hour, the sweep had to find %(count)s."),
        _(
            "They arrive up to 15 minutes late and are delivered. Look whether webhooks were refused; "
            "if not, tell the platform that messages are missing."
        ),
    ),
    What.QUIET: (
        _("%(name)s: no claim has come since %(since)s, though a campaign is live there."),
        _(
            "If nobody claimed anything, that is right: see the platform's console. "
            "No sweep has come to its end lately, which would show it."
        ),
    ),
    What.ENDED: (
        _("%(name)s: %(count)s of %(total)s event subscriptions are not at work, the first since %(since)s."),
        _("They are asked for again by themselves. Until then the sweep brings claims, up to 15 minutes late."),
    ),
    What.SWEEP_LATE: (
        _("%(name)s: no sweep has come to its end since %(since)s."),
        _("Claims that no webhook brings are missing meanwhile. The sweep goes on by itself where it stopped."),
    ),
    What.UNREADABLE: (
        _("%(name)s: lists that the last sweep could not read to their end: %(count)s."),
        _(
            "Claims in them that no webhook brought are missing. All else was read. They are tried again with every sweep; "
            "the platform has to mend them."
        ),
    ),
    What.TOLD_LATE: (
        _("%(name)s is still to be told of %(count)s deliveries, the oldest since %(since)s."),
        _("Its console shows them as not fulfilled until then. Players have their rewards."),
    ),
    What.DOUBTED: (
        _("%(name)s names so few of the linked viewers since %(since)s that the portal does not believe it."),
        _("No link is ended meanwhile. If the platform goes on saying so, somebody has to look at the credential."),
    ),
    What.NO_WORKER: (
        _("No delivery worker is heard from. The last time: %(since)s."),
        _(
            "Nothing is worked out or sent while none runs. Ask whoever operates the portal to start one: manage.py drain."
        ),
    ),
    What.DELIVERED_LATE: (
        _("Deliveries wait: %(count)s, the oldest since %(since)s."),
        _("An endpoint may be paused because it kept failing, or there is more than the workers can send."),
    ),
    What.DELIVERIES_FAIL: (
        _("Deliveries fail: %(count)s of %(total)s in the last hour."),
        _("They are tried again for 28 hours; what the game refused waits for you. See what its backend answered."),
    ),
    What.DELIVERING: (
        _("Deliveries go out as they fall due."),
        _("What a game cannot take at once is tried again by itself."),
    ),
}


def platform_told(one: PlatformFacts, *, now: datetime) -> list[Told]:
    """Return how it stands with a platform, the worst first; the first is the headline."""
    return [told(condition, one.name, one.problem) for condition in of_platform(one, now=now)]


def deliveries_told(facts: OrganizationFacts) -> list[Told]:
    """Return how it stands with deliveries, the worst first."""
    return [told(condition) for condition in of_deliveries(facts)]


def counted(count: int) -> str:
    """Return a count as text; the cap stands for itself and more."""
    return f"{CAP:,}+" if count >= CAP else f"{count:,}"


def moment(at: datetime | None) -> str:
    """Return a time as it stands in sentences."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else str(_("never"))


def told(condition: Condition, name: str = "", problem: str = "") -> Told:
    """Return a condition in words: of the platform of this name, whose last problem this is, or of deliveries."""
    values = {
        "name": name,
        "since": moment(condition.since),
        "until": moment(condition.until),
        "count": counted(condition.count),
        "total": f"{condition.total:,}",
    }
    sentence, means = (str(text) % values for text in _TEXTS[condition.what])
    if condition.what in (What.OUTAGE, What.FAILING):
        happened, _advice = explain(problem)
        means = f"{happened} {means}".strip()
    return Told(condition, sentence, means)
