"""Model fields of the portal's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.validators import validate_image_file_extension
from django.db import models
from django.db.models.fields.files import FieldFile, ImageFieldFile, ImageFileDescriptor

from portal.images import (
    ImageRefused,
    ImageRules,
    PreparedImage,
    prepare_image,
    refuse_bytes,
)
from portal.sentences import Sentence


class CheckedImageField(models.ImageField):
    """An image that meets R2 on every way in, kept as PNG under a content-hash name.

    The check is a validator of the field (model cleaning and API serializers run it), its form field runs it
    when the form is cleaned, and saving a file that nobody has checked runs it at the latest; each raises
    ValidationError. Stored are `<folder of the rules>/<hash>.png` and, where the rules ask for one, the rendition beside
    it. A stored image is not touched again by further saves. Bytes may be assigned as well as files.
    """

    def __init__(self, *args: Any, rules: ImageRules, **kwargs: Any) -> None:
        self.rules = rules
        kwargs["upload_to"] = f"{rules.folder}/"
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Name, path, args and kwargs for migrations; `rules` among them."""
        name, path, args, kwargs = super().deconstruct()
        del kwargs["upload_to"]  # Follows from the rules.
        return name, path, args, {**kwargs, "rules": self.rules}

    @property
    def validators(self) -> list[Callable[[Any], None]]:
        """The usual ones and the image check; not part of `deconstruct`, since it follows from the rules."""
        return [*super().validators, ImageCheck(self.rules)]

    def formfield(self, **kwargs: Any) -> Any:
        """A form field that runs the same check, says what is allowed, and ignores the file's name."""
        defaults: dict[str, Any] = {
            "form_class": CheckedImageFormField,
            "rules": self.rules,
        }
        if not self.help_text:
            defaults["help_text"] = self.rules.allowed
        return super().formfield(**{**defaults, **kwargs})


class _Descriptor(ImageFileDescriptor):
    """Lets bytes and nameless files be assigned; Django would take a file without a name for no file."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        if isinstance(value, bytes | bytearray | memoryview):
            value = ContentFile(bytes(value), name="image")
        elif isinstance(value, File) and not isinstance(value, FieldFile) and not value.name:
            value.name = "image"
        super().__set__(instance, value)


class CheckedImageFieldFile(ImageFieldFile):
    """The stored image of one row."""

    field: CheckedImageField

    @property
    def rendition_name(self) -> str:
        """Storage name of the small square rendition; empty when there is no image or no rendition."""
        side = self.field.rules.rendition
        return f"{self.name}.{side}.png" if self.name and side else ""

    @property
    def rendition_url(self) -> str:
        """Address of the small square rendition; empty when there is no image or no rendition."""
        return self.storage.url(self.rendition_name) if self.rendition_name else ""

    def save(self, name: str | None, content: File[bytes] | bytes, save: bool = True) -> None:
        """Check, re-encode and store; `name` is ignored. Raises ValidationError for this field."""
        file = content if isinstance(content, File) else ContentFile(bytes(content))
        try:
            prepared = check_image_file(file, rules=self.field.rules)
        except ValidationError as error:
            raise ValidationError({self.field.name: error.error_list}) from error
        digest = hashlib.sha256(prepared.png).hexdigest()[:20]
        super().save(f"{digest}.png", ContentFile(prepared.png), save=False)
        if prepared.rendition is not None and not self.storage.exists(self.rendition_name):
            self.storage.save(self.rendition_name, ContentFile(prepared.rendition))
        if save:
            self.instance.save()


CheckedImageField.attr_class = CheckedImageFieldFile
CheckedImageField.descriptor_class = _Descriptor


class ImageCheck:
    """A validator for files that come in; leaves a stored image alone."""

    def __init__(self, rules: ImageRules) -> None:
        self.rules = rules

    def __call__(self, value: Any) -> None:
        """Raise ValidationError, saying what was found and what is allowed."""
        if isinstance(value, FieldFile):
            if not value or value._committed:  # type: ignore[attr-defined]
                return
            value = value.file
        check_image_file(value, rules=self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ImageCheck) and self.rules == other.rules

    def __hash__(self) -> int:
        return hash(self.rules)


class CheckedImageFormField(forms.ImageField):
    """A file input whose file is judged by its content, by `rules`, when the form is cleaned."""

    def __init__(self, *, rules: ImageRules, **kwargs: Any) -> None:
        self.rules = rules
        kwargs.update(max_length=None, allow_empty_file=True)  # The name is not kept; the check names an empty file.
        super().__init__(**kwargs)
        # Django's own looks at the extension of the name.
        self.validators = [check for check in self.validators if check is not validate_image_file_extension]

    def to_python(self, data: Any) -> Any:
        """The uploaded file, checked: `image_notices` then has what is to be told about it."""
        # Past Django's ImageField, which would open every format that Pillow knows.
        file = super(forms.ImageField, self).to_python(data)
        if file is not None:
            check_image_file(file, rules=self.rules)
        return file

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Has the file chooser offer what is allowed."""
        attrs = super().widget_attrs(widget)
        if isinstance(widget, forms.FileInput):
            attrs["accept"] = "image/png,image/jpeg,image/gif,image/webp"
        return attrs


def check_image_file(file: File[bytes], *, rules: ImageRules) -> PreparedImage:
    """The file as it will be kept; worked out once and remembered on it, its `notices` too.

    Raises ValidationError (code `image`), saying what was found and what is allowed.
    """
    done: tuple[ImageRules, PreparedImage] | None = getattr(file, "prepared_image", None)
    if done is not None and done[0] == rules:
        return done[1]
    try:
        refuse_bytes(file.size, rules=rules)
        file.seek(0)
        prepared = prepare_image(file.read(), rules=rules)
        file.seek(0)
    except ImageRefused as error:
        raise ValidationError(str(error), code="image") from error
    file.prepared_image = rules, prepared  # type: ignore[attr-defined]
    file.notices = list(prepared.notices)  # type: ignore[attr-defined]
    return prepared


def image_notices(form: forms.BaseForm) -> list[Sentence]:
    """What is to be told about the images uploaded in a valid form, in the order of its fields."""
    files = (form.cleaned_data.get(name) for name in form.changed_data)
    return [notice for file in files for notice in getattr(file, "notices", ())]


def rendition_url(image: FieldFile) -> str:
    """Address of the small square rendition beside the image; empty when there is no image or no rendition."""
    return image.rendition_url if isinstance(image, CheckedImageFieldFile) else ""
