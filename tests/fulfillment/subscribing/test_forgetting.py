"""A webhook secret that was replaced is forgotten by itself once nothing is signed with it any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fulfillment.models import PlatformSubscription
from portal.models import AuditEntry
from tests.fulfillment.subscribing.studio import Studio

pytestmark = pytest.mark.django_db
OLD, NEW = "webhook-secret-0123456789", "another-secret-0123"


def rotate(studio: Studio) -> None:
    studio.change(
        webhook_secret=NEW,
        previous_webhook_secret=studio.credential.webhook_secret,
        webhook_secret_set_at=studio.clock(),
    )


def test_a_day_after_everything_was_renewed_the_secret_before_is_forgotten(studio: Studio) -> None:
    studio.settle()
    rotate(studio)
    studio.settle()
    studio.run(hours=23)
    assert studio.credential.previous_webhook_secret == OLD
    studio.run(hours=1)
    credential = studio.credential
    assert (credential.webhook_secret, credential.previous_webhook_secret) == (NEW, "")
    entry = AuditEntry.objects.get(object_id=credential.pk)
    assert (entry.action, entry.actor, entry.actor_label) == ("forgot previous webhook secret", None, "portal")
    assert NEW not in str(entry.__dict__) and OLD not in str(entry.__dict__)
    studio.run(hours=1)
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("still", ["pending", "ended", "refused"])
def test_while_one_is_not_at_work_the_secret_before_is_accepted(still: str, studio: Studio) -> None:
    studio.settle()
    rotate(studio)
    studio.settle()
    keep_from_work = {"state": still, "due_at": studio.clock() + timedelta(days=9), "attempts": 3}
    PlatformSubscription.objects.filter(type="drop.entitlement.grant").update(**keep_from_work)
    studio.run(hours=30)
    assert studio.credential.previous_webhook_secret == OLD


def test_one_that_is_at_work_with_the_secret_before_keeps_it(studio: Studio) -> None:
    studio.settle()
    rotate(studio)
    studio.settle()
    rows = PlatformSubscription.objects.filter(type="drop.entitlement.grant")
    rows.update(secret_digest="old", attempts=1, due_at=studio.clock() + timedelta(days=9))
    studio.run(hours=30)
    assert studio.credential.previous_webhook_secret == OLD


def test_where_nothing_is_wanted_nobody_knows_who_signs_with_it(make_studio: Any) -> None:
    studio = make_studio("twitch", platform_organization_id="", client_id="")
    rotate(studio)
    for _day in range(3):
        studio.run(hours=24)
    assert studio.credential.previous_webhook_secret == OLD
