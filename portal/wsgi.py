"""The WSGI application that gunicorn serves: the portal's, or in a process of its own the platform's."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

from django.conf import settings  # noqa: E402  # needs the settings that were just loaded

from tenants.rls.at_start import assert_app_role, assert_platform_role  # noqa: E402  # needs loaded apps

(assert_platform_role if settings.IS_PLATFORM else assert_app_role)()
