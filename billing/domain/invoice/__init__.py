"""The lines that rated sessions become on an invoice."""
