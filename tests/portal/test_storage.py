"""Files in the database: one row per content, never overwritten, served so that nothing in them runs."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.http import Http404, HttpResponseBase
from django.test import RequestFactory

from portal.media import serve_media
from portal.models.files import StoredFile
from portal.storage import DatabaseStorage

pytestmark = pytest.mark.django_db

storage = DatabaseStorage()


def test_a_file_comes_back_as_it_was_saved() -> None:
    name = storage.save("rewards/a.png", ContentFile(b"bytes \0\xff"))
    assert name == "rewards/a.png"
    assert storage.exists(name)
    assert storage.size(name) == 8
    with storage.open(name) as file:
        assert file.read() == b"bytes \0\xff"
    assert StoredFile.objects.get().content_type == "image/png"
    assert storage.get_created_time(name) == StoredFile.objects.get().created_at


def test_the_same_content_saved_twice_is_one_row() -> None:
    for _ in range(2):
        assert storage.save("a.png", ContentFile(b"one")) == "a.png"
    assert StoredFile.objects.count() == 1


def test_other_content_under_a_taken_name_overwrites_nothing() -> None:
    storage.save("a.png", ContentFile(b"one"))
    other = storage.save("a.png", ContentFile(b"two"))
    assert other.startswith("a_")
    assert other.endswith(".png")
    assert storage.open("a.png").read() == b"one"
    assert storage.open(other).read() == b"two"


def test_what_is_not_there_is_told_and_deleting_it_is_no_error() -> None:
    storage.delete("nothing.png")
    assert not storage.exists("nothing.png")
    for ask in (storage.open, storage.size, storage.get_created_time):
        with pytest.raises(FileNotFoundError):
            ask("nothing.png")  # type: ignore[operator]
    storage.delete(storage.save("a.png", ContentFile(b"one")))
    assert not StoredFile.objects.exists()


def test_a_file_is_read_only_and_its_name_stays_inside() -> None:
    storage.save("a.png", ContentFile(b"one"))
    with pytest.raises(ValueError, match="read-only"):
        storage.open("a.png", "wb")
    with pytest.raises(ValueError, match="at most 5"):
        storage.save("much-too-long.png", ContentFile(b"one"), max_length=5)


def test_the_address_is_under_media_url() -> None:
    assert storage.url("rewards/a b.png") == "/media/rewards/a%20b.png"


def get(name: str = "a.png", method: str = "get", **headers: str) -> HttpResponseBase:
    return serve_media(getattr(RequestFactory(), method)(f"/media/{name}", headers=headers), name)


@pytest.fixture
def image() -> bytes:
    content = b"\x89PNG content"
    storage.save("a.png", ContentFile(content))
    return content


def test_a_stored_file_is_served_for_ever_and_sandboxed(image: bytes) -> None:
    response = get()
    assert response.status_code == 200
    assert response.content == image  # type: ignore[attr-defined]
    assert dict(response.items()) == {
        "Content-Type": "image/png",
        "Content-Length": str(len(image)),
        "ETag": response["ETag"],
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


def test_a_browser_that_has_the_file_gets_304(image: bytes) -> None:
    tag = get()["ETag"]
    again = get(if_none_match=tag)
    assert again.status_code == 304
    assert again["ETag"] == tag
    assert not again.content  # type: ignore[attr-defined]
    assert get(if_none_match='"another"').status_code == 200


def test_head_tells_the_size_without_the_content(image: bytes) -> None:
    response = get(method="head")
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(image))
    assert not response.content  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_not_allowed(image: bytes, method: str) -> None:
    assert get(method=method).status_code == 405


@pytest.mark.parametrize("name", ["b.png", "", "../portal/settings.py", "A.PNG"])
def test_an_unknown_name_is_404(image: bytes, name: str) -> None:
    with pytest.raises(Http404):
        get(name)
