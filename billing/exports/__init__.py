"""Issued documents of a month in an accountant's formats, written in constant memory."""
