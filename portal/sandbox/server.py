"""How the sandbox's web server runs: ``python -m gunicorn -c python:portal.sandbox.server``.

Several threads in one process: while the sandbox waits for the portal's answer to a webhook, the
portal may ask the sandbox for Kick's public key, and a game told to hang holds a thread each time.
"""

import os

wsgi_app = "portal.sandbox.wsgi:application"
bind = f"127.0.0.1:{os.environ.get('PORTAL_SANDBOX_PORT', '8001')}"
worker_class = "gthread"
workers = 1
threads = 32
timeout = 60
graceful_timeout = 2
loglevel = "warning"
control_socket_disable = True
