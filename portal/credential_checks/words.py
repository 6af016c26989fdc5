"""How a failed call is told on the page of a check."""

from __future__ import annotations

from django.utils.translation import gettext as _t

from portal.calling import PAUSED, problem_of
from portal.credential_checks.examining import OUT_OF_TIME, Outcome, Result
from portal.platforms.calls import PlatformError
from portal.platforms.problems import explain

REFUSALS = (400, 401, 403)
NOT_OFFERED = (404, 405, 410)


def not_asked(title: str) -> Result:
    """Say that something could not be asked because the app has no token."""
    return Result(
        Outcome.UNKNOWN,
        title,
        _t("Not checked: the portal could not call the platform as your app."),
        _t("Mend what is said above, then check again."),
    )


def failed(title: str, error: PlatformError, *, refused: str = "") -> Result:
    """Say why a call failed, and what that is: the studio's to mend, or the platform's. ``refused`` is what to do at a refusal."""
    if error.reason == PAUSED:
        wait = int(error.retry_after.total_seconds()) + 1 if error.retry_after else 60
        return Result(
            Outcome.UNKNOWN,
            title,
            _t("Not checked: the platform asked for a pause, and the portal keeps to it."),
            _t("Check again in %(seconds)s seconds.") % {"seconds": wait},
        )
    if error.reason == OUT_OF_TIME:
        return Result(
            Outcome.UNKNOWN,
            title,
            _t("Not checked: what was checked before took too long."),
            _t("Mend what is said above, then check again."),
        )
    happened, _advice = explain(problem_of(error))
    if error.status in REFUSALS:
        happened = _t("The platform refuses this to the app (status %(status)s).") % {"status": error.status}
        return Result(Outcome.FAILS, title, happened, refused)
    if error.status in NOT_OFFERED:
        advice = _t("Look at the API address of this credential. Left empty, it is the platform's own.")
        return Result(Outcome.FAILS, title, happened, advice)
    if error.status is not None:
        return Result(Outcome.LOOK, title, happened, _t("That is the platform's own trouble. Check again later."))
    return Result(Outcome.FAILS, title, happened, _t("Look at the addresses of this credential, then check again."))
