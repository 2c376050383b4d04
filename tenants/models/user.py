"""People who sign in."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id


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
    """A person who signs in by e-mail: staff of operators, driver, or both."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
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
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
        ]

    @property
    def log_name(self) -> str:
        """The person in audit logs, which cannot be erased."""
        return f"person {self.pk}"

    def __str__(self) -> str:
        return self.name or self.email

    def is_verified(self) -> bool:
        """Return whether the second factor was given. OTPMiddleware replaces this for each request."""
        return False
