"""How long linking keeps what it does not need for ever (F8)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from linking.models import UsedLinkToken
from portal.retention import Kind, add_kinds

add_kinds(
    Kind(
        "link_tokens",
        _("used link tokens, once they have expired"),
        0,
        lambda before: UsedLinkToken.objects.filter(expires_at__lt=before),
    )
)
