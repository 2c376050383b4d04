"""Sessions as columns: what the kernel reads, made of our own meters or of periods that others sent."""
