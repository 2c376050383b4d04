"""A tariff as OCPI 2.2.1 writes it, and the windows of the week in which its prices hold."""
