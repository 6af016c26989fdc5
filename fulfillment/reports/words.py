"""What is wrong with reports, in words for staff: what happened, what it means, what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from fulfillment.reports.fetching import FILE
from portal.platforms import problems

_GRANT_AGAIN = _("An owner lets the portal read the reports again, with the button on this page.")
_LOOK = _("If this stays for days, tell the portal's administrator.")

_PROBLEMS: dict[str, tuple[str | Promise, str | Promise]] = {
    "refused": (
        _("The platform no longer takes the token: it was withdrawn there, or the person's password was changed."),
        _GRANT_AGAIN,
    ),
    "other_app": (_("The token belongs to another app than the credential's client id."), _GRANT_AGAIN),
    "no_permission": (_("The token does not permit reading reports."), _GRANT_AGAIN),
    "undecryptable": (
        _("The stored token cannot be decrypted: the encryption key it was written with is not set."),
        _("The portal's administrator sets the key again. Otherwise an owner lets the portal read the reports anew."),
    ),
    "status:400": (_("The platform did not take the days that were asked for."), _LOOK),
    "status:401": (
        _("The platform did not take the token for this call."),
        _("It is looked whether the token is still good. If this stays, let the portal read the reports again."),
    ),
    "status:403": (
        _("The person who let the portal read the reports has no access to the reports of any game."),
        _(
            "In the platform's developer console that person must be a member of the organization that owns the game. "
            "Otherwise somebody else lets the portal read the reports."
        ),
    ),
    "status:404": (
        _("The platform knows no reports for this account."),
        _("Check that the game belongs to your organization there, and that it was streamed for at least five hours."),
    ),
    f"{FILE}too_long": (_("The report of a single day is longer than the portal reads."), _LOOK),
    "empty": (_("The report was empty."), _LOOK),
    "no_csv": (_("The report could not be read as CSV."), _LOOK),
    "no_dates": (
        _("The report has no column of days, so nothing of it can be shown."),
        _("Tell the portal's administrator: the platform may have changed its reports. The file is kept."),
    ),
    "unread_dates": (
        _("Some rows have a day in a form that the portal does not know. The others are shown."),
        _("Tell the portal's administrator: the platform may have changed its reports. The file is kept."),
    ),
    "outside": (_("Some rows are of days that the report is not about. The others are shown."), _LOOK),
    "twice": (_("Some days are in several rows. The first is shown."), _LOOK),
}

_FAILURES: dict[str, str | Promise] = {
    "denied": _("Nothing was changed: it was declined at the platform. Press the button again to try once more."),
    "platform": _("Nothing was changed: the platform could not give leave (%(detail)s). Try again in a few minutes."),
    "unasked": _(
        "Nothing was changed: this answer was not asked for in this browser, or was used already. Press the button again."
    ),
    "expired": _("Nothing was changed: the answer came after more than 15 minutes. Press the button again."),
    "gone": _(
        "Nothing was changed: the platform credential is switched off or gone, or you may not manage it any more. "
        "An owner finds it under Platform credentials."
    ),
    "code": _("Nothing was changed: the platform did not take its own code any more. Press the button again."),
    "other_app": _(
        "Nothing was changed: the platform gave a token of another app. Check the client id of the platform credential."
    ),
    "no_permission": _(
        "Nothing was changed: the permission to read reports was not given. Press the button again and allow it."
    ),
    "failed": _("Nothing was changed: the platform could not be asked. %(detail)s"),
}


def explain(problem: str) -> tuple[str, str]:
    """Return what happened and what to do, for a code that is kept with a grant, a window or a file; empty for none."""
    if problem in _PROBLEMS:
        happened, advice = _PROBLEMS[problem]
        return str(happened), str(advice)
    if problem.startswith(FILE):
        happened, advice = problems.explain(problem.removeprefix(FILE))
        return _t("The file could not be downloaded. %(why)s") % {"why": happened}, str(_LOOK)
    return problems.explain(problem)


def why_not(reason: str, detail: str = "") -> str:
    """Return in words why the portal was not given leave, for the codes of :class:`fulfillment.reports.granting.GrantFailed`."""
    if reason == "failed":
        detail = " ".join(problems.explain(detail))
    return str(_FAILURES[reason]) % {"detail": detail or _t("it gave no reason")}
