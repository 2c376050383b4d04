"""How a person wants a list shown, and views of lists that were kept under a name."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.rls import owned
from tenants.scoping import OperatorOwned
from tenants.sealed_fields import Person, SealedCharField


class ListChoice(OperatorOwned):
    """The columns a person wants of a list, and whether its rows are dense."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    list_name = models.CharField(max_length=20)
    columns = ArrayField(models.CharField(max_length=20))
    is_dense = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("list_choice", referred=False),
            models.UniqueConstraint(fields=["operator", "user", "list_name"], name="list_choice_once"),
        ]

    def __str__(self) -> str:
        return self.list_name


class SavedView(OperatorOwned):
    """What a list was narrowed to and sorted by, under a name: for the person who kept it, or for everybody here.

    Without a person it is the operator's: whoever shared it has left, and anybody here may remove it. What somebody
    searched for may be anybody's name or card, and so may what they call it: both lie sealed with the operator's key.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    list_name = models.CharField(max_length=20)
    name = SealedCharField(_("name"), max_length=60)
    query = SealedCharField(max_length=2000)
    is_shared = models.BooleanField(_("shared"), default=False)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("saved_view", referred=False),
        ]
        indexes = [models.Index(fields=["operator", "list_name", "user"], name="saved_view_of_list")]

    @property
    def sealed_for(self) -> Person:
        """That it may be about anybody."""
        return Person("operator", self.operator_id)

    def __str__(self) -> str:
        return str(self.name)
