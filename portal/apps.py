from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        # Every process needs the Celery application, or a task's `delay` would look for a default broker.
        # Here rather than in the package, so that `launcher` starts without Celery and Django.
        import portal.celery  # noqa: F401
