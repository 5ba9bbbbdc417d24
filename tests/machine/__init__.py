"""A Hypothesis state machine: calls to Atoll's API against an independent small model of AWS's rules for its records.

Read in this order: rules/ (the model; it knows nothing of Atoll), expected and seen (what is described), names, draw,
site, machine, run. No packets: those are the witness's (tests/witness).
"""
