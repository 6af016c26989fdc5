"""The e-mail of a message about alerts: plain text and HTML."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from fulfillment.alerts.wording import Letter
from fulfillment.models import AlertChannel

MOST = 20
"""More alerts than these are counted in the mail, and read in the portal."""

_MOST_OF_SUBJECT = 150


def email_of(letter: Letter, *, channel: AlertChannel, name: str) -> EmailMultiAlternatives:
    """Return the mail. ``name`` makes its Message-ID: a mail that is sent again under the same one is dropped by programs."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    context = {
        "letter": letter,
        "alerts": letter.alerts[:MOST],
        "more": max(0, len(letter.alerts) - MOST),
        "channel": channel.name,
        "site_name": settings.PORTAL_SITE_NAME,
        "language": language,
        "bidi": translation.get_language_bidi(),
    }
    subject = f"{settings.PORTAL_SITE_NAME}: {letter.organization}: {letter.subject}"
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split())[:_MOST_OF_SUBJECT],
        body=render_to_string("fulfillment/mail/alerts.txt", context),
        to=[channel.address],
        headers={
            "Message-ID": f"<{name.lower()}.alerts@{urlsplit(settings.BASE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Content-Language": language,
        },
    )
    message.attach_alternative(render_to_string("fulfillment/mail/alerts.html", context), "text/html")
    return message
