"""Claims that partners see get their place in the lists of the API: in the order in which they arrived (A3)."""

from typing import Any

from django.db import migrations, models

import fulfillment.rules.states

_LISTED = ("confirmed", "delivered", "delivering", "failed", "ready")


def number_listed_claims(apps: Any, schema_editor: Any) -> None:
    states = ", ".join(f"'{state}'" for state in _LISTED)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "UPDATE fulfillment_claim SET listed_no = numbered.no, listed_as = "
            "CASE WHEN source IN ('webhook', 'sweep') THEN platform ELSE 'portal' END "
            "FROM (SELECT id AS claim_id, row_number() OVER (PARTITION BY organization_id ORDER BY id) AS no "
            f"FROM fulfillment_claim WHERE state IN ({states})) AS numbered "
            "WHERE fulfillment_claim.id = numbered.claim_id"
        )
        cursor.execute(
            "INSERT INTO fulfillment_claimlisting (organization_id, last) SELECT organization_id, MAX(listed_no) "
            "FROM fulfillment_claim WHERE listed_no IS NOT NULL GROUP BY organization_id"
        )


class Migration(migrations.Migration):
    dependencies = [("fulfillment", "0004_partner_api")]

    operations = [
        migrations.RunPython(number_listed_claims, migrations.RunPython.noop, elidable=False),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', [fulfillment.rules.states.State['CONFIRMED'], fulfillment.rules.states.State['DELIVERED'], fulfillment.rules.states.State['DELIVERING'], fulfillment.rules.states.State['FAILED'], fulfillment.rules.states.State['READY']]), _negated=True), models.Q(('listed_no__isnull', False), models.Q(('listed_as', ''), _negated=True)), _connector='OR'), name='claim_listed_has_number'),
        ),
    ]
