"""Automatic public addresses, and what happens when an Elastic IP leaves (facts 71, 72)."""

from tests.machine.rules.world import Interface, World


def refresh(world: World, interface: Interface) -> None:
    """A running instance's eth0 that wants an automatic address gets one, unless something has taken its place."""
    held = interface.attachment
    if not held or held.index or not interface.wants_public or world.instances[held.instance].state != "running":
        return
    mapped = any(world.mapped(interface, address) for address in interface.addresses)
    alone = len(world.held(held.instance)) == 1
    if interface.public is None and alone and not mapped:
        interface.public = world.new("public")


def let_go(world: World, interface: Interface, address: str) -> None:
    """The Elastic IP of a private address leaves it."""
    one = world.mapped(interface, address)
    if one:
        one.end()
        refresh(world, interface)
