"""Figures, measured by programs: each module prints its table; `bin/benchmark` runs all of them."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()
