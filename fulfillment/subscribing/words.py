"""What is told to people of an event subscription: what happened, what it means, what to do."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.models import PlatformSubscription
from fulfillment.subscribing.acting import NO_SECRET, TAKEN
from fulfillment.subscribing.comparing import SLOW
from fulfillment.subscribing.setting import api_of
from portal.platforms.problems import explain

State = PlatformSubscription.State

_BY_ITSELF = _("It is tried again by itself, at growing intervals.")
_MADE_ANEW = _("The portal makes it anew by itself, and reads what it missed from the platform's list of claims.")

_PROBLEMS: dict[str, tuple[str | Promise, str | Promise]] = {
    NO_SECRET: (
        _("The platform credential has no webhook secret, without which the platform takes no subscription."),
        _("Owners make one on the credential's page, with *New webhook secret*."),
    ),
    TAKEN: (
        _("The platform has this subscription already, and does not list it as the portal's: another program made it."),
        _("It is tried again by itself. End the other program's subscription, or give that program an app of its own."),
    ),
    SLOW: (_("The platform took too long to list the app's subscriptions."), _BY_ITSELF),
}
_OF_THE_REFUSED: dict[str, tuple[str | Promise, str | Promise]] = {
    "status:400": (
        _("The platform does not take what it was asked for."),
        _("Check on the credential's page that the organization's id there is right. Then press *Look now* here."),
    ),
    "status:403": (
        _("The platform does not let this app be told of it."),
        _(
            "Check that the app belongs to the organization whose id stands on the credential's page, and that the "
            "organization owns the game's category. Then press *Look now* here."
        ),
    ),
}
_NOT_HTTPS = (
    _("The platform does not take the portal's address, which does not begin with https://."),
    _(
        "Platforms call public https addresses only. The portal's administrator sets one (PORTAL_BASE_URL); then it is "
        "asked for again by itself. For trying things out, the sandbox takes other addresses too."
    ),
)


def event_words(row: PlatformSubscription) -> str:
    """Return what a subscription tells of, in plain words; the platform's name for it where there are none."""
    return _word(row, row.type) or row.type


def what_is_wrong(row: PlatformSubscription) -> tuple[str, str]:
    """Return what happened to a subscription last and what to do, both empty where there is nothing to say."""
    if row.problem:
        happened, advice = _explained(row)
    elif row.state == State.ENDED:
        said = _word(row, row.detail) or row.detail
        happened, advice = _t("The platform has ended it. %(said)s") % {"said": said}, str(_MADE_ANEW)
    elif row.state == State.PENDING:
        happened = _word(row, row.detail) or _t("The platform is checking the portal's address.")
        advice = _t("That takes seconds. Should it fail, the platform ends the subscription and says so here.")
    else:
        return "", ""
    return happened.strip(), advice


def since(row: PlatformSubscription) -> datetime | None:
    """Return since when a subscription has stood as it does, as far as that is known."""
    if row.state == State.ENABLED:
        return row.enabled_at
    return row.ended_at if row.state == State.ENDED else row.created_at


def _explained(row: PlatformSubscription) -> tuple[str, str]:
    if row.state == State.REFUSED and row.problem in _OF_THE_REFUSED:
        api = api_of(row.credential)
        insecure = not settings.BASE_URL.startswith("https://") and api is not None and api.names_callback
        happened, advice = _NOT_HTTPS if insecure and row.problem == "status:400" else _OF_THE_REFUSED[row.problem]
    else:
        happened, advice = _PROBLEMS.get(row.problem) or explain(row.problem)
    return str(happened), str(advice)


def _word(row: PlatformSubscription, term: str) -> str:
    api = api_of(row.credential)
    return str(api.words.get(term, "")) if api is not None else ""
