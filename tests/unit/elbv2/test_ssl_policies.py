"""DescribeSSLPolicies tells the tables of ELB's guides."""

from tests.support.expect import refused
from tests.unit.elbv2.front import Front

OLDEST = "ELBSecurityPolicy-2016-08"


def named(front: Front, name: str) -> tuple[list[str], list[str]]:
    """A policy's protocols and ciphers."""
    (one,) = front.elb.describe_ssl_policies(Names=[name])["SslPolicies"]
    assert one["Name"] == name
    assert one["SupportedLoadBalancerTypes"] == ["application", "network"]
    assert [cipher["Priority"] for cipher in one["Ciphers"]] == list(range(1, len(one["Ciphers"]) + 1))
    return one["SslProtocols"], [cipher["Name"] for cipher in one["Ciphers"]]


def test_what_policies_hold(front: Front) -> None:
    assert named(front, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06") == (
        ["TLSv1.2", "TLSv1.3"],
        [
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            "ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES256-GCM-SHA384",
        ],
    )
    protocols, ciphers = named(front, OLDEST)
    assert protocols == ["TLSv1", "TLSv1.1", "TLSv1.2"]
    assert len(ciphers) == 18
    assert ciphers[-6:] == [
        "AES128-GCM-SHA256",
        "AES128-SHA256",
        "AES128-SHA",
        "AES256-GCM-SHA384",
        "AES256-SHA256",
        "AES256-SHA",
    ]
    protocols, ciphers = named(front, "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04")
    assert (protocols, ciphers) == (["TLSv1.3"], ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"])


def test_what_their_names_promise(front: Front) -> None:
    """Protocols from the one in the name on; forward secrecy where it says so; ChaCha20 is no cipher of FIPS."""
    policies = front.elb.describe_ssl_policies()["SslPolicies"]
    assert len({one["Name"] for one in policies}) == len(policies) == 24
    for one in policies:
        ciphers = [cipher["Name"] for cipher in one["Ciphers"]]
        assert len(set(ciphers)) == len(ciphers)
        assert ("TLSv1.3" in one["SslProtocols"]) == ("TLS13" in one["Name"]) == ciphers[0].startswith("TLS_")
        if "-FS-" in one["Name"] or "-Res-" in one["Name"]:
            assert all(cipher.startswith(("TLS_", "ECDHE-")) for cipher in ciphers)
        if "FIPS" in one["Name"]:
            assert not [cipher for cipher in ciphers if "CHACHA20" in cipher]
        for digit, protocol in enumerate(("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")):
            if f"-1-{digit}-" in one["Name"]:
                assert one["SslProtocols"][0] == protocol


def test_which_are_told(front: Front) -> None:
    ask = front.elb.describe_ssl_policies
    every = ask()["SslPolicies"]
    assert ask(LoadBalancerType="network")["SslPolicies"] == ask(LoadBalancerType="application")["SslPolicies"] == every
    assert ask(LoadBalancerType="gateway")["SslPolicies"] == []
    first = ask(PageSize=20)
    assert first["SslPolicies"] + ask(Marker=first["NextMarker"])["SslPolicies"] == every
    told = refused("SSLPolicyNotFound", ask, Names=[OLDEST, "ELBSecurityPolicy-1999-01"])
    assert "ELBSecurityPolicy-1999-01" in told
    refused("ValidationError", ask, LoadBalancerType="classic")
