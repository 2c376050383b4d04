from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import registers, tasks  # needs loaded models
        from billing.services import messages, second_person

        registers.register()
        second_person.register()
        messages.register(tasks.send)
