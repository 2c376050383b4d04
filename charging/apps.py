from django.apps import AppConfig


class ChargingConfig(AppConfig):
    name = "charging"

    def ready(self) -> None:
        from charging import registers  # noqa: PLC0415  # needs loaded models

        registers.register()
