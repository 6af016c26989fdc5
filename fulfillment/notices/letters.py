"""The e-mail of one person's notices: plain text and HTML, in their language, with one-click unsubscribe (RFC 8058)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from fulfillment.models import Notice, NoticePreference
from fulfillment.notices.preferences import unsubscribe_url
from fulfillment.notices.reading import show_all
from fulfillment.notices.wording import ShownNotice

MOST = 20
"""More notices than these are counted in the mail, and read on the site."""

_MOST_OF_SUBJECT = 120


def letter(
    *, mail_id: str, notices: Sequence[Notice], preference: NoticePreference, address: str
) -> EmailMultiAlternatives:
    """Return the mail that tells these notices to the owner of ``preference``. ``mail_id`` makes its Message-ID."""
    known = {code for code, _name in settings.LANGUAGES}
    language = preference.language if preference.language in known else settings.LANGUAGE_CODE
    url = unsubscribe_url(preference)
    with translation.override(language):
        shown = show_all(preference.user, notices)
        context = _context(shown, preference, url, language)
        message = EmailMultiAlternatives(
            subject=_subject(shown),
            body=render_to_string("fulfillment/mail/notices.txt", context),
            to=[address],
            headers={
                "Message-ID": f"<{mail_id.lower()}.notices@{urlsplit(settings.BASE_URL).hostname}>",
                "List-Unsubscribe": f"<{url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "Content-Language": language,
            },
        )
        message.attach_alternative(render_to_string("fulfillment/mail/notices.html", context), "text/html")
    return message


def _context(
    shown: Sequence[ShownNotice], preference: NoticePreference, unsubscribe: str, language: str
) -> dict[str, Any]:
    site = settings.BASE_URL
    return {
        "site_name": settings.PORTAL_SITE_NAME,
        "support_url": settings.PORTAL_SUPPORT_URL,
        "language": language,
        "bidi": translation.get_language_bidi(),
        "reader": str(preference.user),
        "notices": [{"shown": one, "url": urljoin(f"{site}/", one.said.url)} for one in shown[:MOST]],
        "more": max(0, len(shown) - MOST),
        "notices_url": f"{site}{reverse('notices')}",
        "preferences_url": f"{site}{reverse('notice_preferences')}",
        "unsubscribe_url": unsubscribe,
    }


def _subject(shown: Sequence[ShownNotice]) -> str:
    """Return one notice's title, or how many there are; without line breaks, whatever a reward is called."""
    if len(shown) == 1:
        text = shown[0].said.title
    else:
        text = ngettext("%(n)d notice about your rewards", "%(n)d notices about your rewards", len(shown)) % {
            "n": len(shown)
        }
    return f"{settings.PORTAL_SITE_NAME}: {' '.join(text.split())}"[:_MOST_OF_SUBJECT]
