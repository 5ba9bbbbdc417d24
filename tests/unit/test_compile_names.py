"""compile: which names there are, and who is told what."""

from collections.abc import Iterable

import botocore.session
from botocore.config import Config
from msgspec.structs import replace

from atoll.compile import compiler
from atoll.compile import constants as every_constant
from atoll.compile.internet import AWS, RESOLVER
from atoll.compile.names import constants
from atoll.model.kinds import ElasticIp, Entity, Instance, InternetHost, NetworkInterface, Vpc
from atoll.model.regions import REGIONS
from atoll.plan.rows import INTERNET, Address, Name, Node, Numbering, Resolver, Zone
from atoll.plan.validate import problems
from atoll.records import Delta, Table
from atoll.services.served import SERVED
from tests.support import small_cloud as cloud

WEB = cloud.subnet("subnet-web", "10.0.1.0/24")
PUBLIC, PRIVATE = "ec2-198-18-0-7.compute-1.amazonaws.com", "10.0.1.5"


def compiled(entities: Iterable[Entity]) -> Table:
    model = Table(entities)
    delta: Delta = {key: (None, record) for key, record in model.records.items()}
    plan = Table()
    plan.apply(compiler().propose(model, delta).delta)
    return plan


def web(vpc: Vpc | None = None, **changed: object) -> list[Entity]:
    """An instance in a VPC whose things have names."""
    first, *rest = cloud.network()
    assert isinstance(first, Vpc)
    made = cloud.instance("i-1", WEB)
    return [
        vpc or replace(first, dns_hostnames=True),
        *rest,
        WEB,
        replace(made, **changed),
        *cloud.interface("eni-1", WEB, PRIVATE, instance="i-1"),
    ]


def elastic(**changed: object) -> ElasticIp:
    bound = {"association_id": "eipassoc-1", "interface": "eni-1", "private_ip": PRIVATE}
    return ElasticIp(home=cloud.HOME, id="eipalloc-1", public_ip="198.18.0.7", **{**bound, **changed})  # type: ignore[arg-type]


def told(plan: Table) -> set[tuple[str, str, str, str]]:
    return {(one.domain, one.name, one.type, one.value) for one in plan.all(Name)}


def test_the_resolver_is_the_third_address_of_the_primary_block() -> None:
    vpc = cloud.vpc_of("10.7.64.0/20", "10.0.0.0/16")
    (first, second) = sorted(compiled([vpc]).all(Resolver), key=lambda one: one.ip)
    assert (first.ip, second.ip) == ("10.7.64.2", "169.254.169.253")
    assert first.answers
    assert second.answers
    silent = compiled([replace(vpc, dns_support=False)])
    assert [one.answers for one in silent.all(Resolver)] == [False, False]


def test_private_names_are_told_where_both_attributes_are_set() -> None:
    vpc = cloud.vpc_of("10.0.0.0/16", "100.64.0.0/16", "192.168.4.0/24")
    named = compiled([replace(vpc, dns_hostnames=True)])
    assert [one.name for one in named.all(Zone)] == ["ec2.internal"]
    blocks = {str(one.prefix): one.zone for one in named.all(Numbering)}
    assert blocks == dict.fromkeys(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/16"), "ec2.internal")
    for closed in (vpc, replace(vpc, dns_hostnames=True, dns_support=False)):
        plan = compiled([closed])
        assert [*plan.all(Zone), *plan.all(Numbering)] == []
    ireland = replace(vpc, dns_hostnames=True, home=cloud.HOME.replace("us-east-1", "eu-west-1"))
    assert {one.name for one in compiled([ireland]).all(Zone)} == {"eu-west-1.compute.internal"}


def test_a_public_name_means_the_private_address_inside_and_the_public_one_outside() -> None:
    assert told(compiled([*web(), elastic()])) == {
        ("vpc-1", PUBLIC, "A", PRIVATE),
        (INTERNET, PUBLIC, "A", "198.18.0.7"),
        (INTERNET, "7.0.18.198.in-addr.arpa", "PTR", PUBLIC),
    }
    plain = cloud.vpc_of("10.0.0.0/16")
    assert told(compiled([*web(plain), elastic()])) == set(), "the VPC's things have no names"
    assert told(compiled([*web(), elastic(association_id=None, interface=None, private_ip=None)])) == set()


def test_the_automatic_address_has_a_name_too() -> None:
    entities = web()
    (eni,) = [one for one in entities if isinstance(one, NetworkInterface)]
    given = [replace(eni, public_ip="198.18.0.7") if one is eni else one for one in entities]
    assert told(compiled(given)) == told(compiled([*entities, elastic()]))


def test_the_reverse_name_that_an_owner_has_set() -> None:
    reverse = (INTERNET, "7.0.18.198.in-addr.arpa", "PTR", "mail.example.com")
    assert reverse in told(compiled([*web(), elastic(ptr="Mail.Example.com.")]))
    free = elastic(association_id=None, interface=None, private_ip=None, ptr="Mail.Example.com.")
    assert told(compiled([free])) == {reverse}


def test_a_resource_name_is_told_only_where_it_was_asked_for() -> None:
    name = "i-1.ec2.internal"
    assert told(compiled(web())) == set()
    assert told(compiled(web(resource_name_dns_a=True))) == {("vpc-1", name, "A", PRIVATE)}
    both = told(compiled(web(resource_name_dns_a=True, hostname_type="resource-name")))
    assert both == {("vpc-1", name, "A", PRIVATE), ("vpc-1", "5.1.0.10.in-addr.arpa", "PTR", name)}
    plain = cloud.vpc_of("10.0.0.0/16")
    assert told(compiled(web(plain, resource_name_dns_a=True))) == set()


def test_the_names_of_an_instance_cost_a_unit_each() -> None:
    entities = [*web(resource_name_dns_a=True), elastic()]
    passes, model = compiler(), Table(entities)
    proposal = passes.propose(model, {key: (None, record) for key, record in model.records.items()})
    passes.accept(proposal)
    (old,) = model.all(Instance)
    changed: Delta = {old.key: (old, replace(old, resource_name_dns_a=False))}
    model.apply(changed)
    after = passes.propose(model, changed)
    assert {key[0] for key in after.delta} == {"name"}
    assert after.units <= 4


def test_the_services_that_are_served_have_the_names_that_clients_ask_for() -> None:
    """botocore says which."""
    session = botocore.session.get_session()
    known = {one.name for one in constants() if isinstance(one, Name)}
    asked = set()
    for service in SERVED:
        for region in REGIONS:
            client = session.create_client(
                service, region, aws_access_key_id="x", aws_secret_access_key="x", config=Config(proxies={})
            )
            asked.add(client.meta.endpoint_url.removeprefix("https://"))
    assert asked <= known
    assert known - asked == {"sts.amazonaws.com"}, "the one of old"


def test_a_users_host_of_former_days_is_not_in_the_way_of_the_resolver() -> None:
    hosts = [InternetHost(home="000000000000/atoll", ip=ip) for ip in ("203.0.113.9", RESOLVER, AWS)]
    plan = Table(every_constant(["us-east-1a"]))
    model = Table(hosts)
    plan.apply(compiler().propose(model, {key: (None, record) for key, record in model.records.items()}).delta)
    assert problems(plan) == []
    assert {one.id for one in plan.all(Node)} == {"internet/203.0.113.9", f"internet/{RESOLVER}"}
    own = plan.by(Address, "port", f"internet/{RESOLVER}")
    assert {one.ip: one.primary for one in own} == {RESOLVER: True, AWS: False}
