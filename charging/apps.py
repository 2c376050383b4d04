from datetime import timedelta

from django.apps import AppConfig


class ChargingConfig(AppConfig):
    name = "charging"

    def ready(self) -> None:
        from charging import registers, tasks  # needs loaded models
        from charging.models import ImportLook
        from charging.services import looks
        from tenants import work
        from tenants.permissions import Permission
        from tenants.work import Kind, Lane

        registers.register()
        work.register(
            Kind(
                "import_look",
                ImportLook,
                Lane.QUICK,
                tasks.take_look,
                permission=Permission.IMPORT_SESSIONS,
                lease=timedelta(minutes=5),
                prepare=looks.clear_away,
            )
        )
