"""S1: the table of roles cell by cell, and what analysts see of an identifier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.roles import Permission, Role, allows, mask

ROLES = [Role.OWNER, Role.PRODUCER, Role.SUPPORT, Role.ANALYST]
TABLE = {
    Permission.SEE_CAMPAIGNS: "yyyy",
    Permission.SEE_PEOPLE: "yyyn",
    Permission.SEE_PEOPLE_MASKED: "yyyy",
    Permission.EDIT_CAMPAIGNS: "yynn",
    Permission.PUBLISH: "y?nn",
    Permission.MEND: "yyyn",
    Permission.BULK: "yynn",
    Permission.MANAGE: "ynnn",
}
CELLS = [(role, permission, cell) for permission, row in TABLE.items() for role, cell in zip(ROLES, row, strict=True)]


@pytest.mark.parametrize(("role", "permission", "cell"), CELLS)
@pytest.mark.parametrize("producers_may_publish", [True, False])
def test_s1_each_cell_of_the_table(role: Role, permission: Permission, cell: str, producers_may_publish: bool) -> None:
    wanted = producers_may_publish if cell == "?" else cell == "y"
    assert allows(role, permission, producers_may_publish=producers_may_publish) is wanted
    assert allows(str(role), str(permission), producers_may_publish=producers_may_publish) is wanted


def test_s1_the_table_above_names_every_role_and_permission() -> None:
    assert set(TABLE) == set(Permission)
    assert set(ROLES) == set(Role)


@pytest.mark.parametrize(("role", "permission"), [("admin", "mend"), ("", "mend"), ("owner", "everything")])
def test_s1_what_no_table_names_is_an_error_and_never_allowed(role: str, permission: str) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        allows(role, permission, producers_may_publish=True)


@pytest.mark.parametrize(
    ("identifier", "masked"),
    [
        ("", ""),
        ("a", "••••••"),
        ("12345", "••••••"),
        ("123456", "12••••••"),
        ("18446744073709551615", "18••••••"),
        ("streamer_name", "st••••••"),
    ],
)
def test_s1_an_analyst_sees_at_most_two_characters(identifier: str, masked: str) -> None:
    assert mask(identifier) == masked


@given(st.text(min_size=1))
def test_s1_a_mask_is_steady_and_tells_no_length(identifier: str) -> None:
    masked = mask(identifier)
    assert masked == mask(identifier)
    assert masked in ("••••••", identifier[:2] + "••••••")
