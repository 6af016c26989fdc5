"""Files kept in the database, so that any number of machines share them."""

from __future__ import annotations

from django.db import models


class StoredFile(models.Model):
    """One file as bytes, written once under its name and never changed (see `portal.storage`)."""

    name = models.CharField(max_length=200, unique=True)
    content = models.BinaryField()
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "portal"

    def __str__(self) -> str:
        return self.name
