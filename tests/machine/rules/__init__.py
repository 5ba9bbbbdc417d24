"""AWS's rules for the records of EC2's networking, as a small executable model.

Written from AWS's documentation alone; it shares no code with Atoll, and imports nothing of it. A call is answered with
what AWS promises about its answer, or refused with the codes of all the rules that it breaks: AWS does not say which of
several it tells first. "fact N" is the team's numbered list of AWS facts (docs/modelling.md says what that is).
"""

from tests.machine.rules import (  # noqa: F401 - each registers its operations
    acls,
    addresses,
    attachments,
    gateways,
    group_rules,
    groups,
    instances,
    interfaces,
    prefix_lists,
    records,
    reservations,
    routes,
    subnets,
    tables,
    tags,
    vpcs,
)
from tests.machine.rules.base import OPERATIONS as OPERATIONS
from tests.machine.rules.base import RefusedError as RefusedError
from tests.machine.rules.world import World as World
