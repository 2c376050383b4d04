from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import registers, tasks  # needs loaded models
        from billing.services import messages

        registers.register()
        messages.register(tasks.send)
