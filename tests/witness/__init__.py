"""The witness: random designs, made through the API, whose packets four judges must agree on.

The judges are the spec (tests/spec, from Describe answers alone), the walk of one packet and the reach of sets of them
(both over the plan) and, where a kernel is at hand, real packets. A design is a number: the same seed makes the same
calls, probes and histories. Where a load balancer chooses, the first three tell sets of fates, and packets one of them.

Read in this order: cloud, clients, design, features, rules; snapshot, judges, probes, changes; compare, health,
examine, run; properties, tamper; standing, promises, histories (a state machine that shrinks what it finds). Real
packets: packets/.

The main test: edges, met, controls, bulk, campaign; replay, shrink, kept/. Filters as formulas: solver.
"""
