"""What answers and asks beside the API: the SOCKS proxy, and the health checks of load balancers.

Agents know the plan, not what it is of.
"""
