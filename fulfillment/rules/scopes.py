"""What a client of the partner API may do, and the names of it as OAuth scopes (A1)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

CLAIMS_READ = "claims:read"
CLAIMS_WRITE = "claims:write"
ANALYTICS = "analytics:read:games"
GAME_STATE_READ = "game-state:read"
GAME_STATE_WRITE = "game-state:write"

SCOPE_NAMES = [
    (CLAIMS_READ, _("read claims")),
    (CLAIMS_WRITE, _("mark claims as fulfilled")),
    (ANALYTICS, _("read a game's figures")),
    (GAME_STATE_READ, _("read game state")),
    (GAME_STATE_WRITE, _("stream game state")),
]
"""Every scope with its name, in the order in which pages list them."""

SCOPES = tuple(key for key, _name in SCOPE_NAMES)

NAMED_ONLY = frozenset({ANALYTICS, GAME_STATE_READ, GAME_STATE_WRITE})
"""What a person's token allows only if it was asked for by name. Without any scope, it is for the person's claims alone."""
