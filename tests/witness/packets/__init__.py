"""The third judge: real packets in real namespaces.

Guests have no software here. Each one's stack is muted, and the runner speaks for it with raw frames on the very
interfaces that the fabric made: so any source can be tried, and nothing answers but what the runner means to. What
arrives is what a tap sees in the guest's namespace, addressed to the interface's own MAC.

Nobody waits for what does not come. All that a packet meets on its way runs on the one processor to which this
process is bound, in the order in which it was sent. So a canary that arrives proves that everything before it has
gone one hop farther; after more canaries than any path has hops, what has not arrived never will. A canary that does
not arrive is an error of the run.
"""
