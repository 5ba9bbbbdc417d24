"""What Atoll asks of Linux: system calls, mounts, network namespaces, netlink. Knows nothing of a cloud."""
