"""What a client of the partner API may do, and the names of it as OAuth scopes (A1)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

CLAIMS_READ = "claims:read"
CLAIMS_WRITE = "claims:write"
ANALYTICS = "analytics:read:games"

SCOPE_NAMES = [
    (CLAIMS_READ, _("read claims")),
    (CLAIMS_WRITE, _("mark claims as fulfilled")),
    (ANALYTICS, _("read a game's figures")),
]
"""Every scope with its name, in the order in which pages list them."""

SCOPES = tuple(key for key, _name in SCOPE_NAMES)
