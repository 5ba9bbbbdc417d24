"""The fabric that builds nothing keeps the contract all the same."""

from atoll.fabric.contract import Fabric
from atoll.fabric.none import NoFabric
from tests.unit.lagoon import lab


def test_it_remembers_rows_and_forgets_them() -> None:
    fabric: Fabric = NoFabric()
    rows = lab().records
    fabric.apply({key: (None, row) for key, row in rows.items()})
    assert len(fabric.dump().splitlines()) == len(rows)
    assert fabric.observe() == []
    assert fabric.namespace("i-web") is None
    assert fabric.reap() is False
    fabric.repair()
    fabric.apply({key: (row, None) for key, row in rows.items()})
    assert fabric.dump() == ""
    fabric.apply({key: (None, row) for key, row in rows.items()})
    fabric.close()
    assert fabric.dump() == ""
