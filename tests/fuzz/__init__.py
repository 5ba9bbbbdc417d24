"""Rubbish on the wire: good requests, recorded and spoilt, against the endpoint.

    python -m tests.fuzz.record                record good requests from the tests of the services
    python -m tests.fuzz.run 1000000           in process, guided by coverage
    python -m tests.fuzz.sockets 50000         over real sockets

What must hold is in `judge`. The test suite runs a few thousand of each with a fixed seed; docs/robustness.md has the
counts and the findings of the long runs.
"""
