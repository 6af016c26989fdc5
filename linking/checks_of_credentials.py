"""The check of a credential: the addresses that the platform's console must have for viewers to sign in."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _t

from portal.credential_checks import Examination, Outcome, Result, check


@check
def addresses(run: Examination) -> Iterator[Result]:
    """What to register at the platform, to copy: only a sign-in shows whether it is there."""
    if not run.platform.has_sign_in:
        return
    yield Result(
        Outcome.UNKNOWN,
        _t("Redirect address"),
        _t("No platform tells which addresses are registered: only a viewer's sign-in shows it."),
        _t("This one must be registered, exactly so. %(where)s")
        % {"where": run.platform.check_hints.get("redirect", "")},
        copy=f"{settings.BASE_URL}{reverse(f'{run.platform.key}_callback')}",
    )
    yield Result(
        Outcome.UNKNOWN,
        _t("Connection page"),
        _t("The platform sends viewers there who are not linked yet. Which page it has, it does not tell."),
        _t("Enter this one where the platform asks for the page on which accounts are linked."),
        copy=f"{settings.BASE_URL}{reverse('connect_organization', args=[run.credential.organization.slug])}",
    )
