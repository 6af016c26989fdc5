"""Invitations: somebody is asked by e-mail to become a member (S1)."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.ids import ULIDField, new_ulid
from portal.models.people import Organization, User
from portal.roles import Role


class Invitation(models.Model):
    """A link that makes whoever opens and confirms it a member, once, until it expires.

    Of the link's token only the digest is kept. ``game_ids`` are the games where ``all_games`` is not set: ids that are no
    games of the organization any more when it is accepted are left out then.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("organization")
    )
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=20, choices=[(role.value, role.value) for role in Role])
    all_games = models.BooleanField(_("all games"), default=True)
    game_ids = models.JSONField(_("games"), default=list, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("made by"))
    made_by_label = models.CharField(max_length=150)
    made_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("accepted by")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                "organization",
                models.functions.Lower("email"),
                name="invitation_once",
                condition=models.Q(accepted_at=None, withdrawn_at=None),
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="invitation_role_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(role=Role.OWNER.value) | models.Q(all_games=True), name="invitation_owner_all_games"
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(withdrawn_at=None), name="invitation_one_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"

    def is_open(self, now: datetime) -> bool:
        """Tell whether it can still be accepted."""
        return self.accepted_at is None and self.withdrawn_at is None and now < self.expires_at
