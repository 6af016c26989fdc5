"""A studio's own OpenID provider (OpenID Connect Core, section 5.3)."""

from __future__ import annotations

from tests.doubles.shapes.sign_in import Json, SignInShape


class SignIn(SignInShape):
    def users(self, people: list[Json]) -> Json:
        return people[0]


SIGN_IN = SignIn(
    authorize_path="/authorize",
    token_path="/token",
    user_path="/userinfo",
    person={},
    id_field="sub",
    name_fields=("name",),
    pkce=True,
)
