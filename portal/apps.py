from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class PortalConfig(AppConfig):
    name = "portal"
    default = True  # of the two here

    def ready(self) -> None:
        # Every process needs the Celery application, or a task's `delay` would look for a default broker.
        # Here rather than in the package, so that `launcher` starts without Celery and Django.
        import portal.celery  # noqa: F401
        from portal.web import unfit_signs
        from portal.words import copies, letters
        from tenants.privacy import packages
        from tenants.services import mail

        unfit_signs.refuse()
        mail.register(letters.write)
        packages.register_writer(copies.write)


class CollectedFilesConfig(StaticFilesConfig):
    """Leaves out what packages bring and no page of ours asks for: compressing it was most of the work."""

    ignore_patterns = [  # no ClassVar, as in the base
        *StaticFilesConfig.ignore_patterns,
        "rest_framework",
        "guardian",
        "django_otp",
        "uPlot.cjs*",
        "uPlot.iife*",
        "*.d.ts",
        "htmx-4*",
        "htmax*",
        "unicode.json",
    ]
