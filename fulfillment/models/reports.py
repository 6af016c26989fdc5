"""A platform's own figures about games: who lets the portal read them, the files as they came, and their days."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.encryption import EncryptedTextField
from portal.models import PlatformCredential


class ReportGrant(models.Model):
    """The token that somebody of the studio granted, so that the reports of its games can be read. One for each credential.

    ``lapsed_at`` is set where the platform takes the token no more: only a new grant helps.
    """

    credential = models.OneToOneField(
        PlatformCredential, on_delete=models.CASCADE, primary_key=True, related_name="report_grant"
    )
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    granted_at = models.DateTimeField(_("granted at"))
    platform_user_id = models.CharField(max_length=200, blank=True)
    platform_login = models.CharField(max_length=200, blank=True)
    access_token = EncryptedTextField()
    refresh_token = EncryptedTextField(blank=True)
    expires_at = models.DateTimeField(null=True)
    validated_at = models.DateTimeField(_("last validated at"), null=True)
    lapsed_at = models.DateTimeField(_("lapsed at"), null=True)
    fetched_at = models.DateTimeField(_("last fetched at"), null=True)
    problem = models.CharField(max_length=60, blank=True)
    validate_at = models.DateTimeField(null=True, help_text="When the token is validated next.")
    fetch_at = models.DateTimeField(null=True, help_text="When reports are fetched next.")

    class Meta:
        verbose_name = _("grant to read reports")
        verbose_name_plural = _("grants to read reports")
        indexes = [
            models.Index(fields=["validate_at"], condition=Q(validate_at__isnull=False), name="report_validate_due"),
            models.Index(fields=["fetch_at"], condition=Q(fetch_at__isnull=False), name="report_fetch_due"),
        ]

    def __str__(self) -> str:
        return str(self.credential_id)


class ReportWindow(models.Model):
    """Days whose reports are to be read: of all games, or of one alone that failed or was too long. The row is the work.

    ``due_at`` moved forward is the lease of whoever reads it; None: given up until the next fetch. ``cursor`` leads to the
    next page of those that the platform lists, and what was stored since ``began_at`` is not read again.
    """

    grant = models.ForeignKey(ReportGrant, on_delete=models.CASCADE, related_name="windows")
    started_on = models.DateField()
    ended_on = models.DateField()
    platform_game_id = models.CharField(max_length=200, blank=True)
    cursor = models.TextField(blank=True)
    began_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = _("days of reports to be read")
        verbose_name_plural = _("days of reports to be read")
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "started_on", "ended_on", "platform_game_id"], name="report_window_once"
            )
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="report_window_due")]

    def __str__(self) -> str:
        return f"{self.started_on} – {self.ended_on}"


class ReportFile(models.Model):
    """A report as it came: CSV of some days of one game. ``columns`` has the names of its columns in their order."""

    credential = models.ForeignKey(PlatformCredential, on_delete=models.CASCADE, related_name="report_files")
    platform_game_id = models.CharField(max_length=200)
    started_on = models.DateField()
    ended_on = models.DateField()
    fetched_at = models.DateTimeField()
    content = models.TextField()
    columns = models.JSONField(default=list)
    problem = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.UniqueConstraint(fields=["credential", "platform_game_id", "started_on"], name="report_file_once")
        ]

    def __str__(self) -> str:
        return f"{self.platform_game_id} {self.started_on}"


class ReportDay(models.Model):
    """One day of one game, UTC: the report's values by the names of its columns, as texts."""

    credential = models.ForeignKey(PlatformCredential, on_delete=models.CASCADE, related_name="report_days")
    platform_game_id = models.CharField(max_length=200)
    day = models.DateField()
    values = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("day of a report")
        verbose_name_plural = _("days of reports")
        constraints = [
            models.UniqueConstraint(fields=["credential", "platform_game_id", "day"], name="report_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.platform_game_id} {self.day}"
