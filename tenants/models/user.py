"""People who sign in."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants import blind_index
from tenants.blind_index import FoundEmailField, MarkField
from tenants.identifiers import new_public_id
from tenants.sealed_fields import Person, Sealed, SealedCharField


class UserManager(BaseUserManager["User"]):
    """Creates people with a normalised e-mail."""

    def create_user(self, email: str, password: str | None = None, **facts: Any) -> "User":
        """Create a person; without a password nobody can sign in as them until they set one."""
        user = self.model(email=self.normalize_email(email).lower(), **facts)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by e-mail, whatever its case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # guardian has no types
    """A person who signs in by e-mail: staff of operators, driver, or both.

    Address and name are sealed with the instance's key, each as its person's: who works for several operators is
    nobody's alone, and is looked up before any scope is open.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    email = FoundEmailField(_("e-mail"))
    # By which the address is found, whatever its case.
    email_mark = MarkField(max_length=64, editable=False)
    name = SealedCharField(_("name"), max_length=150, blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    # When a link that was sent to the address, and nowhere else, was last used.
    email_proved_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["email_mark"], name="user_email_once"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the person; an address never without its mark."""
        names = kwargs.get("update_fields")
        if names is not None and "email" in names:
            kwargs["update_fields"] = {*names, "email_mark"}
        super().save(*args, **kwargs)

    @property
    def sealed_for(self) -> Person:
        """Whose address and name it is."""
        return Person("user", self.public_id.int)

    def marked(self, name: str) -> str | None:
        """The mark of the address; None where that is as it was read."""
        email = self.__dict__.get("email")
        return None if name != "email_mark" or email is None or isinstance(email, Sealed) else self.marks(email)[0]

    @staticmethod
    def marks(email: str) -> list[str]:
        """What an address may be found by, however it is written. Of no operator: people work for several."""
        return blind_index.marks(email.lower(), field="tenants_user.email", operator_id=0)

    @property
    def log_name(self) -> str:
        """The person in audit logs, which cannot be erased."""
        return f"person {self.pk}"

    def __str__(self) -> str:
        return str(self.name or self.email)

    def is_verified(self) -> bool:
        """Return whether the second factor was given. OTPMiddleware replaces this for each request."""
        return False
