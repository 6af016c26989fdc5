"""One action on many claims or events, chosen in the admin and worked off in the background (D5)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Reward
from portal.ids import ULIDField, new_ulid
from portal.models import Organization

MAX_CLAIMS = 100_000


class BulkOperation(models.Model):
    """An action on many claims or events; a row without ``confirmed_at`` was only chosen, and nothing happens before that.

    ``claim_ids`` are the keys of claims, of ``REPLAY`` those of event deliveries. ``position`` is the checkpoint: so many
    of them are dealt with. It is written in the transaction that deals with them, so that a crash neither skips nor
    repeats one. ``due_at`` is when a runner should take it up, and while one has it, when its lease ends. ``reward`` and
    ``campaign`` are what ``ASSIGN`` assigns.
    """

    class Action(models.TextChoices):
        """What is done: to claims, an operation of :mod:`fulfillment.claims`; to events, :mod:`fulfillment.events.replay`."""

        RETRY = "retry", _("retry")
        HOLD = "hold", _("hold")
        RELEASE = "release", _("release")
        ABANDON = "abandon", _("close without delivery")
        ASSIGN = "assign_reward", _("assign")
        REPLAY = "replay", _("send events again")

    id = ULIDField(primary_key=True, default=new_ulid)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(_("action"), max_length=16, choices=Action.choices)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    actor_label = models.CharField(_("by"), max_length=150)
    claim_ids = models.JSONField(default=list)
    reward = models.ForeignKey(
        Reward, on_delete=models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("reward")
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("campaign")
    )
    total = models.PositiveIntegerField(_("claims"))
    position = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    skipped = models.PositiveIntegerField(_("left as they were"), default=0)
    created_at = models.DateTimeField(_("chosen at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    due_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        constraints = [
            models.CheckConstraint(
                condition=Q(position=F("done") + F("skipped"), position__lte=F("total")), name="bulk_counts_add_up"
            ),
            models.CheckConstraint(
                condition=Q(due_at=None) | Q(confirmed_at__isnull=False, finished_at=None),
                name="bulk_due_is_confirmed",
            ),
            models.CheckConstraint(condition=Q(total__lte=MAX_CLAIMS), name="bulk_within_limit"),
            models.CheckConstraint(
                condition=Q(action="assign_reward") | Q(reward=None, campaign=None), name="bulk_assigns_or_not"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="bulk_due"),
            models.Index(fields=["organization", "-id"], name="bulk_list"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} ({self.total})"
