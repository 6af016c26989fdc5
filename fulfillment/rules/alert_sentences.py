"""What an alert says happened: one sentence for each case, made from the facts that are kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fulfillment.health.facts import CAP
from portal.sentences import Sentence

TIMES = frozenset({"since", "until"})
"""The facts that are times, kept as ISO 8601."""

CAPPED = frozenset({"count", "claims"})
"""The facts that are counted to a cap."""

UNKNOWN = "–"

CASES: Mapping[str, Promise] = {
    "silence": _(
        "No message of %(name)s has brought a claim since %(since)s, though it counts a campaign that is live: %(campaigns)s."
    ),
    "revoked": _(
        "Event subscriptions at %(name)s that should be at work and are not: %(count)s, the first since %(since)s."
    ),
    "sweep_gap": _(
        "Within an hour, %(percent)s %% of the claims from %(name)s came only by the sweep: %(found)s of %(all)s."
    ),
    "sweep_late": _("No sweep of %(name)s has come to its end since %(since)s."),
    "sweep_unreadable": _("The last sweep of %(name)s could not read all lists to their end. Unreadable: %(count)s."),
    "failure_rate": _("Within an hour, %(percent)s %% of the deliveries failed: %(failed)s of %(all)s."),
    "api_failing": _("All calls to %(name)s have failed since %(since)s. In a row: %(count)s."),
    "api_never": _("No call to %(name)s has succeeded yet. Failed in a row: %(count)s."),
    "api_paused": _("%(name)s has asked for a pause: no call is made to it before %(until)s."),
    "unmapped_reward": _(
        "Claims from %(name)s name a reward that the portal does not know, %(platform_id)s. "
        "So far: %(claims)s, the first at %(since)s."
    ),
    "unmapped_campaign": _(
        "Claims from %(name)s name a campaign that the portal does not know, %(platform_id)s. "
        "So far: %(claims)s, the first at %(since)s."
    ),
    "not_live_draft": _("%(campaign)s was to begin at %(since)s, but is still a draft."),
    "not_live_organization": _("%(campaign)s should be live, but the organization is not enabled."),
    "not_live_credential": _("%(campaign)s is live, but there is no credential for %(name)s that is switched on."),
    "not_live_endpoint": _("%(campaign)s is live, but its game has no endpoint that is switched on."),
    "not_live_paused": _("%(campaign)s is live, but its deliveries are paused."),
    "codes_low": _("The pool of codes %(pool)s runs low. Free codes left: %(count)s."),
    "codes_empty": _("The pool of codes %(pool)s is empty: claims wait for a code."),
    "limit_total_near": _("Of %(reward)s in %(campaign)s %(given)s were given out; the limit is %(limit)s."),
    "limit_total_reached": _("The limit of %(reward)s in %(campaign)s is reached: %(given)s were given out."),
    "limit_day_near": _(
        "Of %(reward)s in %(campaign)s %(given)s were given out today; the limit of a day is %(limit)s."
    ),
    "limit_day_reached": _(
        "The limit of a day of %(reward)s in %(campaign)s is reached: %(given)s were given out today."
    ),
    "write_back_late": _(
        "Claims that %(name)s is still to be told of as delivered: %(count)s, the oldest since %(since)s."
    ),
    "write_back_refused": _("Claims that %(name)s refuses to be told of as delivered: %(count)s."),
    "deliveries_late": _("Deliveries that are due and do not go out: %(count)s, the oldest since %(since)s."),
    "no_worker": _("No delivery worker has been heard from since %(since)s."),
    "no_worker_yet": _("No delivery worker is heard from, and claims wait: %(count)s."),
    "secret_client": _("The client secret of %(name)s has been the same since %(since)s."),
    "secret_webhook": _("The webhook secret of %(name)s has been the same since %(since)s."),
    "grant_lapsed": _("The leave to read reports of %(name)s has lapsed."),
    "authorizations_lapsed": _("Linked viewers whose authorization at %(name)s seems to have lapsed: %(count)s."),
    "authorizations_doubted": _(
        "Since %(since)s, %(name)s names so few of the linked viewers as authorized that the portal does not believe it."
    ),
}

_OF_ANOTHER_VERSION = _("What was found is no longer known in words.")


class _Shown(dict[str, str]):
    """Facts as text; of one that is missing, the sentence says that it is not known."""

    def __missing__(self, name: str) -> str:
        return UNKNOWN


def sentence_of(facts: Mapping[str, Any]) -> Sentence:
    """Return what happened, for facts as a rule made them. Facts of another version of the portal give a sentence, too."""
    template = CASES.get(str(facts.get("case", "")), _OF_ANOTHER_VERSION)
    return Sentence(template, _Shown({name: _text(name, value) for name, value in facts.items()}))


def moment_of(facts: Mapping[str, Any], name: str = "since") -> datetime | None:
    """Return one of the facts that are times."""
    try:
        return datetime.fromisoformat(str(facts.get(name, "")))
    except ValueError:
        return None


def _text(name: str, value: Any) -> str:
    if name in TIMES:
        moment = moment_of({name: value}, name)
        return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else UNKNOWN
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or UNKNOWN
    if isinstance(value, int):
        return f"{CAP:,}+" if name in CAPPED and value >= CAP else f"{value:,}"
    return str(value)
