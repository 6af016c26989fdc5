"""What people are told of an authorization: viewers on the cards of their accounts, staff in the admin (L8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from linking.models import AuthorizationTurn, Link, ViewerAuthorization
from linking.rules.authorizing import Verdict
from portal import platforms
from portal.models import PlatformCredential


@dataclass(frozen=True, slots=True)
class Doubt:
    """That a platform suddenly names hardly anybody: since when, and how many of how many it did not name last."""

    since: datetime
    asked: int
    missing: int


def suspicious(credential: PlatformCredential) -> Doubt | None:
    """Return why no link ends by what this credential's platform does not say; None where it is believed."""
    turn = AuthorizationTurn.objects.filter(pk=credential.pk, doubted_since__isnull=False).first()
    if turn is None or turn.doubted_since is None:
        return None
    return Doubt(since=turn.doubted_since, asked=turn.asked, missing=turn.missing)


def authorization_of(link: Link) -> ViewerAuthorization | None:
    """Return what is known of a link's viewer; without a query where the link came with ``viewer__authorization``."""
    return getattr(link.viewer, "authorization", None)


def is_lapsed(link: Link) -> bool:
    """Tell whether an active link's authorization seems to have lapsed."""
    row = authorization_of(link)
    return link.ended_at is None and row is not None and row.missing_since is not None


def card_facts(link: Link) -> dict[str, Any]:
    """Return for an account's card when its platform was last asked, and when the link ends at the earliest.

    The times are ``checked_at`` and ``ends_at``; where there is none, ``checked_text`` says why.
    """
    platform = platforms.get(link.platform)
    if not platform.has_sign_in:
        return {}
    if platform.authorizations is None:
        text = _("Not possible: %(platform)s does not tell whether your consent still stands.")
        return {"checked_text": text % {"platform": platform.name}}
    row = authorization_of(link)
    if row is None or row.checked_at is None:
        return {"checked_text": _("Not yet: %(platform)s is asked about once a day.") % {"platform": platform.name}}
    return {"checked_at": row.checked_at, "ends_at": row.due_at if is_lapsed(link) else None}


def staff_text(link: Link) -> str:
    """Return the same for staff, in a sentence; a dash for a link that has ended."""
    platform = platforms.get(link.platform)
    if link.ended_at is not None or not platform.has_sign_in:
        return "–"
    if platform.authorizations is None:
        return _("%(platform)s does not tell") % {"platform": platform.name}
    row = authorization_of(link)
    if row is not None and row.missing_since is not None:
        text = _("seems to have lapsed, since %(since)s; asked again at %(due)s")
        return text % {"since": _utc(row.missing_since), "due": _utc(row.due_at)}
    if row is None or row.checked_at is None:
        return _("not asked yet")
    return _("stands; last asked %(when)s") % {"when": _utc(row.checked_at)}


def _utc(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "–"


def answer_text(verdict: str, *, platform: str) -> str:
    """Return what came of asking for one viewer, in sentences for staff."""
    name = {"platform": platforms.get(platform).name}
    said = _answers().get(verdict) or _(
        "%(platform)s did not take the question about this viewer. Nothing was changed."
    )
    return said % name


def _answers() -> dict[str, str]:
    again = _("It is asked again in an hour; until then, the viewer can mend it by connecting again on the link page.")
    return {
        Verdict.AUTHORIZED: _("%(platform)s says that the authorization stands."),
        Verdict.LAPSED: _("%(platform)s does not name this viewer any more: the authorization seems to have lapsed.")
        + f" {again}",
        Verdict.STILL_LAPSED: _("%(platform)s still does not name this viewer, but the first time is too short ago.")
        + f" {again}",
        Verdict.GONE: _(
            "%(platform)s has twice not named this viewer: the links have ended. No claim is lost; what is claimed from now on "
            "waits until the viewer connects again."
        ),
        Verdict.NOT_BELIEVED: _(
            "%(platform)s does not name this viewer, but at the moment it names hardly anybody: that is not believed, and "
            "nothing was changed."
        ),
    }
