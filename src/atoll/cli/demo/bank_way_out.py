"""The bank's private servers and the world: they know its names, and reach it by a NAT gateway alone."""

from atoll.cli.demo.bank_network import EVERYWHERE, BankNetwork
from atoll.cli.demo.bank_servers import DATABASE, PAGE
from atoll.cli.demo.building import Builder
from atoll.cli.demo.claims import Claims
from atoll.cli.demo.lab import INTERNET, PATIENCE, PROBE, Lab, until

SILENCE = 1.0
"""Seconds; an answer takes about a millisecond here."""

RESOLVE = """
import socket, sys
try:
    print(socket.gethostbyname(sys.argv[1]))
except socket.gaierror as error:
    print(error.args[1])
"""


def names_and_way_out(lab: Lab, build: Builder, net: BankNetwork, claims: Claims, elastic: str) -> None:
    """`elastic`: the Elastic IP of web-b. What is made for it goes again; the subnet stays."""
    ec2, tools = lab.ec2, net.tools

    def resolved(source: str, name: str) -> str:
        return lab.program(source, RESOLVE, name)

    database = build.name_of(net.database)
    claims.add("the database's private name, asked for in a private subnet", DATABASE, resolved(tools, database))
    public, inside = build.name_of(net.web_b, public=True), build.private_ip(net.web_b)
    seen = f"{resolved(tools, public)}, {resolved(INTERNET, public)}"
    claims.add("web-b's public name, asked for in the VPC and outside", f"{inside}, {elastic}", seen)
    aws = f"sts.{lab.region}.amazonaws.com"
    outside = resolved(INTERNET, aws)
    seen = f"{resolved(tools, aws)}, {lab.tcp(tools, aws, 443, seconds=SILENCE)}"
    claims.add("a private server without a way out knows AWS's names, and no more", f"{outside}, silent", seen)
    allocation, own = build.allocate("nat")
    gateway = build.nat_gateway(net.way_out, allocation, "bank")
    ec2.create_route(RouteTableId=net.private_routes, DestinationCidrBlock=EVERYWHERE, NatGatewayId=gateway)
    seen = lab.tcp(tools, aws, 443, seconds=SILENCE)
    claims.add("... with a NAT gateway it reaches AWS", "connected", seen)
    lab.program(tools, PROBE, f"http://{elastic}{PAGE}", str(PATIENCE))
    last = ("tail", "-n1", "/var/log/httpd/access_log")  # written after the page has been sent
    seen = until(lambda: lab.inside(net.web_b, *last).partition(" ")[0], lambda who: who == own, PATIENCE)
    claims.add("... its download comes from the gateway's Elastic IP", own, seen)
    seen = lab.tcp(INTERNET, own, 22, seconds=SILENCE)
    claims.add("... at which nothing gets in", "silent", seen)
    ec2.delete_route(RouteTableId=net.private_routes, DestinationCidrBlock=EVERYWHERE)
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[gateway])
    ec2.release_address(AllocationId=allocation)
