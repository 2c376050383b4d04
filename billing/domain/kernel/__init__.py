"""Sessions x tariffs -> priced slices and totals, as columns; `rating.rate` is the way in."""
