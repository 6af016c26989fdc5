"""The portal's own ids."""

from __future__ import annotations

import re

from django.db import connection, models

from portal.ids import ULIDField, new_ulid


def test_an_id_is_a_ulid_and_new_each_time() -> None:
    made = {new_ulid() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", one) for one in made)


def test_migrations_name_only_what_is_special() -> None:
    assert ULIDField(primary_key=True).deconstruct()[1:] == ("portal.ids.ULIDField", [], {"primary_key": True})
    assert ULIDField(default="x", editable=True, max_length=30).deconstruct()[3] == {
        "default": "x",
        "editable": True,
        "max_length": 30,
    }


def test_the_field_makes_its_own_value_and_is_no_form_field() -> None:
    field = ULIDField()
    assert field.default is new_ulid
    assert not field.editable
    assert isinstance(field, models.CharField)
    assert field.db_type(connection) in ("varchar(26)", "character varying(26)")
