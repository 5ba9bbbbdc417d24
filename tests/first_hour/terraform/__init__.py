"""The Terraform command itself with its AWS provider, against a server without a network.

Not a part of the suite: the provider has 700 MB and waits for minutes. docs/first-hour.md says when it last ran.
"""
