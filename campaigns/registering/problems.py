"""Why a registration is not done, in words for staff: what happened, what it means, what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.registering.calls import CONSENT_GONE, NO_PERMISSION, NO_REGISTRAR
from campaigns.registering.leasing import UNDECRYPTABLE
from campaigns.registering.wanting import NO_TOKEN
from portal.http.errors import SENTENCES

_VIEWERS = _("The viewer's page asks to connect again. Nothing that was watched or earned is lost.")

_PROBLEMS: dict[str, tuple[str | Promise, str | Promise]] = {
    NO_TOKEN: (_("The viewer was linked before the permission was needed, and has not given it yet."), _VIEWERS),
    NO_PERMISSION: (_("The viewer has not given the permission to see what is watched."), _VIEWERS),
    CONSENT_GONE: (
        _("The viewer's authorization has ended: withdrawn, expired, or the password was changed."),
        _VIEWERS,
    ),
    UNDECRYPTABLE: (
        _("A stored secret cannot be decrypted with the keys that are set."),
        _("The portal's administrator adds the key that it was written with to PORTAL_ENCRYPTION_KEYS."),
    ),
    NO_REGISTRAR: (
        _("This platform takes no identifiers."),
        _("Choose the platform's own user ids in the heartbeat source instead."),
    ),
    "internal": (_("The portal failed at this."), _("The portal's administrator finds the fault in the log.")),
    "status:409": (
        _("The platform says that this identifier belongs to another of its users."),
        _("Unlink the viewer and have the viewer connect again."),
    ),
    "status:422": (
        _("The platform knows no heartbeat address for this client id."),
        _("Enter client id and heartbeat address in the platform's console, then try again here."),
    ),
    "status:429": (_("The platform asked for a pause."), _("It is tried again by itself.")),
}

_REFUSED = (
    _("The platform refuses the app."),
    _("Check client id and client secret of the platform credential, then try again here."),
)
_NOT_OFFERED = (
    _("The platform does not offer this call at the address it was made to."),
    _("Check the API address of the platform credential. Ask the platform whether it still has the service."),
)
_BY_ITSELF = _("It is tried again by itself, at growing intervals.")


def explain(problem: str) -> tuple[str, str]:
    """Return what happened and what to do, for a code of ``RegisteredIdentifier.last_error``; empty where there is none."""
    if not problem:
        return "", ""
    happened, advice = _found(problem)
    return str(happened), str(advice)


def _found(problem: str) -> tuple[str | Promise, str | Promise]:
    if problem in _PROBLEMS:
        return _PROBLEMS[problem]
    if problem in SENTENCES:
        return SENTENCES[problem], _BY_ITSELF
    status = problem.removeprefix("status:")
    if status in ("401", "403"):
        return _REFUSED
    if status in ("404", "405", "410"):
        return _NOT_OFFERED
    if status.isdigit():
        return _("The platform answered with status %(status)s.") % {"status": status}, _BY_ITSELF
    return _("The platform's answer was not understood."), _BY_ITSELF
