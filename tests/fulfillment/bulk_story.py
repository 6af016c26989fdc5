"""Help for tests of actions on many: a studio with several members, an action that was asked for, and its turns."""

from __future__ import annotations

from datetime import datetime

from fulfillment import bulk
from fulfillment.models import BulkOperation, Claim
from fulfillment.rules.states import State
from portal.models import Organization, User
from portal.roles import Role
from tests.factories import NOW, make_staff
from tests.fulfillment.admin.story import Studio


class Crew(Studio):
    """A studio whose owner asks and whose second producer approves."""

    def __init__(self, *, above: int = 1000) -> None:
        super().__init__()
        Organization.objects.filter(pk=self.organization.pk).update(approval_above=above)
        self.asker: User = self.members[Role.OWNER]
        self.second: User = make_staff(self.organization, Role.PRODUCER)

    def asked(
        self, claims: int = 4, *, action: str = "retry", state: str = State.FAILED, now: datetime = NOW
    ) -> BulkOperation:
        """Choose new claims in ``state`` and confirm the action on them."""
        chosen = [self.claim(state).pk for _ in range(claims)]
        return self.confirmed(chosen, action=action, now=now)

    def confirmed(self, chosen: list[str], *, action: str = "retry", now: datetime = NOW) -> BulkOperation:
        operation = bulk.choose_claims(
            organization=self.organization,
            action=action,
            claims=Claim.objects.filter(pk__in=chosen),
            actor=self.asker,
            now=now,
        )
        bulk.confirm(operation=operation, reason="the backend is up", actor=self.asker, now=now)
        operation.refresh_from_db()
        return operation


def status_of(operation: BulkOperation) -> str:
    operation.refresh_from_db()
    return operation.status
