from django.apps import AppConfig


class ChargingConfig(AppConfig):
    name = "charging"

    def ready(self) -> None:
        from charging import kinds, registers  # needs loaded models

        registers.register()
        kinds.register()
