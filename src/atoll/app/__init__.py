"""The wiring: the only package that imports everything."""
