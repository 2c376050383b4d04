"""Whose sessions an account pays for: its drivers and cards, from when to when."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from charging.models.token import Token
from tenants.models import Account, Driver
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


def _never_twice(field: str) -> ExclusionConstraint:
    """One account at a time. Ranges of one number, as those can be indexed beside a range of time."""
    one = Func(F(field), F(field), Value("[]"), function="int8range")
    time = Func(F("since"), F("until"), function="tstzrange")
    return ExclusionConstraint(
        name=f"account_member_{field}_once_a_time",
        expressions=[(one, "&&"), (time, "&&")],
        condition=Q(**{f"{field}__isnull": False}),
    )


class AccountMember(OperatorOwned):
    """That a driver, or a single card, belongs to an account from `since` (inclusive) to `until` (exclusive).

    Null `since`: from the first session on; null `until`: still. Nobody belongs to two accounts at a time; where no
    row reaches, a driver pays by the account of their own. A card's account goes before its driver's.
    """

    account = OwnedForeignKey(Account, related_name="members")
    driver = OwnedForeignKey(Driver, models.CASCADE, null=True, related_name="account_times")
    token = OwnedForeignKey(Token, models.CASCADE, null=True, related_name="account_times")
    since = models.DateTimeField(_("from"), null=True)
    until = models.DateTimeField(_("until"), null=True)
    # A housing association may only host: it has its residents' prices and pages, and they pay for themselves.
    pays = models.BooleanField(_("pays"), default=True)

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            *owned("account_member", "account", "driver", "token", referred=False),
            models.CheckConstraint(
                condition=Q(driver__isnull=False, token__isnull=True) | Q(driver__isnull=True, token__isnull=False),
                name="account_member_one",
            ),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="account_member_until_after_since"),
            _never_twice("driver"),
            _never_twice("token"),
        ]
        indexes = [
            models.Index(fields=["operator", "account"], name="account_member_of_account"),
            models.Index(
                fields=["operator", "driver"], name="account_member_by_driver", condition=Q(driver__isnull=False)
            ),
            models.Index(
                fields=["operator", "token"], name="account_member_by_token", condition=Q(token__isnull=False)
            ),
        ]

    @property
    def last(self) -> datetime | None:
        """The last instant of the time; None while it goes on."""
        return self.until and self.until - timedelta(microseconds=1)

    def __str__(self) -> str:
        return f"{self.account}: {self.driver or self.token}"
