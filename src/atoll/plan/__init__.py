"""The plan: one neutral network, written by compile alone, read by every fabric and by the analyzer.

Rows are small frozen records with stable keys (`rows/`); what a packet does among them is said by seven laws and by
nothing else. The walk and the fabrics implement these laws; whoever finds one of them doing anything else has found
a bug.

1. **Arrival.** A packet that leaves a port is routed by the table of its segment; one that comes over a link, by the
   link's arrival table on that side. The longest prefix wins. `Deliver` hands the packet to the port that has the
   destination as an Address in this domain; a destination inside the sender's own segment needs no table.
2. **Segment.** Leaving a segment a packet passes its fence outward, entering the next its fence inward; between two
   ports of one segment neither. A segment without a fence is open.
3. **Sender.** A packet's sender is the port it came from if the source is that port's own address, or if the node is
   a balancer's; else nobody. `SentBy(filter)` asks what the sender wears, never what the source address looks like;
   outward it asks the port that gets the packet next, if the destination is that port's own address. Across a link
   there is no sender.
4. **Return.** Translators and balancers leave a frame on the connection: its replies undo the frames in reverse and go
   back through that node. A mapped link needs none to translate: it has no memory, each packet meets the mappings of
   its moment; its frame says only by which mapping a connection has crossed. Fences and tables still judge each
   reply on the way to that node: what leaves a port is routed by its segment's table as any packet is, but for
   answers to what a balancer has sent with the opener's address, which go to the balancer's port whatever the table
   says, as long as it or the port that sends them remembers the connection. Guests with `guard` off leave no frame.
   A translator gives a connection that somebody of its domain opens through it (TCP, UDP or an echo request, from an
   address of a powered port there that is not its own) one of its Masquerade addresses as source, keeping the source
   port where it is one of its ports; sends what it knows on as any port sends, by its segment's table; and refuses
   what nobody inside has opened, answers of TCP and ICMP without their connection included. A balancer gives a
   connection that somebody opens to one of its Frontends (an address of its port, that protocol, that port) one of
   the frontend's eligible Backends as destination, and its own primary address as source where the frontend does not
   keep the opener's; sends what it knows on as any port sends; and refuses everything else.
5. **State.** Rules without order judge the first packet of a connection, at the sender's port (outward) and at the
   receiver's (inward), each end for itself; they are a union. Ordered rules judge every packet; the first that
   matches decides, and no match is a refusal. An end that let a packet of the opener pass tracks the connection from
   then on, which lives on when the rule goes. Not tracked is TCP or UDP that passes by a rule open to the whole
   world, while another rule of the same port opens every protocol to the whole world in the other direction, unless
   it goes on to a translator or a balancer, or comes from one: nothing is remembered, so each packet of such a
   connection is a first packet, in its own direction; answers never start tracking, the opener's next packet does
   where it passes otherwise. A packet that is not delivered leaves nothing behind in the domain that refuses it; a
   domain that it has left by a link remembers it, and so does the way up to a translator that has sent it on. A port
   forgets its connections when it is detached, when its node loses power, those of an address when that leaves it,
   and those that a balancer brought when the balancer's port goes; a connection that crossed a mapped link is
   forgotten at the end behind it when its mapping goes; a translator forgets a connection with the address that it
   gave to it, a balancer one whose backend is `cut`; that a backend is no longer eligible, or gone, ends no
   connection. Each forgets what was silent for too long: a port after its `idle` times as they were when it began to
   track (a stream of UDP is what has had more than one packet each way; other protocols have 600 seconds), a
   translator after that of the address that it gave, a balancer after that of the frontend. A port that is not
   `filtered` lets everything pass; a filtered port lets pass what one of the filters it wears allows, so a filter
   without rules lets nothing pass.
6. **Choice.** A balancer yields the *set* of eligible backends, a translator that of its Masquerade addresses; a walk
   returns all outcomes, a packet shows one.
7. **Site.** A node that is not powered, or whose site is down, neither sends nor receives, nor does a port without a
   node; no row disappears for it.

Two rules of single rows: a port with `guard` takes only packets to its own addresses and sends only from them
("source/dest check"). A link that is `mapped` (an internet gateway, for IPv4) lets out only what has a Mapping,
giving it its outside address; lets in only what is addressed to a Mapping's outside address, giving it the inside
one; and refuses private and shared addresses (RFC 1918, RFC 6598) on its outer side, and sources from there that its
arrival table on side a keeps inside (by any route but one to a link): nobody outside has them. `InSet` matches what
the Member rows of its set hold at that moment, and never counts as open to the whole world. What a node sends to an
address of its own, on whichever of its ports, never leaves it. What a port sends to a service of its VPC's domain
(`services.py`) is taken by the domain itself: `guard` and law 7 are asked, no table, fence or filter.
"""
