"""The e-mail of an invitation: plain text and HTML."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from portal.invitations import link_to
from portal.models import Invitation

_MOST_OF_SUBJECT = 150
_log = logging.getLogger(__name__)


def send_invitation(invitation: Invitation, token: str) -> bool:
    """Send the link, and return whether a mail server took it; never raises for a server that is away or refuses.

    Not inside a transaction: the server may take ten seconds to answer.
    """
    if not settings.PORTAL_SENDS_MAIL:
        return False
    try:
        return bool(letter(invitation, token).send())
    except (SMTPException, OSError) as error:
        _log.warning("invitation not mailed", extra={"invitation": invitation.pk, "error": type(error).__name__})
        return False


def letter(invitation: Invitation, token: str) -> EmailMultiAlternatives:
    """Return the mail."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    told = {"organization": invitation.organization.name, "site": settings.PORTAL_SITE_NAME}
    subject = _("%(site)s: invitation to %(organization)s") % told
    context = {
        "invitation": invitation,
        "subject": subject,
        "link": link_to(token),
        "site_name": settings.PORTAL_SITE_NAME,
        "language": language,
        "bidi": translation.get_language_bidi(),
    }
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split())[:_MOST_OF_SUBJECT],
        body=render_to_string("portal/mail/invitation.txt", context),
        to=[invitation.email],
        headers={
            "Message-ID": f"<{invitation.token_hash[:24]}.invitations@{urlsplit(settings.BASE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Content-Language": language,
        },
    )
    message.attach_alternative(render_to_string("portal/mail/invitation.html", context), "text/html")
    return message
