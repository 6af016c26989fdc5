"""The course of bulk actions: their status, who answers for them, and the approval of a second member."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F


def tell_statuses(apps, schema_editor):
    """Say of the actions that are there how far they are; whoever asked for one answers for it."""
    operations = apps.get_model("fulfillment", "BulkOperation").objects
    operations.filter(confirmed_at__isnull=False, finished_at=None).update(status="running", responsible=F("actor"))
    operations.filter(finished_at__isnull=False).update(status="finished", responsible=F("actor"))


class Migration(migrations.Migration):
    dependencies = [
        ("fulfillment", "0010_codes_and_limits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="bulkoperation",
            name="bulk_due_is_confirmed",
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="approval_above",
            field=models.PositiveIntegerField(null=True, verbose_name="approval above"),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="approver",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="approver_label",
            field=models.CharField(blank=True, db_default="", max_length=150, verbose_name="decided by"),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="decided_at",
            field=models.DateTimeField(null=True, verbose_name="decided at"),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="decision_reason",
            field=models.CharField(blank=True, db_default="", max_length=500, verbose_name="reason of the decision"),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="expires_at",
            field=models.DateTimeField(null=True, verbose_name="approval until"),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="halt_reason",
            field=models.CharField(blank=True, db_default="", max_length=500, verbose_name="reason of the stop"),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="halted_at",
            field=models.DateTimeField(null=True, verbose_name="stopped at"),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="halted_by",
            field=models.CharField(blank=True, db_default="", max_length=150, verbose_name="stopped by"),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="responsible",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="bulkoperation",
            name="status",
            field=models.CharField(
                choices=[
                    ("chosen", "chosen"),
                    ("asked", "waits for approval"),
                    ("running", "under way"),
                    ("paused", "paused"),
                    ("finished", "finished"),
                    ("cancelled", "cancelled"),
                    ("refused", "refused"),
                    ("withdrawn", "withdrawn"),
                    ("expired", "expired without approval"),
                ],
                db_default="chosen",
                default="chosen",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkoperation",
            index=models.Index(
                condition=models.Q(("status__in", ["asked", "running", "paused"])),
                fields=["organization", "status"],
                name="bulk_open",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkoperation",
            index=models.Index(condition=models.Q(("status", "asked")), fields=["expires_at"], name="bulk_expiring"),
        ),
        migrations.RunPython(tell_statuses, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="bulkoperation",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at", None), ("status", "running"), _connector="OR"), name="bulk_due_is_running"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkoperation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at", None), ("status", "chosen")),
                    models.Q(models.Q(("status", "chosen"), _negated=True), ("confirmed_at__isnull", False)),
                    _connector="OR",
                ),
                name="bulk_confirmed_or_chosen",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkoperation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("finished_at__isnull", False),
                        ("status__in", ("cancelled", "expired", "finished", "refused", "withdrawn")),
                    ),
                    models.Q(
                        models.Q(
                            ("status__in", ("cancelled", "expired", "finished", "refused", "withdrawn")), _negated=True
                        ),
                        ("finished_at", None),
                    ),
                    _connector="OR",
                ),
                name="bulk_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkoperation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "finished"), _negated=True), ("position", models.F("total")), _connector="OR"
                ),
                name="bulk_finished_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkoperation",
            constraint=models.CheckConstraint(
                condition=models.Q(("approver", models.F("actor")), _negated=True), name="bulk_approved_by_another"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkoperation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approval_above", None),
                    models.Q(("position", 0), ("status__in", ["asked", "refused", "withdrawn", "expired"])),
                    ("decided_at__isnull", False),
                    _connector="OR",
                ),
                name="bulk_begins_approved",
            ),
        ),
    ]
