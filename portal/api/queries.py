"""The parameters of an address, checked: an unknown one is an error, as a misspelt filter would show too much."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import APIException

_SHOWN = 200


class NoParameters(serializers.Serializer[Any]):
    """A resource that takes none."""


class BadParameters(APIException):
    """Some parameters cannot be used; `problems` names each with its value."""

    status_code = 400
    default_detail = _("Some parameters are not acceptable.")

    def __init__(self, problems: list[dict[str, str]]) -> None:
        super().__init__()
        self.problems = problems


def checked(form: type[serializers.Serializer[Any]], query: QueryDict) -> dict[str, Any]:
    """Return the parameters as values.

    Raises:
        BadParameters: one is unknown, given twice, or has a value that cannot be used.
    """
    given = {name: str(value) for name, value in query.items()}
    fields = form(data=given)
    known = ", ".join(fields.fields) or "none"
    problems = [
        problem(name, given[name], gettext("There is no such parameter. Known: %(known)s.") % {"known": known})
        for name in given
        if name not in fields.fields
    ]
    problems += [
        problem(name, ", ".join(map(str, values)), gettext("Given more than once."))
        for name, values in query.lists()
        if len(values) > 1
    ]
    if not problems and not fields.is_valid():
        problems = [
            problem(name, given.get(name, ""), str(message))
            for name, messages in fields.errors.items()
            for message in messages
        ]
    if problems:
        raise BadParameters(problems)
    return dict(fields.validated_data)


def problem(field: str, value: str, message: str) -> dict[str, str]:
    """Say what is wrong with one parameter."""
    return {"field": field, "value": value[:_SHOWN], "message": message}
