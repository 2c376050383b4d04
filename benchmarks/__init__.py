"""Figures, measured by programs: each module prints its table; `bin/benchmark` runs all of them."""
