"""What is beyond a bound in something typed: JSON, numbers, text."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.bounds import Bound

SENTENCES: dict[str, str | Promise] = {
    Bound.NOT_JSON: _("This is not JSON: see line %(line)s, column %(column)s."),
    Bound.NOT_UTF8: _("The text is not UTF-8."),
    Bound.TOO_LONG: _("The document has %(found)s characters; at most %(limit)s are read."),
    Bound.TOO_DEEP: _("The document is nested more than %(limit)s deep."),
    Bound.TOO_MANY_VALUES: _("The document holds more than %(limit)s values."),
    Bound.TOO_MANY_NAMES: _("An object of the document has %(found)s names; at most %(limit)s are read."),
    Bound.NUMBER_TOO_LONG: _("A number of the document has more than %(limit)s digits: %(value)s…"),
    Bound.NUMBER_TOO_LARGE: _("A number of the document is too large: %(value)s."),
    Bound.NOT_A_NUMBER: _("%(value)s is not a number."),
    Bound.UNFIT_SIGN: _("A text of the document holds a sign that no text may hold (%(sign)s)."),
}
