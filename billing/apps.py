from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import registers  # noqa: PLC0415  # needs loaded models

        registers.register()
