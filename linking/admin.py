"""How a game's players prove that an account is theirs (L2): a list on the game's page, for owners."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from campaigns.admin import GameAdmin
from linking.admin_people import LinkAdmin, PlayerAdmin
from linking.models import GameSignIn
from portal.admin_base import PortalStackedInline
from portal.admin_forms import SecretsForm
from portal.roles import Permission

__all__ = ["GameSignInInline", "LinkAdmin", "PlayerAdmin"]

SHORTEST_TOKEN_SECRET = 32  # RFC 7518, section 3.2: a key of at least the size of the hash


class GameSignInForm(SecretsForm):
    """One way to sign in; secrets are written and never shown."""

    def clean(self) -> dict[str, Any]:
        """Ask for what the method needs."""
        cleaned = super().clean()
        method = cleaned.get("method")
        if method == GameSignIn.Method.OIDC:
            for name in ("issuer", "client_id"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, ValidationError(_("OpenID Connect needs this."), code="required"))
        secret = cleaned.get("token_secret") or ""
        if method == GameSignIn.Method.LINK_TOKEN and len(secret) < SHORTEST_TOKEN_SECRET:
            self.add_error(
                "token_secret",
                ValidationError(
                    _("Link tokens need a secret of at least %(least)s characters, made at random."),
                    code="too_short",
                    params={"least": SHORTEST_TOKEN_SECRET},
                ),
            )
        return cleaned

    def save(self, commit: bool = True) -> GameSignIn:
        """Store; a replaced token secret stays accepted as the previous one, for the time of the change."""
        if "token_secret" in self.replaced_secrets() and self.stored_secrets["token_secret"]:
            self.instance.previous_token_secret = self.stored_secrets["token_secret"]
        saved: GameSignIn = super().save(commit)
        return saved


class GameSignInInline(PortalStackedInline):
    """The ways of signing in of one game. A game without any uses accounts on this portal."""

    model = GameSignIn
    form = GameSignInForm
    view_permission = Permission.MANAGE
    edit_permission = Permission.MANAGE
    fields = (
        "method",
        "label",
        "issuer",
        "client_id",
        "client_secret",
        "player_id_claim",
        "name_claim",
        "token_secret",
    )


GameAdmin.inlines.append(GameSignInInline)
