"""DNS messages: dnspython reads what is written; rubbish of every kind gets a short refusal or nothing."""

import random

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.agents import dns_messages as messages
from atoll.agents.names import Found

NAME = "WeB.ec2.internal."
ONE = Found((("A", "10.0.0.5"),), 60, zone="ec2.internal")


def asked(message: dns.message.Message) -> messages.Question:
    question = messages.read(message.to_wire())
    assert isinstance(question, messages.Question)
    return question


def told(found: Found | None, kind: str = "A", *, most: int = 512) -> dns.message.Message:
    query = dns.message.make_query(NAME, kind)
    answer = dns.message.from_wire(messages.written(asked(query).answered(found), most))
    assert query.is_response(answer)
    return answer


def test_the_question_is_read_in_lower_case_and_told_as_it_was() -> None:
    question = asked(dns.message.make_query(NAME, "AAAA"))
    assert (question.name, question.kind) == ("web.ec2.internal", "AAAA")
    assert [str(one) for one in told(ONE).answer] == [f"{NAME} 60 IN A 10.0.0.5"]


def test_flags_are_those_of_a_resolver() -> None:
    answer = told(ONE)
    assert answer.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA
    iterative = dns.message.make_query(NAME, "A", flags=0)
    assert asked(iterative).answered(ONE).flags == dns.flags.QR | dns.flags.RA


def test_no_name_and_no_data_are_told_with_the_zones_word() -> None:
    soa = "ec2.internal. 60 IN SOA ns0.ec2.internal. hostmaster.amazon.com. 1 3600 900 604800 60"
    none, other = Found(exists=False, zone="ec2.internal"), Found(zone="ec2.internal")
    for found, code in ((none, "NXDOMAIN"), (other, "NOERROR")):
        answer = told(found, "AAAA")
        assert (dns.rcode.to_text(answer.rcode()), answer.answer) == (code, [])
        assert [str(one) for one in answer.authority] == [soa]
    unknown = told(None)
    assert unknown.rcode() == dns.rcode.NXDOMAIN
    assert str(unknown.authority[0]).startswith(". 60 IN SOA ns0. ")


def test_the_zone_itself_has_its_word() -> None:
    query = dns.message.make_query("ec2.internal.", "SOA")
    answer = asked(query).answered(Found(zone="ec2.internal"))
    assert [one.rdtype for one in answer.answer] == [dns.rdatatype.SOA]
    assert answer.authority == []


def test_each_of_several_values_is_the_first_at_times() -> None:
    values = {f"198.18.0.{last}" for last in range(3)}
    found = Found(tuple(("A", value) for value in values), 60)
    answers = [[str(one) for one in told(found).answer[0]] for _ in range(60)]
    assert {first for first, *_ in answers} == values
    assert all(set(one) == values for one in answers)


def test_what_does_not_fit_says_that_tcp_is_needed() -> None:
    many = Found(tuple(("A", f"198.18.{high}.{low}") for high in range(2) for low in range(200)), 60)
    short = told(many)
    assert short.flags & dns.flags.TC
    assert short.answer == []
    whole = told(many, most=65_535)
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 400


@pytest.mark.parametrize(("payload", "most"), [(None, 512), (100, 512), (1232, 1232), (65_535, 4096)])
def test_how_much_who_asks_can_take(payload: int | None, most: int) -> None:
    query = dns.message.make_query(NAME, "A")
    if payload is not None:
        query.use_edns(0, payload=payload)
    question = asked(query)
    assert messages.most_of(question) == most
    assert (question.answered(ONE).edns == 0) is (payload is not None)


def refusal(wire: bytes) -> str:
    answer = messages.read(wire)
    assert isinstance(answer, bytes)
    read = dns.message.from_wire(answer)
    assert read.flags & dns.flags.QR
    assert read.id == int.from_bytes(wire[:2], "big")
    assert read.answer == []
    return dns.rcode.to_text(read.rcode())


