"""Django storage that keeps files as rows, for the few small images a studio uploads."""

from __future__ import annotations

import mimetypes
import posixpath
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.utils.crypto import get_random_string
from django.utils.deconstruct import deconstructible
from django.utils.encoding import filepath_to_uri

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from portal.models.files import StoredFile


@deconstructible
class DatabaseStorage(Storage):
    """Files as rows of `StoredFile`: written once, never changed, the same on every machine.

    The same content saved again under its name is the same row, which makes content-hash names work and
    saving idempotent. Other content under a taken name gets a name of its own: nothing is overwritten.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: whether it is taken depends on the content, which `_save` knows."""
        if max_length is not None and len(name) > max_length:
            raise ValueError(f"the file name has {len(name)} characters; at most {max_length} are allowed")
        return name

    def _save(self, name: str, content: File[bytes]) -> str:
        data = b"".join(_as_bytes(chunk) for chunk in content.chunks())
        content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        while True:
            row, created = _rows().get_or_create(
                name=name,
                defaults={
                    "content": data,
                    "content_type": content_type,
                    "size": len(data),
                },
            )
            if created or bytes(row.content) == data:
                return name
            stem, extension = posixpath.splitext(name)
            name = f"{stem}_{get_random_string(7)}{extension}"

    def _open(self, name: str, mode: str = "rb") -> ContentFile[bytes]:
        if mode != "rb":
            raise ValueError("a stored file is read-only: save a new one")
        content = _rows().filter(name=name).values_list("content", flat=True).first()
        if content is None:
            raise FileNotFoundError(name)
        return ContentFile(bytes(content), name=name)

    def exists(self, name: str) -> bool:
        """Whether a file of this name is stored."""
        return _rows().filter(name=name).exists()

    def delete(self, name: str) -> None:
        """Remove the file; removing one that is not there is no error."""
        _rows().filter(name=name).delete()

    def size(self, name: str) -> int:
        """Bytes; raises FileNotFoundError."""
        return int(self._value(name, "size"))

    def get_created_time(self, name: str) -> datetime:
        """When it was stored, as an aware time; raises FileNotFoundError."""
        created_at: datetime = self._value(name, "created_at")
        return created_at

    get_modified_time = get_created_time

    def url(self, name: str | None) -> str:
        """The address under MEDIA_URL where `portal.media.serve_media` answers."""
        return urljoin(settings.MEDIA_URL, filepath_to_uri(name or "").lstrip("/"))

    def _value(self, name: str, column: str) -> Any:
        value = _rows().filter(name=name).values_list(column, flat=True).first()
        if value is None:
            raise FileNotFoundError(name)
        return value


def _rows() -> QuerySet[StoredFile]:
    # Imported late: models name this storage while the apps are still loading.
    from portal.models.files import StoredFile

    return StoredFile._default_manager.all()


def _as_bytes(chunk: bytes | str | IO[Any]) -> bytes:
    return chunk.encode() if isinstance(chunk, str) else bytes(chunk)
