"""Alerts: what is wrong now, whom to tell of it, and what was told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.encryption import EncryptedTextField
from portal.ids import ULIDField, new_ulid
from portal.models import Organization


class AlertRule(models.Model):
    """What an organization has set for one rule of :mod:`fulfillment.rules.alerts`; without a row its defaults hold.

    ``threshold`` is in the rule's own unit. A muted rule goes on being watched and shown, but tells nobody.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="alert_rules")
    rule = models.CharField(_("rule"), max_length=40)
    enabled = models.BooleanField(_("watched"), default=True)
    threshold = models.PositiveIntegerField(_("threshold"), null=True, blank=True)
    muted_until = models.DateTimeField(_("muted until"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        constraints = [models.UniqueConstraint(fields=["organization", "rule"], name="alert_rule_once")]

    def __str__(self) -> str:
        return self.rule


class AlertChannel(models.Model):
    """Whom to tell: an e-mail address, or a webhook of a chat. The address of a webhook is as good as a key.

    Before ``not_before`` nobody sends to it: a process is doing so until then at most, or it is to be left alone so long.
    """

    class Kind(models.TextChoices):
        """How it is told."""

        EMAIL = "email", _("e-mail")
        SLACK = "slack", _("webhook in Slack's form")
        DISCORD = "discord", _("webhook in Discord's form")

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="alert_channels")
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    address = EncryptedTextField(_("address"))
    enabled = models.BooleanField(_("enabled"), default=True)
    rules = models.JSONField(_("only these alerts"), default=list, blank=True, help_text=_("None chosen: all."))
    muted_until = models.DateTimeField(_("muted until"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    not_before = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(_("last reached at"), null=True, editable=False)
    failed_at = models.DateTimeField(_("last failed at"), null=True, editable=False)
    problem = models.CharField(max_length=60, blank=True, editable=False)

    class Meta:
        verbose_name = _("alert channel")
        verbose_name_plural = _("alert channels")
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="alert_channel_name_once")]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """That a rule found something wrong, from when until when. ``subject`` tells one such finding of a rule from another.

    ``gone_at`` is when it was first looked for and not found any more: found again it goes on, not found again it is over.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="alerts")
    rule = models.CharField(_("alert"), max_length=40)
    subject = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    opened_at = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last seen at"))
    gone_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(_("over since"), null=True)
    muted_until = models.DateTimeField(_("muted until"), null=True, blank=True)
    told_at = models.DateTimeField(_("told at"), null=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "rule", "subject"], condition=Q(closed_at__isnull=True), name="alert_open_once"
            )
        ]
        indexes = [models.Index(fields=["organization", "-opened_at"], name="alert_list")]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}".strip()


class AlertMessage(models.Model):
    """One message to one channel: the row is the outbox, ``due_at`` the time of the next attempt; empty: it is over.

    What was tried and has not come to an outcome yet, as the process may have died, has the problem ``unsure``.
    """

    class About(models.TextChoices):
        """What it says."""

        OPENED = "opened", _("something is wrong")
        STILL = "still", _("it still is")
        CLOSED = "closed", _("it is over")
        TEST = "test", _("a test")

    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE, related_name="messages")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, related_name="messages")
    about = models.CharField(max_length=8, choices=About.choices)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = _("alert message")
        verbose_name_plural = _("alert messages")
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "channel", "about"],
                condition=Q(about__in=["opened", "closed"]),
                name="alert_message_once",
            )
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="alert_message_due")]

    def __str__(self) -> str:
        return f"{self.about} {self.alert_id or ''}".strip()


class AlertWatch(models.Model):
    """When an organization was last looked through for what is wrong. Who moves it forward has the turn: nobody else judges.

    ``standing`` is how it stood then, as :mod:`fulfillment.health.standing` writes and reads it.
    """

    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, primary_key=True, related_name="alert_watch"
    )
    judged_at = models.DateTimeField(null=True)
    standing = models.JSONField(default=dict, db_default={})

    class Meta:
        verbose_name = _("watch over an organization")
        verbose_name_plural = _("watches over organizations")

    def __str__(self) -> str:
        return str(self.organization_id)
