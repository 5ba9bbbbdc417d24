"""Fabrics make the plan real. `contract.py` says what every fabric does; nothing above asks which one is running."""
