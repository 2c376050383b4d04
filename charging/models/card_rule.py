"""What an operator lets cards do when nobody can be asked about them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from charging.domain.ocpp import unasked
from tenants.rls import owned
from tenants.scoping import OperatorOwned


class CardRule(OperatorOwned):
    """For one kind of card, what `charging.domain.ocpp.unasked.USUAL` says until there is such a row."""

    class Kind(models.TextChoices):
        CARD = unasked.Kind.CARD, _("your cards")
        APP = unasked.Kind.APP, _("the app")
        PARTNER = unasked.Kind.PARTNER, _("partners' cards")
        UNKNOWN = unasked.Kind.UNKNOWN, _("cards that nobody knows")

    kind = models.CharField(_("kind of card"), max_length=10, choices=Kind)
    is_open = models.BooleanField(_("let in unasked"))
    most = models.PositiveIntegerField(_("at most a month"))
    reckoned = models.PositiveIntegerField(_("a charge is reckoned as"))

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("card_rule", referred=False),
            models.UniqueConstraint(fields=["operator", "kind"], name="card_rule_once"),
            models.CheckConstraint(condition=models.Q(reckoned__gt=0), name="card_rule_reckoned"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
