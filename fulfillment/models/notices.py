"""Notices: what a person is told, on the site always and by e-mail where they asked for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignReward, Game, Viewer
from fulfillment.models.claims import Claim
from fulfillment.rules.notices import Kind
from linking.models import Link
from portal.ids import ULID_LENGTH
from portal.models import Organization
from portal.tokens import new_token

KIND_NAMES = [
    (Kind.LINKED.value, _("accounts linked")),
    (Kind.UNLINKED.value, _("accounts unlinked")),
    (Kind.LAPSED.value, _("authorization lapsed")),
    (Kind.EARNED.value, _("reward earned")),
    (Kind.ON_ITS_WAY.value, _("reward on its way")),
    (Kind.DELIVERED.value, _("reward delivered")),
    (Kind.ATTENTION.value, _("needs attention")),
    (Kind.EXPIRING.value, _("about to expire")),
    (Kind.ELIGIBLE.value, _("can take part")),
]


class Notice(models.Model):
    """One thing that one person is told. It holds no text and no name: kind, what it is about, and codes (F8).

    ``key`` says what it is about, so that it exists once however often the same is reported. ``email_due_at`` is the outbox:
    a row with a time there is sent when that time has come; a lease moves that time. ``mail_id`` names the e-mail that it
    went into, or goes into again after a crash.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,
        related_name="notices",
        verbose_name=_("reader"),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=KIND_NAMES)
    key = models.CharField(max_length=100)
    # Nothing is protected by a notice, and no key but the reader's is checked: a check would have whoever moves a claim
    # wait for whoever edits its campaign. What a notice is about may be gone, and is then left out of its text.
    organization = models.ForeignKey(
        Organization, models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    game = models.ForeignKey(Game, models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="+")
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    campaign_reward = models.ForeignKey(
        CampaignReward, models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    viewer = models.ForeignKey(Viewer, models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="+")
    claim = models.ForeignKey(Claim, models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="+")
    link = models.ForeignKey(Link, models.CASCADE, null=True, db_constraint=False, db_index=False, related_name="+")
    parameters = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("created at"))
    read_at = models.DateTimeField(_("read at"), null=True)
    email_due_at = models.DateTimeField(null=True)
    email_attempts = models.PositiveSmallIntegerField(default=0)
    mail_id = models.CharField(max_length=ULID_LENGTH, blank=True)
    emailed_at = models.DateTimeField(_("sent by e-mail at"), null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="notice_once"),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in Kind]), name="notice_kind_known"),
            models.CheckConstraint(
                condition=Q(email_due_at=None) | Q(read_at=None), name="notice_is_not_sent_once_read"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_list"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=["email_due_at"], condition=Q(email_due_at__isnull=False), name="notice_due"),
            models.Index(fields=["claim"], condition=Q(claim__isnull=False), name="notice_claim"),
            models.Index(fields=["viewer"], condition=Q(viewer__isnull=False), name="notice_viewer"),
        ]

    def __str__(self) -> str:
        return self.key


class NoticePreference(models.Model):
    """Which groups of notices a person has sent by e-mail: none unless they switched it on themselves.

    A person without a row gets none. ``unsubscribe_key`` is what an unsubscribe link names: it says nothing about anybody.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="notice_preference"
    )
    links = models.BooleanField(
        _("Accounts"),
        default=False,
        help_text=_("When accounts are linked or unlinked, or a platform says that you must connect again."),
    )
    earned = models.BooleanField(_("Rewards earned"), default=False, help_text=_("When you can claim a reward here."))
    expiring = models.BooleanField(
        _("Reminders"), default=False, help_text=_("3 days and 24 hours before a reward can no longer be claimed.")
    )
    deliveries = models.BooleanField(
        _("Deliveries"), default=False, help_text=_("When a reward is on its way, and when it was delivered.")
    )
    attention = models.BooleanField(
        _("Trouble"), default=False, help_text=_("When a reward waits for you or is held up, and why.")
    )
    language = models.CharField(max_length=20, blank=True, editable=False)
    unsubscribe_key = models.CharField(max_length=43, unique=True, default=new_token, editable=False)

    class Meta:
        verbose_name = _("e-mail preference")
        verbose_name_plural = _("e-mail preferences")

    def __str__(self) -> str:
        return str(self.user_id)
