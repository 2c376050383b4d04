"""How dates are typed. Django's own also read 03/04/2026 as the fourth of March, in Swedish as well."""
