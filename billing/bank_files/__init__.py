"""Files of incoming payments from banks: ISO 20022 camt.053 and camt.054, and BgMax of old.

`camt` and `bgmax` read one kind each, row by row, and know nothing of invoices; `told` is what they have in common;
`packed` unpacks what came packed; `child` is the process of its own in which they read, `apart` what starts it and
keeps the rows it tells.
"""
