"""What a person has sent by e-mail, and to which address; and the links by which they stop it without signing in (RFC 8058)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from fulfillment.models import Notice, NoticePreference
from fulfillment.rules.notices import GROUP_OF, Group, Kind
from portal.models import User

_SALT = "fulfillment.notices.unsubscribe"
"""No other token of the portal is signed with it: one that unsubscribes does nothing else, and no other unsubscribes."""


class BadToken(Exception):
    """This is no token of an unsubscribe link."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a person's e-mail goes: ``verified``, or, where that is empty, what has still to be verified."""

    verified: str = ""
    unverified: str = ""


def preference_of(user: User) -> NoticePreference:
    """Return what a person chose; one who never did gets nothing. Not stored where it was not chosen."""
    return NoticePreference.objects.filter(user=user).first() or NoticePreference(user=user)


def choose(*, user: User, groups: Collection[Group], language: str) -> NoticePreference:
    """Store which groups a person has sent by e-mail, in which language. What is due of the others is taken back."""
    chosen = {group.value: group in groups for group in Group}
    with transaction.atomic():
        preference, _new = NoticePreference.objects.update_or_create(
            user=user, defaults={**chosen, "language": language}
        )
        _take_back(user.pk, set(Group) - set(groups))
    return preference


def addresses_of(user: User) -> Addresses:
    """Return the address that e-mail goes to: the primary one of those verified, else the first verified."""
    rows = sorted(EmailAddress.objects.filter(user=user), key=lambda row: (not row.verified, not row.primary, row.pk))
    verified = next((row.email for row in rows if row.verified), "")
    return Addresses(verified=verified, unverified=next((row.email for row in rows if not row.verified), ""))


def verified_addresses(user_ids: Collection[int]) -> dict[int, str]:
    """Return the addresses of these people that e-mail goes to; who has none verified is missing. One query."""
    rows = EmailAddress.objects.filter(user__in=user_ids, user__is_active=True, verified=True)
    # Written over by what comes later: the primary one last.
    return dict(rows.order_by("primary", "-pk").values_list("user_id", "email"))


def unsubscribe_url(preference: NoticePreference) -> str:
    """Return the address that stops all e-mail of notices to a person. It says nothing about who they are."""
    token = _signer().sign(preference.unsubscribe_key)
    return f"{settings.BASE_URL}{reverse('unsubscribe', args=[token])}"


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SALT, sep=".")


def key_of_token(token: str) -> str:
    """Return what a token names, without asking the database. Raises ``BadToken``."""
    try:
        return _signer().unsign(token)
    except signing.BadSignature:
        raise BadToken from None


def unsubscribe(*, key: str) -> None:
    """Switch off all e-mail of notices for the person of this key. Twice is once, and one erased since is no fault."""
    with transaction.atomic():
        preference = NoticePreference.objects.select_for_update().filter(unsubscribe_key=key).first()
        if preference is not None:
            NoticePreference.objects.filter(pk=preference.pk).update(**{group.value: False for group in Group})
            _take_back(preference.user_id, set(Group))


def _take_back(user_id: int, groups: Collection[Group]) -> None:
    kinds = [kind.value for kind in Kind if GROUP_OF.get(kind) in groups]
    Notice.objects.filter(user=user_id, kind__in=kinds, email_due_at__isnull=False).update(email_due_at=None)
