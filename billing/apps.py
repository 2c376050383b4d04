from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import kinds, registers  # needs loaded models
        from billing.selectors import amounts
        from billing.services import second_person

        registers.register()
        amounts.register()
        second_person.register()
        kinds.register()
