"""Issued documents as e-invoices: Peppol BIS Billing 3.0 (UBL 2.1), and the rules they must meet before they leave."""
