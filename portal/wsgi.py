"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

from tenants.rls import assert_app_role  # noqa: E402  # needs loaded apps

assert_app_role()
