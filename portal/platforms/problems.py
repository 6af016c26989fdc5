"""Why a call to a platform failed, in words for staff: what happened, what it means, what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from portal.http.errors import SENTENCES

_BY_ITSELF = _("It is tried again by itself, at growing intervals.")
_REFUSED = (
    _("The platform refuses the app."),
    _("Check client id and client secret of the platform credential with its button *Check*."),
)
_NOT_OFFERED = (
    _("The platform does not offer this call at the address it was made to."),
    _("Check the API address of the platform credential. Ask the platform whether it still has the service."),
)
_PROBLEMS: dict[str, tuple[str | Promise, str | Promise]] = {
    "status:401": _REFUSED,
    "status:403": _REFUSED,
    "status:404": _NOT_OFFERED,
    "status:405": _NOT_OFFERED,
    "status:410": _NOT_OFFERED,
    "status:429": (_("The platform asked for a pause."), _("It is tried again by itself once the pause is over.")),
    "paused": (_("The platform asked for a pause."), _("It is tried again by itself once the pause is over.")),
    "answer": (_("The platform's answer was not understood."), _BY_ITSELF),
    "too_long": (_("The platform's answer was longer than the portal reads."), _BY_ITSELF),
    "full": (
        _("The app has as many event subscriptions at the platform as it may have."),
        _("Ask the platform for a higher limit, or end subscriptions that other programs made with the same app."),
    ),
    "declined": (_("The platform took the call and refused what it was about."), _BY_ITSELF),
    "no_api": (_("This platform offers no such service."), _("There is nothing to do.")),
    "internal": (_("The portal failed at this."), _("The portal's administrator finds the fault in the log.")),
}


def explain(problem: str) -> tuple[str, str]:
    """Return what happened and what to do, for a code of :func:`portal.calling.problem_of`; empty where there is none."""
    if not problem:
        return "", ""
    if problem in _PROBLEMS:
        happened, advice = _PROBLEMS[problem]
    elif problem in SENTENCES:
        happened, advice = SENTENCES[problem], _BY_ITSELF
    elif problem.removeprefix("status:").isdigit():
        happened = _t("The platform answered with status %(status)s.") % {"status": problem.removeprefix("status:")}
        advice = _BY_ITSELF
    else:
        happened, advice = _PROBLEMS["answer"]
    return str(happened), str(advice)
