"""Which games a member works on, where these are not all (S1)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.games import Game
from portal.models import Membership


class GameOfMember(models.Model):
    """One game of a member of only some games; read where ``Membership.all_games`` is not set."""

    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="games", db_index=False, verbose_name=_("member")
    )
    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="members", verbose_name=_("game"))

    class Meta:
        verbose_name = _("game of a member")
        verbose_name_plural = _("games of members")
        constraints = [models.UniqueConstraint(fields=["membership", "game"], name="game_of_member_once")]

    def __str__(self) -> str:
        return f"{self.membership}: {self.game}"
