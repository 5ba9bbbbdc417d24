"""What clients do in their first hour, replayed call by call: Terraform's AWS provider, CDK, the AWS CLI.

Beside each test stands what it replays: repository, commit or release, file. A test asserts what that client reads
from the answers and which error codes it acts upon; whatever else an answer holds is the unit tests' matter.
"""
