"""The session engine: a browser's session is a row that knows whose it is, since when, and when it was last seen.

Django's own engine knows neither person nor age. This one keeps both, and its time-outs hold on our side: a
cookie that lives on opens nothing once the row says that the time is over. People who work for an operator, or
run the instance, have the shorter times, from the moment they do.

What is cheap stays cheap: loading is the one query it always was, saving and giving a new key are one UPDATE
each, and being seen is written at most once a minute. A new key (at sign-in, enrolment, step-up) is the same row
under another name, so that a fresh proof does not begin the time anew.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import IntegrityError
from django.db.models import Exists, OuterRef
from django.utils import timezone

from tenants.identifiers import new_public_id
from tenants.session_times import GONE, ends_at, why_over

SEEN_EVERY = timedelta(minutes=1)


class SessionStore(DatabaseStore):
    """Sessions in `BrowserSession`.

    address, user_agent: of the browser that asks; the door says them before anything is saved.
    timed_out: why a person's session that was there is over (see `session_times`), once it was loaded; else empty.
    was_of: whose it was, where that is still known.
    """

    # Of Django's base class, which its types leave out.
    _get_session: Callable[..., dict[str, Any]]
    _get_new_session_key: Callable[[], str]
    _session: dict[str, Any]

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.address: str | None = None
        self.user_agent = ""
        self.timed_out = ""
        self.was_of: int | None = None
        self.is_staff = False
        self._row: Any = None

    @classmethod
    def get_model_class(cls) -> Any:
        """Return the model that keeps the sessions."""
        from tenants.models import BrowserSession  # noqa: PLC0415  # settings name this module before models load

        return BrowserSession

    def load(self) -> dict[str, Any]:
        """Read the row; nothing if there is none, or its time is over."""
        row = self._rows().annotate(is_staff=_works_here()).filter(session_key=self.session_key).first()
        if row is None or (over := why_over(row, is_staff=row.is_staff, at=timezone.now())):
            self._session_key = None
            if row is None:
                self.timed_out = GONE
            elif row.user_id is not None:
                self.timed_out, self.was_of, self.is_staff = over, row.user_id, row.is_staff
            return {}
        self.is_staff = row.is_staff
        self._row = row
        return dict(self.decode(row.session_data))

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's signature
        """Write what the session holds.

        Raises:
            UpdateError: somebody has ended it meanwhile; it does not come back.
        """
        if self.session_key is None:
            return self.create()
        data = self._get_session(no_load=must_create)
        return self._insert(data) if must_create else self._update(data)

    def cycle_key(self) -> None:
        """Give the session a new key; the old one is worth nothing from now on."""
        data, old = self._session, self.session_key
        fresh = self._get_new_session_key()
        if old and self._rows().filter(session_key=old).update(session_key=fresh):
            self._session_key = fresh
        else:
            self.create()
        self._session_cache = data
        self.modified = True

    def seen(self) -> None:
        """Note that the person is still there, at most once a minute, in one UPDATE by itself."""
        row, now = self._row, timezone.now()
        if row is None or row.user_id is None or now - row.last_seen_at < SEEN_EVERY:
            return
        row.last_seen_at, row.address, row.user_agent = now, self.address, self.user_agent
        self._rows().filter(session_key=self.session_key).update(
            last_seen_at=now,
            address=self.address,
            user_agent=self.user_agent,
            expire_date=ends_at(row, is_staff=self.is_staff),
        )

    @property
    def public_id(self) -> Any:
        """How a page names this session; None before it is stored."""
        return self._row.public_id if self._row is not None else None

    @property
    def lasts_until(self) -> datetime | None:
        """When it is over if the person is not seen again; None before it is stored."""
        return ends_at(self._row, is_staff=self.is_staff) if self._row is not None else None

    def _insert(self, data: dict[str, Any]) -> None:
        row: Any = self.get_model_class()(session_key=self.session_key, session_data=self.encode(data))
        self._begin(row, data)
        try:
            self._rows().bulk_create([row])  # one INSERT, without the transaction that `save` would open
        except IntegrityError as error:
            raise CreateError from error
        self._row = row

    def _update(self, data: dict[str, Any]) -> None:
        changes: dict[str, Any] = {"session_data": self.encode(data)}
        if self._row is None or self._row.user_id != _person(data):
            row = self.model()
            self._begin(row, data)
            names = ("public_id", "user_id", "created_at", "last_seen_at", "address", "user_agent", "expire_date")
            changes |= {name: getattr(row, name) for name in names}
            self._row = row
        if not self._rows().filter(session_key=self.session_key).update(**changes):
            raise UpdateError

    def _begin(self, row: Any, data: dict[str, Any]) -> None:
        """Let the row be a session that begins now: a new one, or one that another person goes on with."""
        row.public_id, row.user_id = new_public_id(), _person(data)
        row.created_at = row.last_seen_at = timezone.now()
        row.address, row.user_agent = self.address, self.user_agent
        row.expire_date = ends_at(row, is_staff=False)

    def _rows(self) -> Any:
        return self.model._default_manager


def _person(data: dict[str, Any]) -> int | None:
    return int(data[SESSION_KEY]) if SESSION_KEY in data else None


def _works_here() -> Any:
    """Whether the session's person has a staff place anywhere, or runs the instance."""
    from tenants.models import Membership, PlatformMember  # noqa: PLC0415  # as above

    places = Membership.objects.filter(user=OuterRef("user")).exclude(role__in=Membership.CUSTOMERS)
    return Exists(places) | Exists(PlatformMember.objects.filter(user=OuterRef("user")))
