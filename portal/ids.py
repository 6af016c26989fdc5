"""Identifiers that leave the portal: ULIDs, 26 characters, sortable by the millisecond they were made in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from ulid import ULID

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField

ULID_LENGTH = 26


def new_ulid() -> str:
    """Return a new ULID in its canonical form: 26 characters of Crockford's base 32, upper case.

    Two made in the same millisecond sort in any order, and the order of making is not the order of commit.
    """
    return str(ULID())


def first_ulid_at(moment: datetime) -> str:
    """Return the lowest ULID of a moment: every one made earlier is less."""
    return str(ULID.from_timestamp(moment.timestamp()))[:10] + "0" * 16


class ULIDField(CharField):
    """Holds a ULID, by default a new one. As a primary key it needs no round trip to learn its value.

    Only for ids of our own: a platform's ids are plain text and never checked to be ULIDs.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", ULID_LENGTH)
        kwargs.setdefault("default", new_ulid)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Leave out of migrations what every field of this class has."""
        name, path, args, kwargs = super().deconstruct()
        if kwargs.get("max_length") == ULID_LENGTH:
            del kwargs["max_length"]
        if kwargs.get("default") is new_ulid:
            del kwargs["default"]
        if self.editable:
            kwargs["editable"] = True
        else:
            kwargs.pop("editable", None)
        return name, path, list(args), kwargs

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Name the column's type.

        PostgreSQL's ``varchar`` by its long name: Django gives each indexed ``varchar`` column a second index for
        LIKE, which for ids that are only ever compared whole doubles the cost of an insert.
        """
        if connection.vendor == "postgresql":
            return f"character varying({self.max_length})"
        return super().db_type(connection)
