"""The settings, one concern a module. Everything that differs between machines comes from `env`."""

from portal.settings.backends import *  # noqa: F403  # the order is base, backends, security
from portal.settings.base import *  # noqa: F403
from portal.settings.security import *  # noqa: F403
