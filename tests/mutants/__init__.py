"""Mutants: small errors put into the code on purpose, and whether the witness sees them (docs/analysis.md)."""
