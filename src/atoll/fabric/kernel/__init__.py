"""The kernel fabric: plan rows become network namespaces, routes and nftables. docs/kernel.md describes the pipeline.

Pure: `uses`, `passes`, `derivation` (rows -> objects), `boxes`, `batch`, `encode`. The shell: `enforce`, `routers`,
`guests`, `reaper`. Reading back: `reading`.
"""

from atoll.fabric.kernel.fabric import KernelFabric

__all__ = ["KernelFabric"]
