"""The worker processes that deliver, as far as they are heard from (O3)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.ids import ULIDField, new_ulid


class Worker(models.Model):
    """One running drain. It refreshes ``beat_at`` every few seconds and removes its row when it stops in order.

    ``place`` names the machine, its boot and the process namespace: on the same place a process that is gone can be
    told at once, elsewhere only by its silence.
    """

    id = ULIDField(primary_key=True, default=new_ulid)
    place = models.CharField(_("place"), max_length=200)
    pid = models.PositiveIntegerField(_("process id"))
    started_at = models.DateTimeField(_("started at"))
    beat_at = models.DateTimeField(_("heard from at"))

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        indexes = [models.Index(fields=["beat_at"], name="worker_beat")]

    def __str__(self) -> str:
        return f"{self.place} {self.pid}"
