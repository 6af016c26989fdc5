"""R2 on the model field: form, serializer and code meet the same check, and what is stored is the result."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models
from django.db.migrations.serializer import serializer_factory
from django.test.utils import isolate_apps
from PIL import Image
from rest_framework import serializers

from portal.fields import CheckedImageField, image_notices, rendition_url
from portal.images import GAME_ART, REWARD_IMAGE
from portal.models.files import StoredFile
from tests.portal import image_files as files

with isolate_apps("django.contrib.contenttypes"):

    class Badge(models.Model):
        image = CheckedImageField("image", rules=REWARD_IMAGE, blank=True)
        art = CheckedImageField("art", rules=GAME_ART, blank=True)

        class Meta:
            app_label = "contenttypes"

        def __str__(self) -> str:
            return self.image.name


class BadgeForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Badge
        fields = ("image",)


class BadgeSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    class Meta:
        model = Badge
        fields = ("image",)


@pytest.fixture(autouse=True)
def table(transactional_db: None) -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.create_model(Badge)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Badge)


def upload(data: bytes, name: str = "photo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="application/x-lie")


def form(data: bytes, name: str = "photo.png", instance: Badge | None = None) -> BadgeForm:
    return BadgeForm({}, {"image": upload(data, name)}, instance=instance)


def stored(badge: Badge) -> Image.Image:
    with badge.image.open() as file:
        image = Image.open(BytesIO(file.read()))
    image.load()
    return image


def test_r2_a_form_stores_the_re_encoded_image_and_its_rendition() -> None:
    filled = form(files.rotated_photo(), "../../photo of me.JPEG.exe")
    assert filled.is_valid(), filled.errors
    badge = Badge.objects.get(pk=filled.save().pk)
    assert stored(badge).size == (120, 80)
    assert stored(badge).format == "PNG"
    name = badge.image.name
    assert name.startswith("rewards/")
    assert len(name) == len("rewards/.png") + 20
    assert set(StoredFile.objects.values_list("name", flat=True)) == {name, f"{name}.80.png"}
    assert rendition_url(badge.image) == badge.image.rendition_url == f"/media/{name}.80.png"
    with badge.image.storage.open(f"{name}.80.png") as file:
        assert Image.open(BytesIO(file.read())).size == (80, 80)


def test_r2_the_same_picture_uploaded_twice_is_stored_once() -> None:
    first, second = form(files.png()).save(), form(files.png(), "other.gif").save()
    assert first.image.name == second.image.name
    assert StoredFile.objects.count() == 2


@pytest.mark.parametrize("data", [b"", files.SVG, files.HTML, files.png(121, 120), files.png_of_size(262_145)])
def test_r2_a_form_tells_what_was_found_and_what_is_allowed(data: bytes) -> None:
    filled = form(data)
    assert not filled.is_valid()
    assert len(filled.errors["image"]) == 1
    assert "Allowed: PNG, JPEG, GIF or WebP, at most 120×120 pixels" in filled.errors["image"][0]
    assert not StoredFile.objects.exists()


def test_r2_a_name_of_any_kind_and_length_is_ignored() -> None:
    assert form(files.png(), "x" * 300).is_valid()
    assert form(files.png(), "picture.html").is_valid()


def test_r2_a_form_has_the_notice_of_an_animation() -> None:
    filled = form(files.animated("GIF"))
    assert filled.is_valid()
    assert [str(notice) for notice in image_notices(filled)] == [
        "The file holds several frames. Only the first one is kept."
    ]
    filled.save()
    assert len(image_notices(filled)) == 1
    unchanged = BadgeForm({}, {}, instance=filled.instance)
    assert unchanged.is_valid()
    assert image_notices(unchanged) == []


def test_r2_the_form_says_beforehand_what_is_allowed() -> None:
    html = BadgeForm().as_div()
    assert "at most 120×120 pixels and 256 KiB" in html
    assert 'accept="image/png,image/jpeg,image/gif,image/webp"' in html


def test_r2_code_that_saves_meets_the_check_too() -> None:
    for content in (files.png(), ContentFile(files.png()), ContentFile(files.png(), name="a.gif")):
        badge = Badge.objects.create(image=content)
        assert stored(Badge.objects.get(pk=badge.pk)).size == (120, 120)
    badge = Badge()
    badge.image.save("x", ContentFile(files.png(9, 9)))
    assert stored(Badge.objects.get(pk=badge.pk)).size == (9, 9)
    for bad in (b"no picture", ContentFile(files.SVG), ContentFile(b"", name="a.png")):
        with pytest.raises(ValidationError) as caught:
            Badge.objects.create(image=bad)
        assert list(caught.value.message_dict) == ["image"]
        with pytest.raises(ValidationError):
            Badge(image=bad).full_clean()
    assert Badge.objects.count() == 4


def test_r2_a_serializer_answers_with_the_same_sentence() -> None:
    good = BadgeSerializer(data={"image": upload(files.png())})
    assert good.is_valid(), good.errors
    assert stored(good.save()).size == (120, 120)
    bad = BadgeSerializer(data={"image": upload(files.png(121, 120))})
    assert not bad.is_valid()
    assert "121×120" in str(bad.errors["image"])


def test_r2_saving_an_unchanged_row_stores_nothing_again(django_assert_num_queries: Any) -> None:
    badge = Badge.objects.get(pk=Badge.objects.create(image=files.png()).pk)
    StoredFile.objects.all().delete()
    with django_assert_num_queries(1):
        badge.save()
    badge.full_clean()
    unchanged = BadgeForm({}, {}, instance=badge)
    assert unchanged.is_valid()
    assert unchanged.save().image.name == badge.image.name
    assert not StoredFile.objects.exists()


def test_r2_an_image_is_replaced_and_the_old_one_stays_for_others_that_share_it() -> None:
    badge = form(files.png()).save()
    old = badge.image.name
    badge.image = files.png(50, 50)
    badge.save()
    assert badge.image.name != old
    assert StoredFile.objects.filter(name=old).exists()


def test_r2_no_image_is_no_image() -> None:
    badge = Badge.objects.create()
    assert not badge.image
    assert rendition_url(badge.image) == ""
    art = Badge.objects.create(art=files.encoded(files.halves(640, 360), "JPEG")).art
    assert art.name.startswith("art/")
    assert rendition_url(art) == ""
    assert StoredFile.objects.count() == 1


def test_the_fields_migration_is_stable() -> None:
    field = Badge._meta.get_field("image")
    name, path, args, kwargs = field.deconstruct()
    assert (name, path, args) == ("image", "portal.fields.CheckedImageField", [])
    assert kwargs == {"verbose_name": "image", "blank": True, "rules": REWARD_IMAGE}
    again = CheckedImageField(**kwargs)
    again.set_attributes_from_name("image")
    assert again.deconstruct() == field.deconstruct()
    assert field.clone().deconstruct()[1:] == field.deconstruct()[1:]
    written, imports = serializer_factory(kwargs["rules"]).serialize()
    assert written.startswith("portal.images.ImageRules(")
    assert imports == {"import portal.images"}
    assert eval(written, {"portal": __import__("portal.images")}) == REWARD_IMAGE
