"""One session of a rated batch as plain values, and why another has no price."""
