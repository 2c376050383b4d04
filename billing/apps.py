from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import kinds, registers  # needs loaded models
        from billing.selectors import amounts, own_data, past_sums
        from billing.services import erasing, exports, past_hours, second_person
        from charging.ingest import past
        from tenants.privacy import packages, retention

        registers.register()
        amounts.register()
        second_person.register()
        packages.register_part("billing.invoiceline", own_data.lines_of)
        retention.register(exports.CLASS)
        retention.register(past_hours.CLASS)
        past.register(past_sums.closed)
        erasing.register()
        kinds.register()
