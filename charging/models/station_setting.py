"""What stations are set to, as they told last, and what an operator wants them set to."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from charging.domain.ocpp import commands
from charging.models.station import Station
from charging.site_scope import SiteBound
from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedJSONField, SealedTextField


class StationSetting(SiteBound):
    """One setting of a station: OCPP 1.6's configuration key, or 2.0.1's variable of a component.

    Its value lies sealed with the operator's key: a list or a maker's own setting may hold numbers of cards.
    """

    seen_through = "station"

    station = OwnedForeignKey(Station, models.CASCADE, related_name="settings")
    name = models.CharField(_("setting"), max_length=commands.LONGEST_SETTING)
    value = SealedTextField(_("value"), blank=True)
    # The station says that it can only be read.
    is_fixed = models.BooleanField(default=False)
    read_at = models.DateTimeField(_("read"))

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("station_setting", "station", referred=False),
            models.UniqueConstraint(fields=["operator", "station", "name"], name="station_setting_once"),
        ]

    @property
    def sealed_for(self) -> Person:
        """That it may be about anybody."""
        return Person("operator", self.operator_id)

    def __str__(self) -> str:
        return self.name


class SettingTemplate(OperatorOwned):
    """What an operator wants stations set to: values by the name of the setting. A template tells all it wants.

    What is wanted lies sealed, as what stations tell does.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    wanted = SealedJSONField(_("what is wanted"), default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("setting_template", referred=False),
            models.UniqueConstraint(fields=["operator", "name"], name="setting_template_name_once"),
        ]

    @property
    def sealed_for(self) -> Person:
        """That it may be about anybody."""
        return Person("operator", self.operator_id)

    def __str__(self) -> str:
        return self.name
