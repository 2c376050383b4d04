"""Statements in SQL that are more than a query: each has a name, and each stands here once.

`invoices` is the arithmetic of an invoice, with the rules of `docs/rounding.md` at its top; `standing` says where a
session stands for billing. Services and selectors run them; nothing here runs anything.
"""
