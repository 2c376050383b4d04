"""One session of a rated batch as plain values and in words, and why another has no price."""
