"""What answers beside the API for the user's sake: so far the SOCKS proxy. Agents know the plan, not what it is of."""
