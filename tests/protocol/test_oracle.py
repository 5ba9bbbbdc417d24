"""Both directions against botocore: what it writes we read, what we write it reads."""

from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.protocol import AwsError, headers, load, serialise, serialise_error
from tests.protocol import oracle, strategies

EXAMPLES = {"ec2": 300, "elbv2": 100, "cloudformation": 100, "sts": 40, "iam": 150, "ssm": 200, "arc-zonal-shift": 100}


@pytest.mark.parametrize("service", oracle.SERVICES)
def test_a_request_of_botocore_gives_the_parameters_that_the_user_passed(service: str) -> None:
    @settings(strategies.FIXED, max_examples=EXAMPLES[service])
    @given(strategies.calls(service))
    def check(call: tuple[str, dict[str, Any]]) -> None:
        name, params = call
        parsed = oracle.asked(service, name, params)
        assert (parsed.operation, parsed.params) == (name, params)

    check()


@pytest.mark.parametrize("service", oracle.SERVICES)
def test_botocore_reads_an_answer_as_the_result_that_we_wrote(service: str) -> None:
    @settings(strategies.FIXED, max_examples=EXAMPLES[service])
    @given(strategies.results(service))
    def check(answer: tuple[str, dict[str, Any]]) -> None:
        name, result = answer
        body = serialise(load(service), name, result, "req-1")
        read = oracle.understood(service, oracle.operation(service, name).output_shape, 200, body)
        assert read.pop("ResponseMetadata") == {
            "RequestId": "req-1",
            "HTTPStatusCode": 200,
            "HTTPHeaders": headers("req-1", load(service)),
        }
        assert read == result

    check()


@pytest.mark.parametrize("service", oracle.SERVICES)
def test_every_member_of_every_operation_goes_both_ways(service: str) -> None:
    served, numbers = load(service), count()
    for name in sorted(served.operations):
        model = oracle.operation(service, name)
        params = strategies.filled(model.input_shape, numbers) if model.input_shape else {}
        assert oracle.asked(service, name, params).params == params
        result = strategies.filled(model.output_shape, numbers) if model.output_shape else {}
        read = oracle.understood(service, model.output_shape, 200, serialise(served, name, result, "req-1"))
        read.pop("ResponseMetadata")
        assert read == result


@pytest.mark.parametrize("service", oracle.SERVICES)
def test_every_operation_has_a_reader_and_a_writer(service: str) -> None:
    served = load(service)
    assert served.operations == set(oracle.model(service).operation_names)
    for name in sorted(served.operations):
        shape = oracle.operation(service, name).output_shape
        read = oracle.understood(service, shape, 200, serialise(served, name, {}, "req-1"))
        assert read.pop("ResponseMetadata")["RequestId"] == "req-1"
        assert read == {}
        asked = oracle.operation(service, name).input_shape
        if asked is None or not asked.required_members:
            assert oracle.asked(service, name, {}).params == {}
            continue
        if oracle.in_the_path(service, name):
            continue
        with pytest.raises(AwsError, match=r"MissingParameter|ValidationE(rror|xception)"):
            oracle.asked(service, name, {})


@pytest.mark.parametrize("service", oracle.SERVICES)
@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_botocore_reads_our_errors(service: str, status: int) -> None:
    @settings(strategies.FIXED, max_examples=30)
    @given(st.from_regex(r"[A-Z][A-Za-z.]{1,30}", fullmatch=True), strategies.XML_TEXT.filter(bool))
    def check(code: str, message: str) -> None:
        sent, body = serialise_error(load(service), AwsError(code, message, status), "req-1")
        read = oracle.understood(service, None, sent, body)
        assert (sent, read["Error"]["Code"], read["Error"]["Message"]) == (status, code, message)
        assert read["ResponseMetadata"]["RequestId"] == "req-1"
        if load(service).protocol == "query":
            assert read["Error"]["Type"] == ("Sender" if status < 500 else "Receiver")

    check()
