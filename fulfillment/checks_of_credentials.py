"""The check of a credential: what the platform has sent so far, and how the portal's own subscriptions stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _t

from fulfillment.models import PlatformSubscription, WebhookTally
from fulfillment.webhooks.outcomes import TAKEN_IN
from portal.admin_words import span_between
from portal.credential_checks import Examination, Outcome, Result, check
from portal.platforms.problems import explain

State = PlatformSubscription.State


@check
def last_message(run: Examination) -> Iterator[Result]:
    """The platform has called the webhook, which proves the address and the secret."""
    if not run.platform.sends_claims:
        return
    title = _t("Messages of the platform")
    rows = WebhookTally.objects.filter(credential=run.credential, outcome__in=TAKEN_IN)
    rows = rows.order_by("-hour", F("last_at").desc(nulls_last=True))
    last = rows.values_list(Coalesce("last_at", "hour"), flat=True).first()
    if last is None:
        api = run.platform.subscriptions
        challenged = api is not None and api.names_callback
        yield Result(
            Outcome.UNKNOWN,
            title,
            _t("None that was genuine has arrived yet: whether the platform can reach the portal is not proved."),
            _t("The first one proves it: the platform's challenge, as soon as the portal subscribes to events.")
            if challenged
            else _t("The first one proves it."),
        )
    else:
        said = _t("The last genuine one arrived %(span)s ago: address and signature are right.")
        yield Result(Outcome.WORKS, title, said % {"span": span_between(min(last, run.now), run.now)})


@check
def own_subscriptions(run: Examination) -> Iterator[Result]:
    """What the portal wants to be told of is subscribed to."""
    if run.platform.subscriptions is None:
        return
    title = _t("The portal's event subscriptions")
    wanted = PlatformSubscription.objects.filter(credential=run.credential, wanted=True)
    rows = list(wanted.values_list("state", "problem"))
    counts = Counter(state for state, _problem in rows)
    at_work, all_of_them = counts[State.ENABLED], len(rows)
    if not rows:
        yield Result(
            Outcome.UNKNOWN,
            title,
            _t("There are none yet: the portal makes them by itself, within minutes, for what it knows of."),
        )
        return
    counted = {"at_work": at_work, "all": all_of_them}
    if at_work == all_of_them:
        yield Result(Outcome.WORKS, title, _t("All %(all)s are at work.") % counted)
        return
    problem = next((problem for _state, problem in rows if problem), "")
    happened = _t("%(at_work)s of %(all)s are at work.") % counted
    why, what_next = explain(problem)
    refused = counts[State.REFUSED] + counts[State.ENDED]
    yield Result(
        Outcome.FAILS if refused else Outcome.LOOK,
        title,
        f"{happened} {why}".strip(),
        what_next or _t("The portal makes and renews them by itself, within minutes. Check again later."),
    )
