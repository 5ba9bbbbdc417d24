"""DNS messages, by dnspython: from the bytes of a question to the bytes of an answer. Pure."""

from collections.abc import Callable, Mapping

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
from dns.rdataclass import IN
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.IN.A import A

from atoll.agents.names import Found

HEADER = 12
PLAIN, LARGEST = 512, 4096
"""Bytes of an answer over UDP: without EDNS, and with it at most."""

FORGOTTEN = 60
"""Seconds for which it may be remembered that there is nothing."""

_RESPONSE = 0x80
_RUBBISH = (dns.exception.DNSException, ValueError, IndexError, KeyError, NotImplementedError, AssertionError)
"""What dnspython raises for bytes that are no message."""
_TRANSFERS = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)


class Question:
    """One question that can be answered."""

    def __init__(self, message: dns.message.Message) -> None:
        self.message = message
        asked = message.question[0]
        self.name = asked.name.to_text(omit_final_dot=True).lower()
        self.kind = dns.rdatatype.to_text(asked.rdtype)

    def answered(self, found: Found | None) -> dns.message.Message:
        """The answer. None: nobody knows of such a name, so there is none. Several values come in any order."""
        found = found or Found(exists=False)
        answer = _answer(self.message)
        owner = self.message.question[0].name
        if not found.exists:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        records = [_RECORDS[kind](value) for kind, value in found.values]
        if self.kind == "SOA" and found.exists and self.name == found.zone:
            records = [_soa(found.zone)]
        for record in records:
            _add(answer.answer, owner, found.ttl or FORGOTTEN, record)
        if not records:
            _add(answer.authority, _name(found.zone), FORGOTTEN, _soa(found.zone))
        return answer


def read(wire: bytes) -> Question | bytes | None:
    """The question; or the refusal that it deserves; or None for what deserves no answer."""
    if len(wire) < HEADER or wire[2] & _RESPONSE:
        return None
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True)
        refused = _refusal(message)
        if refused is None:
            return Question(message)
        answer = _answer(message)
        answer.set_rcode(refused)
        return answer.to_wire()
    except _RUBBISH:
        return _no_message(wire)


def _refusal(message: dns.message.Message) -> dns.rcode.Rcode | None:
    if message.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if message.edns > 0:
        return dns.rcode.BADVERS
    if len(message.question) != 1:
        return dns.rcode.FORMERR
    asked = message.question[0]
    if asked.rdclass != IN:
        return dns.rcode.REFUSED
    return dns.rcode.NOTIMP if asked.rdtype in _TRANSFERS else None


def _answer(message: dns.message.Message) -> dns.message.Message:
    answer = dns.message.Message(id=message.id)
    answer.flags = dns.flags.QR | dns.flags.RA | (message.flags & (dns.flags.RD | dns.flags.CD))
    answer.set_opcode(message.opcode())
    answer.question = list(message.question[:1])
    if message.edns >= 0:
        answer.use_edns(0, 0, LARGEST)
    return answer


def _no_message(wire: bytes) -> bytes:
    """FORMERR for what cannot be read: the header, and nothing else of it."""
    flags = _RESPONSE | wire[2] & 0x79
    return wire[:2] + bytes((flags, 0x80 | dns.rcode.FORMERR)) + bytes(8)


def written(answer: dns.message.Message, most: int) -> bytes:
    """The bytes of an answer; where they are more than `most`, what says that TCP is needed."""
    try:
        return answer.to_wire(max_size=most)
    except dns.exception.TooBig:
        short = dns.message.Message(id=answer.id)
        short.flags = answer.flags | dns.flags.TC
        short.set_rcode(answer.rcode())
        short.question = answer.question
        if answer.edns >= 0:
            short.use_edns(0, 0, LARGEST)
        return short.to_wire()


def most_of(question: Question) -> int:
    """Bytes that who asked can take over UDP."""
    message = question.message
    return PLAIN if message.edns < 0 else min(max(message.payload, PLAIN), LARGEST)


def failed(question: Question) -> bytes:
    """SERVFAIL: whoever might know did not answer."""
    answer = _answer(question.message)
    answer.set_rcode(dns.rcode.SERVFAIL)
    return answer.to_wire()


def is_answer(wire: bytes, question: Question) -> bool:
    """Whether it is somebody's answer to that question."""
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True)
    except _RUBBISH:
        return False
    return question.message.is_response(message)


def _add(section: list[dns.rrset.RRset], owner: dns.name.Name, ttl: int, record: dns.rdata.Rdata) -> None:
    """Records of one kind are one set."""
    for one in section:
        if one.rdtype == record.rdtype:
            one.add(record, ttl)
            return
    made = dns.rrset.RRset(owner, record.rdclass, record.rdtype)
    made.add(record, ttl)
    section.append(made)


def _name(text: str) -> dns.name.Name:
    return dns.name.from_text(f"{text}.")


def _soa(zone: str) -> dns.rdata.Rdata:
    server = _name(f"ns0.{zone}".removesuffix("."))
    return SOA(IN, dns.rdatatype.SOA, server, _HOSTMASTER, 1, 3600, 900, 604800, FORGOTTEN)


_HOSTMASTER = _name("hostmaster.amazon.com")
_RECORDS: Mapping[str, Callable[[str], dns.rdata.Rdata]] = {
    "A": lambda value: A(IN, dns.rdatatype.A, value),
    "PTR": lambda value: PTR(IN, dns.rdatatype.PTR, _name(value)),
}
