"""The web process. It refuses to start in production with development's settings (S2)."""

import logging
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

from portal.checks import refuse_unsafe_production  # noqa: E402 - the settings have to be there first
from portal.logs import UnreadableRequestFilter  # noqa: E402

logging.getLogger("gunicorn.error").addFilter(UnreadableRequestFilter())

# Only management commands run Django's checks by themselves; a web server imports this module and nothing else.
refuse_unsafe_production()