def test_what_is_refused_and_how() -> None:
    update = dns.message.make_query(NAME, "A")
    update.set_opcode(dns.opcode.STATUS)
    assert refusal(update.to_wire()) == "NOTIMP"
    assert refusal(dns.message.make_query(NAME, "AXFR").to_wire()) == "NOTIMP"
    assert refusal(dns.message.make_query("version.bind.", "TXT", "CH").to_wire()) == "REFUSED"
    assert refusal(dns.message.make_query(NAME, "A", use_edns=1).to_wire()) == "BADVERS"
    none = dns.message.Message(id=7)
    assert refusal(none.to_wire()) == "FORMERR"
    two = dns.message.make_query(NAME, "A")
    two.question *= 2
    assert refusal(two.to_wire()) == "FORMERR"
    assert refusal(dns.message.make_query(NAME, "A").to_wire()[:-3]) == "FORMERR"


def test_what_gets_no_answer() -> None:
    query = dns.message.make_query(NAME, "A")
    response = dns.message.make_response(query).to_wire()
    assert messages.read(response) is None, "two servers would talk for ever"
    assert messages.read(b"") is None
    assert messages.read(query.to_wire()[:11]) is None


LOOP = bytes.fromhex("0007 0100 0001 0000 0000 0000") + b"\xc0\x0c" + b"\0\1\0\1"
FORWARD = bytes.fromhex("0007 0100 0001 0000 0000 0000") + b"\xc0\x40" + b"\0\1\0\1"
MANY = bytes.fromhex("0007 0100 ffff ffff ffff ffff") + b"\0\0\1\0\1" * 13_000
LABELS = bytes.fromhex("0007 0100 0001 0000 0000 0000") + b"\x01a" * 200 + b"\0\0\1\0\1"


@pytest.mark.parametrize("wire", [LOOP, FORWARD, MANY, LABELS], ids=["loop", "forward", "many", "long"])
def test_known_tricks_are_refused(wire: bytes) -> None:
    assert refusal(wire) == "FORMERR"


def judged(wire: bytes) -> None:
    """Whatever comes: nothing, a refusal that can be read, or a question that can be answered and fits."""
    found = messages.read(wire)
    if isinstance(found, messages.Question):
        for known in (None, ONE, Found(zone="ec2.internal")):
            written = messages.written(found.answered(known), messages.most_of(found))
            assert len(written) <= messages.most_of(found)
            dns.message.from_wire(written)
        dns.message.from_wire(messages.failed(found))
    elif found is not None:
        dns.message.from_wire(found)
        assert len(found) <= max(len(wire), 512)


@given(st.binary(max_size=600))
@settings(max_examples=300, deadline=None)
def test_any_bytes(wire: bytes) -> None:
    judged(wire)


SEEDS = [
    dns.message.make_query(NAME, "A").to_wire(),
    dns.message.make_query("5.0.0.10.in-addr.arpa.", "PTR", use_edns=0, payload=1232, want_dnssec=True).to_wire(),
    dns.message.make_query("a.b.c.d.e.f.", "ANY", use_edns=0, options=[dns.edns.ECSOption("198.18.0.0", 24)]).to_wire(),
    LOOP,
    MANY[:800],
]


@pytest.mark.parametrize("seed", range(8))
def test_good_messages_that_were_spoilt(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(250):
        wire = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(wire))
            match chance.randrange(4):
                case 0:
                    wire[place] = chance.choice((0, 1, 0x3F, 0x40, 0x80, 0xC0, 0xFF, chance.randrange(256)))
                case 1:
                    del wire[place:]
                    wire = wire or bytearray(1)
                case 2:
                    wire[place:place] = chance.randbytes(chance.randint(1, 40))
                case 3:
                    wire[place:place] = b"\xc0" + bytes([chance.randrange(len(wire) % 256 + 1)])
        judged(bytes(wire))


def test_an_answer_to_something_else_is_none() -> None:
    query = dns.message.make_query(NAME, "A")
    question = asked(query)
    assert messages.is_answer(dns.message.make_response(query).to_wire(), question)
    other = dns.message.make_query("other.", "A", id=query.id)
    assert not messages.is_answer(dns.message.make_response(other).to_wire(), question)
    assert not messages.is_answer(b"\0\1", question)
