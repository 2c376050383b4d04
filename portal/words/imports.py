"""What can be wrong with sites, stations, cards, files of sessions and their imports."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from charging.domain.errors import Code

SENTENCES: dict[str, str | Promise] = {
    Code.NO_SUCH_SITE: _("There is no site %(site)s."),
    Code.SEES_SOME_SITES: _("Only who sees all sites can add one."),
    Code.SITE_NAME_TAKEN: _("There is another site named “%(name)s”."),
    Code.CONNECTOR_NUMBER_TWICE: _("Two connectors have the number %(number)s."),
    Code.STATION_TAKEN: _("There is another station “%(identifier)s”."),
    Code.CARD_TAKEN: _("There is a card with the UID %(uid)s already."),
    Code.CARD_OF_ANOTHER: _("The card belongs to driver %(driver)s."),
    Code.NO_TIME_ZONE: _("There is no time zone called “%(name)s”. Write it like “Europe/Stockholm”."),
    Code.SERIES_STEP: _("The step of a meter series must be positive, not %(step)s s."),
    Code.SERIES_LENGTH: _("A meter series has between 1 and %(most)s steps, not %(steps)s."),
    Code.SERIES_NEGATIVE: _("A meter series cannot take energy back (%(energy_wh)s Wh)."),
    Code.REGISTER_READ_ONCE: _("A register must be read at least twice."),
    Code.READINGS_OUT_OF_ORDER: _("The readings are not in the order of their times."),
    Code.PROFILE_NAME: _("A profile needs a name of at most 80 characters."),
    Code.NO_SUCH_PROFILE: _("There is no profile called “%(name)s”. There are: %(names)s."),
    Code.IMPORT_STARTED: _("This import is %(import_state)s; it cannot be started."),
    Code.NOT_WAITING_FOR_REVIEW: ngettext_lazy(
        "%(count)d of the sessions does not wait for a decision any more.",
        "%(count)d of the sessions do not wait for a decision any more.",
        "count",
    ),
}
