"""What the support view keeps: names that people had before, and notes of staff. Personal data, erased with the person (F8)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from campaigns.models import Viewer
from linking.models import Player
from portal.models import Organization

_ONE_OF_BOTH = Q(viewer=None, player__isnull=False) | Q(viewer__isnull=False, player=None)


class FormerName(models.Model):
    """A login or name that a viewer or player had and has no more: by it they are found, however often they are renamed.

    ``seen_from`` is when it was seen first as far as the portal knows, ``seen_until`` when another took its place last.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False, related_name="+")
    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, null=True, db_index=False, related_name="former_names")
    player = models.ForeignKey(Player, on_delete=models.CASCADE, null=True, db_index=False, related_name="former_names")
    name = models.CharField(_("name"), max_length=200)
    seen_from = models.DateTimeField(_("from"))
    seen_until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("former name")
        verbose_name_plural = _("former names")
        constraints = [
            models.CheckConstraint(condition=_ONE_OF_BOTH, name="former_name_of_one"),
            models.UniqueConstraint(fields=["viewer", "name"], name="former_name_viewer_once"),
            models.UniqueConstraint(fields=["player", "name"], name="former_name_player_once"),
        ]
        indexes = [models.Index("organization", Lower("name"), name="former_name_folded")]

    def __str__(self) -> str:
        return self.name


class StaffNote(models.Model):
    """What a member of staff wrote down about a person, for colleagues. Added and never changed."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False, related_name="+")
    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, null=True, db_index=False, related_name="staff_notes")
    player = models.ForeignKey(Player, on_delete=models.CASCADE, null=True, db_index=False, related_name="staff_notes")
    at = models.DateTimeField(_("time"))
    text = models.TextField(_("note"), max_length=2000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    author_label = models.CharField(_("by"), max_length=150)

    class Meta:
        verbose_name = _("note of staff")
        verbose_name_plural = _("notes of staff")
        constraints = [models.CheckConstraint(condition=_ONE_OF_BOTH, name="staff_note_of_one")]
        indexes = [
            models.Index(fields=["viewer", "-at"], condition=Q(viewer__isnull=False), name="staff_note_viewer"),
            models.Index(fields=["player", "-at"], condition=Q(player__isnull=False), name="staff_note_player"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
