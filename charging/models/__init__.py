"""Tables about what happened: import them from here."""

from charging.models.account_member import AccountMember
from charging.models.card_notice import CardNotice
from charging.models.card_rule import CardRule
from charging.models.correction import Correction
from charging.models.favourite import Favourite
from charging.models.file_import import FileImport, ImportProfile, KnownSessions, RejectedRow
from charging.models.import_look import ImportLook
from charging.models.import_undo import ImportUndo
from charging.models.meter import MeterKey, MeterRule, SignedRecord
from charging.models.partner_link import PartnerLink
from charging.models.session import ChargingSession
from charging.models.site import Site
from charging.models.site_access import SiteAccess
from charging.models.site_limit import SiteLimit
from charging.models.station import Connector, ConnectorState, Station
from charging.models.station_command import StationCommand
from charging.models.station_link import StationKnock, StationLink
from charging.models.station_message import StationCharge, StationHalt, StationMessage
from charging.models.station_setting import SettingTemplate, StationSetting
from charging.models.token import EarlierHolder, Token

__all__ = [
    "AccountMember",
    "CardNotice",
    "CardRule",
    "ChargingSession",
    "Connector",
    "ConnectorState",
    "Correction",
    "EarlierHolder",
    "Favourite",
    "FileImport",
    "ImportLook",
    "ImportProfile",
    "ImportUndo",
    "KnownSessions",
    "MeterKey",
    "MeterRule",
    "PartnerLink",
    "RejectedRow",
    "SettingTemplate",
    "SignedRecord",
    "Site",
    "SiteAccess",
    "SiteLimit",
    "Station",
    "StationCharge",
    "StationCommand",
    "StationHalt",
    "StationKnock",
    "StationLink",
    "StationMessage",
    "StationSetting",
    "Token",
]
