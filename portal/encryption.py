"""Secrets at rest: encrypted with keys from the environment, which can be changed while the portal runs (S2).

``settings.PORTAL_ENCRYPTION_KEYS`` lists the keys. The first encrypts, all of them decrypt. To change the key, put a
new one in front, restart, run ``manage.py rotate_encryption_key``, then remove the old one.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured, ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    TextField = models.TextField[str, str]
else:
    TextField = models.TextField

PREFIX = "enc1:"
"""Stands before everything encrypted here, so that plain text is never taken for it, nor it for plain text."""

MINIMUM_KEY_LENGTH = 32


class DecryptionFailed(Exception):
    """A stored secret is not ours, is damaged, or was written with a key that is no longer set."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret cannot be read with the encryption keys that are set. "
            "Add the key that it was written with to PORTAL_ENCRYPTION_KEYS, behind the first."
        )


def encrypt(text: str) -> str:
    """Return ``text`` encrypted with the first key. Two calls give two different results."""
    return PREFIX + _keyring().encrypt(text.encode("utf-8", "surrogatepass")).decode("ascii")


def decrypt(value: str) -> str:
    """Return the text that ``encrypt`` was given. Raises ``DecryptionFailed``."""
    try:
        return _keyring().decrypt(_token(value)).decode("utf-8", "surrogatepass")
    except InvalidToken:
        raise DecryptionFailed from None


def reencrypt(value: str) -> str:
    """Return what ``encrypt`` made with any of the keys, now made with the first. Raises ``DecryptionFailed``."""
    try:
        return PREFIX + _keyring().rotate(_token(value)).decode("ascii")
    except InvalidToken:
        raise DecryptionFailed from None


def needs_reencryption(value: str) -> bool:
    """Tell whether ``value`` was not made with the first key."""
    try:
        _fernet(settings.PORTAL_ENCRYPTION_KEYS[0]).decrypt(_token(value))
    except (InvalidToken, DecryptionFailed):
        return True
    return False


def _token(value: str) -> bytes:
    if not value.startswith(PREFIX):
        raise DecryptionFailed
    return value[len(PREFIX) :].encode("utf-8", "replace")


def _keyring() -> MultiFernet:
    return _keyring_of(tuple(settings.PORTAL_ENCRYPTION_KEYS))


@lru_cache(maxsize=8)
def _keyring_of(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("PORTAL_ENCRYPTION_KEYS is empty: secrets can neither be stored nor read.")
    return MultiFernet([_fernet(key) for key in keys])


@lru_cache(maxsize=8)
def _fernet(key: str) -> Fernet:
    if len(key) < MINIMUM_KEY_LENGTH:
        raise ImproperlyConfigured(
            f"A key in PORTAL_ENCRYPTION_KEYS has {len(key)} characters. "
            f"It needs at least {MINIMUM_KEY_LENGTH}, made at random."
        )
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"drops-portal encryption v1")
    return Fernet(base64.urlsafe_b64encode(derived.derive(key.encode())))


class SecretText(str):
    """A secret as read from the database: a ``str`` that does not show itself in tracebacks and debug output."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the text."""
        return "'********'"


class EncryptedTextField(TextField):
    """Text that is encrypted in the database and plain in Python.

    An empty text is stored as such. Encrypting gives another result each time, so the column cannot be searched:
    only ``isnull`` is a permitted lookup. ``dumpdata`` writes the text encrypted.
    """

    def from_db_value(self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper) -> str | None:
        """Decrypt what was read. Raises ``DecryptionFailed``."""
        if not value:
            return value
        return SecretText(decrypt(value))

    def get_prep_value(self, value: Any) -> Any:
        """Give the text as it is: what is written is plain text, whatever it looks like."""
        prepared = models.Field.get_prep_value(self, value)
        return prepared if prepared is None or isinstance(prepared, str) else str(prepared)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Encrypt what is about to be written."""
        prepared = super().get_db_prep_save(value, connection)
        return encrypt(prepared) if isinstance(prepared, str) and prepared else prepared

    def value_to_string(self, obj: models.Model) -> str:
        """Give serializers the text encrypted."""
        value = self.value_from_object(obj)
        return encrypt(value) if value else value

    def to_python(self, value: Any) -> Any:
        """Take plain text, or the encrypted text of a serializer."""
        text = super().to_python(value)
        if not isinstance(text, str) or not text.startswith(PREFIX):
            return text
        try:
            return SecretText(decrypt(text))
        except DecryptionFailed:
            raise ValidationError(
                _("This secret is encrypted with a key that is not set here. Enter the secret itself."),
                code="undecryptable",
            ) from None

    def get_lookup(self, lookup_name: str) -> Any:
        """Permit ``isnull`` alone. Raises ``FieldError``."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted and cannot be searched: only isnull is possible.")
        return super().get_lookup(lookup_name)
