"""nftables over raw netlink: expressions (`expr`) and messages (`wire`). No process, no library, no listing of sets."""
