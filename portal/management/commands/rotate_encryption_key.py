"""``manage.py rotate_encryption_key``: encrypt every stored secret with the first key (S2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models, transaction
from django.db.models import Value
from django.db.models.functions import Cast

from portal.encryption import (
    PREFIX,
    DecryptionFailed,
    EncryptedTextField,
    needs_reencryption,
    reencrypt,
)

BATCH_SIZE = 500

JSON_COLUMNS = (("mfa", "Authenticator", "data"),)
"""Columns of other apps whose JSON holds encrypted texts: allauth keeps second factors so, through ``portal.staff``."""


@dataclass
class Tally:
    """What happened to the secrets of one column."""

    rewritten: int = 0
    unreadable: int = 0


class Command(BaseCommand):
    """Walks all encrypted columns of all models, and second factors. Safe to run again and while the portal runs."""

    help = (
        "Encrypt every stored secret with the first key of PORTAL_ENCRYPTION_KEYS. "
        "Afterwards the other keys can be removed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the operator say how many rows are read at once."""
        parser.add_argument(
            "--batch-size", type=int, default=BATCH_SIZE, help="rows read at once (default: %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate all columns. Raises ``CommandError`` where a secret could not be read."""
        unreadable = 0
        for model, field in encrypted_columns():
            tally = rotate_column(model=model, field_name=field.attname, batch_size=max(1, options["batch_size"]))
            unreadable += tally.unreadable
            self.stdout.write(f"{model._meta.label}.{field.name}: {tally.rewritten} encrypted anew")
        for app_label, model_name, field_name in JSON_COLUMNS:
            tally = rotate_json_column(model=apps.get_model(app_label, model_name), field_name=field_name)
            unreadable += tally.unreadable
            self.stdout.write(f"{app_label}.{model_name}.{field_name}: {tally.rewritten} encrypted anew")
        if unreadable:
            raise CommandError(
                f"{unreadable} secret(s) cannot be read with any key of PORTAL_ENCRYPTION_KEYS and were left as they "
                "are. Add the key that they were written with and run this again."
            )


def encrypted_columns() -> Iterator[tuple[type[models.Model], EncryptedTextField]]:
    """Yield each encrypted column of the installed models once."""
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.managed or model._meta.proxy:
            continue
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field


def rotate_column(*, model: type[models.Model], field_name: str, batch_size: int) -> Tally:
    """Encrypt the secrets of one column anew, in batches in key order.

    A row is written only if its secret is still the one that was read, so that nothing entered meanwhile is lost.
    """
    tally = Tally()
    rows = model._base_manager.annotate(stored=Cast(field_name, models.TextField()))
    last: Any = None
    while True:
        page = rows.order_by("pk") if last is None else rows.order_by("pk").filter(pk__gt=last)
        batch = list(page.values_list("pk", "stored")[:batch_size])
        for key, stored in batch:
            if not stored or not needs_reencryption(stored):
                continue
            try:
                fresh = Value(reencrypt(stored), output_field=models.TextField())
            except DecryptionFailed:
                tally.unreadable += 1
                continue
            tally.rewritten += rows.filter(pk=key, stored=stored).update(**{field_name: fresh})
        if len(batch) < batch_size:
            return tally
        last = batch[-1][0]


def rotate_json_column(*, model: type[models.Model], field_name: str) -> Tally:
    """Encrypt anew all encrypted texts within one JSON column, row by row under a lock. Tallies texts."""
    tally = Tally()
    for key in model._base_manager.order_by("pk").values_list("pk", flat=True).iterator():
        with transaction.atomic():
            row = model._base_manager.select_for_update().filter(pk=key).values_list(field_name, flat=True).first()
            before = tally.rewritten
            fresh = _rotate_within(row, tally)
            if tally.rewritten > before:
                model._base_manager.filter(pk=key).update(**{field_name: fresh})
    return tally


def _rotate_within(value: Any, tally: Tally) -> Any:
    if isinstance(value, dict):
        return {name: _rotate_within(part, tally) for name, part in value.items()}
    if isinstance(value, list):
        return [_rotate_within(part, tally) for part in value]
    if not isinstance(value, str) or not value.startswith(PREFIX) or not needs_reencryption(value):
        return value
    try:
        fresh = reencrypt(value)
    except DecryptionFailed:
        tally.unreadable += 1
        return value
    tally.rewritten += 1
    return fresh
