"""Model fields of the portal's own."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.fields.files import ImageFieldFile

from portal.images import ImageRules


class CheckedImageField(models.ImageField):
    """An image that has met R2 on every way in, kept as PNG under a content-hash name."""

    def __init__(self, *args: Any, rules: ImageRules, **kwargs: Any) -> None:
        self.rules = rules
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Name, path, args and kwargs for migrations; `rules` among them."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "rules": self.rules}


def rendition_url(image: ImageFieldFile) -> str:
    """Address of the small square rendition beside the image; empty when there is no image."""
    return f"{image.url}.80.png" if image else ""
