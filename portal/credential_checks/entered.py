"""The checks of what was entered here, and of where the platform is to call: they ask nobody."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _t

from portal.credential_checks import check
from portal.credential_checks.examining import Examination, Outcome, Result
from portal.http.errors import UrlRefused
from portal.http.policy import PUBLIC_ONLY, check_url, names_this_machine


@check
def enabled(run: Examination) -> Iterator[Result]:
    """The credential is switched on."""
    if not run.credential.enabled:
        yield Result(
            Outcome.LOOK,
            _t("Switched off"),
            _t("The credential is not enabled: messages of the platform are refused, and it is told nothing."),
            _t("Tick “enabled” and save once everything else works."),
        )


@check
def organization_id(run: Examination) -> Iterator[Result]:
    """The organization's id there is entered, where events cannot be subscribed to without."""
    title, api, entered = _t("Organization id there"), run.platform.subscriptions, run.credential
    if api is None:
        return
    without = api.topics(organization_id="", client_id=entered.client_id, channel_ids=[])
    needed = [
        topic
        for topic in api.topics(organization_id="1", client_id=entered.client_id, channel_ids=[])
        if topic not in without
    ]
    if not needed:
        return
    if entered.platform_organization_id:
        yield Result(
            Outcome.UNKNOWN,
            title,
            _t("Entered. Only the platform's answer to a subscription shows whether it is the right one."),
        )
    else:
        yield Result(
            Outcome.FAILS,
            title,
            _t(
                "Not entered. Without it nobody tells the portal of new claims: it finds them minutes later, by asking."
            ),
            str(run.platform.id_hints.get("organization", "")),
        )


@check
def webhook_secret(run: Examination) -> Iterator[Result]:
    """There is a webhook secret, of a form that the platform takes."""
    if not run.platform.signs_with_shared_secret:
        return
    title, secret = _t("Webhook secret"), run.credential.webhook_secret
    least, most = run.platform.webhook_secret_lengths
    make_one = str(run.platform.check_hints.get("webhook_secret", ""))
    if run.platform.is_told_webhook_secret:
        make_one = _t("Press “New webhook secret”: the portal makes one.")
    if not secret:
        yield Result(Outcome.FAILS, title, _t("There is none: messages of the platform cannot be checked."), make_one)
    elif not (least <= len(secret) <= most and secret.isascii()):
        limits = {"least": least, "most": most}
        happened = _t("It is not one of %(least)s to %(most)s ASCII characters, as the platform wants it.") % limits
        yield Result(Outcome.FAILS, title, happened, make_one)
    elif run.platform.is_told_webhook_secret and secret == run.credential.client_secret:
        yield Result(Outcome.FAILS, title, _t("It is the client secret, which must not be used for this."), make_one)
    else:
        yield Result(Outcome.WORKS, title, _t("There is one, and the platform takes secrets of its form."))


@check
def webhook_address(run: Examination) -> Iterator[Result]:
    """The webhook's address is one that the platform can call, as far as its shape tells."""
    title, hint = _t("Webhook address"), str(run.platform.check_hints.get("webhook", ""))
    base = settings.BASE_URL
    try:
        check_url(base, PUBLIC_ONLY)
    except UrlRefused:
        here = urlsplit(run.credential.api_base).hostname or ""
        if names_this_machine(here) and names_this_machine(urlsplit(base).hostname or ""):
            yield Result(
                Outcome.WORKS,
                title,
                _t("It begins with %(base)s: good for a platform on this machine, and for no other.") % {"base": base},
            )
            return
        yield Result(
            Outcome.FAILS,
            title,
            _t("It begins with %(base)s, which the platform cannot call: it needs https and a public name.")
            % {"base": base},
            _t("The portal's administrator sets it (PORTAL_BASE_URL)."),
        )
        return
    yield Result(
        Outcome.WORKS,
        title,
        _t("It begins with %(base)s, which by its form can be called from outside. The first message proves it.")
        % {"base": base},
        hint,
    )
