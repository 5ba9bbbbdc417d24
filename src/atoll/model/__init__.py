"""The cloud's truth: its kinds of things, their ids, quotas and state machines, and the draft that a call writes.

Knows AWS's words and no protocol, no plan and no Linux.
"""
