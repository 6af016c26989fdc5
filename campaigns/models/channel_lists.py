"""Lists of channels on their way to a campaign's allow-list, and the versions that the allow-list had (C7)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign
from portal.ids import ULIDField, new_ulid


class ChannelImport(models.Model):
    """A list of channels that somebody wants to add to an allow-list, to take off it, or to have in its place.

    ``lines`` are the rows of :class:`campaigns.rules.channel_lines.Line` and ``outcome`` those of
    :class:`campaigns.rules.channel_outcomes.Outcome`, as lists of their fields: long, so that pages defer them. While it
    is being resolved, ``position`` of ``total`` ids and logins were asked for at the platform; ``due_at`` is when a runner
    should take it up, and while one has it, when its lease ends. ``platform`` is empty where the channels are of several.
    """

    class State(models.TextChoices):
        """How far it is."""

        RESOLVING = "resolving", _("being looked up")
        READY = "ready", _("to be confirmed")
        APPLIED = "applied", _("done")
        DROPPED = "dropped", _("dropped")

    class Source(models.TextChoices):
        """Where the list comes from."""

        PASTE = "paste", _("import")
        CHOICE = "choice", _("choice")
        RESTORE = "restore", _("restored")

    id = ULIDField(primary_key=True, default=new_ulid)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="channel_imports", verbose_name=_("campaign")
    )
    platform = models.CharField(_("platform"), max_length=32, blank=True)
    deed = models.CharField(max_length=10)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.PASTE)
    restores = models.PositiveIntegerField(null=True, help_text="The number of the version, where it restores one.")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RESOLVING)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    actor_label = models.CharField(_("by"), max_length=150)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    lines = models.JSONField(default=list)
    outcome = models.JSONField(default=list)
    line_count = models.PositiveIntegerField()
    total = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    asks = models.BooleanField(default=True, help_text="Whether the platform is to be asked, or was.")
    not_asked = models.CharField(max_length=20, blank=True, help_text="A code: why the platform was not asked.")
    problem = models.CharField(max_length=60, blank=True, help_text="A code of the last failure: PlatformError.")
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    due_at = models.DateTimeField(null=True)
    found_count = models.PositiveIntegerField(default=0)
    duplicate_count = models.PositiveIntegerField(default=0)
    unknown_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(_("made at"))
    resolved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(null=True, help_text="The number of the version it made.")

    class Meta:
        verbose_name = _("imported list of channels")
        verbose_name_plural = _("imported lists of channels")
        constraints = [
            models.CheckConstraint(condition=Q(position__lte=F("total")), name="channel_import_within_total"),
            models.CheckConstraint(
                condition=Q(deed__in=["add", "remove", "replace"]), name="channel_import_deed_known"
            ),
            models.CheckConstraint(
                condition=Q(state="resolving", due_at__isnull=False) | (~Q(state="resolving") & Q(due_at=None)),
                name="channel_import_due_while_resolving",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="channel_import_due"),
            models.Index(fields=["campaign", "-id"], name="channel_import_list"),
            models.Index(fields=["created_at"], name="channel_import_created"),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} ({self.line_count})"


class ChannelImportPart(models.Model):
    """What a platform answered for one part of a list: ids, logins and names. Gone once all parts are there."""

    channel_import = models.ForeignKey(ChannelImport, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    found = models.JSONField(default=list)

    class Meta:
        verbose_name = _("part of an imported list")
        verbose_name_plural = _("parts of imported lists")
        constraints = [models.UniqueConstraint(fields=["channel_import", "position"], name="channel_import_part_once")]

    def __str__(self) -> str:
        return f"{self.channel_import_id} {self.position}"


class ChannelListVersion(models.Model):
    """One change of an allow-list, numbered from 1 in each campaign. ``added`` and ``removed`` are ids of channels, ours.

    What a version holds is what the changes up to it come to. Names are not kept here: they are looked up when shown.
    """

    class Source(models.TextChoices):
        """What made the change."""

        PASTE = "paste", _("import")
        CHOICE = "choice", _("choice")
        RESTORE = "restore", _("restored")
        EDIT = "edit", _("campaign form")
        FOUND = "found", _("found so")

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="channel_versions", verbose_name=_("campaign")
    )
    number = models.PositiveIntegerField(_("version"))
    at = models.DateTimeField(_("when"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    actor_label = models.CharField(_("by"), max_length=150)
    source = models.CharField(max_length=10, choices=Source.choices)
    restores = models.PositiveIntegerField(null=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    listed = models.PositiveIntegerField(_("channels"))
    added_count = models.PositiveIntegerField(default=0)
    removed_count = models.PositiveIntegerField(default=0)
    added = models.JSONField(default=list)
    removed = models.JSONField(default=list)

    class Meta:
        verbose_name = _("version of an allow-list")
        verbose_name_plural = _("versions of allow-lists")
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="channel_list_version_once")]

    def __str__(self) -> str:
        return str(self.number)
