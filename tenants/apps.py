from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants import registers, rls  # needs loaded models
        from tenants.services.people import driver_exports, security

        post_migrate.connect(rls.grants, sender=self)
        registers.register()
        driver_exports.register()
        security.register()
