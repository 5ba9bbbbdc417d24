"""DescribeSSLPolicies: the security policies that AWS has made, for TLS and HTTPS listeners, which are not built.

Names, protocols and ciphers are those of the tables "Protocols by policy" and "Ciphers by policy" in ELB's guides
(describe-ssl-policies), in their order. What was added to them since, and what one guide alone names, is left out
(docs/modelling.md).
"""

from typing import Any, NamedTuple

from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY, violation
from atoll.services.elbv2.common import page
from atoll.services.registry import Request, Response, operation

TYPES = ("application", "network", "gateway")
"""Types of load balancers [BC LoadBalancerTypeEnum]."""

WITH_POLICIES = ("application", "network")
"""Those that have listeners with TLS."""

_13_FIPS = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")
_13 = (*_13_FIPS, "TLS_CHACHA20_POLY1305_SHA256")
_GCM_128 = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256")
_CBC_128 = ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA256")
_SHA_128 = ("ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA")
_GCM_256 = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384")
_CBC_256 = ("ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES256-SHA384")
_SHA_256 = ("ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA")
_RSA = ("AES128-GCM-SHA256", "AES128-SHA256", "AES256-GCM-SHA384", "AES256-SHA256")
_RSA_SHA = ("AES128-GCM-SHA256", "AES128-SHA256", "AES128-SHA", "AES256-GCM-SHA384", "AES256-SHA256", "AES256-SHA")

_STRICT = (*_GCM_128, *_GCM_256)
_USUAL = (*_GCM_128, *_CBC_128, *_GCM_256, *_CBC_256)
_WIDE = (*_GCM_128, *_CBC_128, *_SHA_128, *_GCM_256, *_CBC_256, *_SHA_256)
_WIDE_RSA_FIRST = (*_WIDE[:-2], *reversed(_SHA_256))
"""The guide's order in the tables of FIPS and of forward secrecy."""


class Policy(NamedTuple):
    """`oldest`, `newest`: which of PROTOCOLS it allows, as numbers; `ciphers`: in order of preference."""

    oldest: int
    newest: int
    ciphers: tuple[str, ...]


PROTOCOLS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

POLICIES = {
    "ELBSecurityPolicy-TLS13-1-3-2021-06": Policy(3, 3, _13),
    "ELBSecurityPolicy-TLS13-1-2-2021-06": Policy(2, 3, (*_13, *_USUAL)),
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06": Policy(2, 3, (*_13, *_STRICT)),
    "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06": Policy(2, 3, (*_13, *_WIDE, *_RSA_SHA)),
    "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06": Policy(2, 3, (*_13, *_USUAL, *_RSA)),
    "ELBSecurityPolicy-TLS13-1-1-2021-06": Policy(1, 3, (*_13, *_WIDE, *_RSA_SHA)),
    "ELBSecurityPolicy-TLS13-1-0-2021-06": Policy(0, 3, (*_13, *_WIDE, *_RSA_SHA)),
    "ELBSecurityPolicy-TLS-1-2-Ext-2018-06": Policy(2, 2, (*_WIDE, *_RSA_SHA)),
    "ELBSecurityPolicy-TLS-1-2-2017-01": Policy(2, 2, (*_USUAL, *_RSA)),
    "ELBSecurityPolicy-TLS-1-1-2017-01": Policy(1, 2, (*_WIDE, *_RSA_SHA)),
    "ELBSecurityPolicy-2016-08": Policy(0, 2, (*_WIDE, *_RSA_SHA)),
    "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04": Policy(3, 3, _13_FIPS),
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04": Policy(2, 3, (*_13_FIPS, *_USUAL)),
    "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04": Policy(2, 3, (*_13_FIPS, *_STRICT)),
    "ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04": Policy(2, 3, (*_13_FIPS, *_WIDE_RSA_FIRST, *_RSA_SHA)),
    "ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04": Policy(2, 3, (*_13_FIPS, *_USUAL, *_RSA)),
    "ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04": Policy(2, 3, (*_13_FIPS, *_WIDE_RSA_FIRST)),
    "ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04": Policy(1, 3, (*_13_FIPS, *_WIDE_RSA_FIRST, *_RSA_SHA)),
    "ELBSecurityPolicy-TLS13-1-0-FIPS-2023-04": Policy(0, 3, (*_13_FIPS, *_WIDE_RSA_FIRST, *_RSA_SHA)),
    "ELBSecurityPolicy-FS-1-2-Res-2020-10": Policy(2, 2, _STRICT),
    "ELBSecurityPolicy-FS-1-2-Res-2019-08": Policy(2, 2, _USUAL),
    "ELBSecurityPolicy-FS-1-2-2019-08": Policy(2, 2, _WIDE_RSA_FIRST),
    "ELBSecurityPolicy-FS-1-1-2019-08": Policy(1, 2, _WIDE_RSA_FIRST),
    "ELBSecurityPolicy-FS-2018-06": Policy(0, 2, _WIDE_RSA_FIRST),
}


@operation("DescribeSSLPolicies", "Names LoadBalancerType Marker PageSize", service="elbv2")
def describe_ssl_policies(tx: Tx, request: Request) -> Response:
    """All, those that are named, or those of a type of load balancers."""
    del tx
    type_ = request.get("LoadBalancerType")
    if type_ is not None and type_ not in TYPES:
        raise violation(QUERY, "loadBalancerType", type_, f"satisfy enum value set: [{', '.join(TYPES)}]")
    names = request.get("Names") or list(POLICIES)
    for name in names:
        if name not in POLICIES:
            raise AwsError("SSLPolicyNotFound", f"SSL policy '{name}' not found")
    found = [] if type_ not in (None, *WITH_POLICIES) else [_shown(name) for name in dict.fromkeys(names)]
    some, more = page(found, request)
    return {"SslPolicies": some, **more}


def _shown(name: str) -> dict[str, Any]:
    policy = POLICIES[name]
    return {
        "Name": name,
        "SslProtocols": list(PROTOCOLS[policy.oldest : policy.newest + 1]),
        "Ciphers": [{"Name": cipher, "Priority": number} for number, cipher in enumerate(policy.ciphers, 1)],
        "SupportedLoadBalancerTypes": list(WITH_POLICIES),
    }
