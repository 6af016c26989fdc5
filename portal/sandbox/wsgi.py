"""WSGI entry of the sandbox; ``portal.sandbox.server`` says how it is served."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.sandbox.settings"

application = get_wsgi_application()
