"""A reference shop for Payple payments. Importing this package loads nothing: start at ``factory`` or ``app.py``."""
