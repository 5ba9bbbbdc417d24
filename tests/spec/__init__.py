"""A small executable AWS: what a packet meets, judged from the answers of Describe calls alone.

It shares no code with Atoll, so that a mistake in Atoll's model, compiler or plan cannot hide here as well. "fact N"
names an entry of the project's facts about AWS; "decision" marks what they leave open. IPv4 only. It refuses what it
does not know (NAT gateways with several addresses, link-local services) and what cannot be true together.
Read in this order: flow, things, describe, balancers, consistency, world, filters, journey, history.
"""

from tests.spec.consistency import ContradictionError
from tests.spec.describe import UnsupportedError
from tests.spec.flow import Probe, Reason, Verdict
from tests.spec.history import History, fates, judge
from tests.spec.world import World

__all__ = ["ContradictionError", "History", "Probe", "Reason", "UnsupportedError", "Verdict", "World", "fates", "judge"]
