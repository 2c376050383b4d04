"""Charge detail records of OCPI as lines of JSON: read, priced and written."""
