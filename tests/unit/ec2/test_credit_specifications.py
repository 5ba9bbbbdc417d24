"""The credit option of burstable instances."""

from tests.support.expect import filters, refused
from tests.support.lab import Lab


def option(lab: Lab, instance: str) -> str:
    (found,) = lab.ec2.describe_instance_credit_specifications(InstanceIds=[instance])["InstanceCreditSpecifications"]
    assert found["InstanceId"] == instance
    return str(found["CpuCredits"])


def test_families_have_defaults(lab: Lab) -> None:
    assert option(lab, lab.launch(InstanceType="t2.micro")) == "standard"
    unlimited = lab.launch(InstanceType="t3.micro")
    assert option(lab, unlimited) == "unlimited"
    describe = lab.ec2.describe_instance_credit_specifications
    (found,) = describe()["InstanceCreditSpecifications"]
    assert found["InstanceId"] == unlimited
    assert describe(Filters=filters(instance_id=unlimited))["InstanceCreditSpecifications"] == [found]


def test_asked_for_at_launch(lab: Lab) -> None:
    assert (
        option(lab, lab.launch(InstanceType="t3.micro", CreditSpecification={"CpuCredits": "standard"})) == "standard"
    )
    launch = lab.launch_pending
    refused("InvalidParameterValue", launch, CreditSpecification={"CpuCredits": "much"})
    refused(
        "InvalidParameterCombination",
        launch,
        InstanceType="m5.large",
        CreditSpecification={"CpuCredits": "standard"},
    )


def test_modify_each_on_its_own(lab: Lab) -> None:
    burstable, other = lab.launch(InstanceType="t3.micro"), lab.launch(InstanceType="m5.large")
    gone = lab.launch(InstanceType="t3.micro")
    lab.ec2.terminate_instances(InstanceIds=[gone])
    wanted = [burstable, other, gone, "i-0123456789abcdef0", "x"]
    modify = lab.ec2.modify_instance_credit_specification
    answer = modify(InstanceCreditSpecifications=[{"InstanceId": one, "CpuCredits": "standard"} for one in wanted])
    assert answer["SuccessfulInstanceCreditSpecifications"] == [{"InstanceId": burstable}]
    refusals = answer["UnsuccessfulInstanceCreditSpecifications"]
    assert [one["Error"]["Code"] for one in refusals] == [
        "InstanceCreditSpecification.NotSupported",
        "IncorrectInstanceState",
        "InvalidInstanceID.NotFound",
        "InvalidInstanceID.Malformed",
    ]
    assert option(lab, burstable) == "standard"
    one = {"InstanceId": burstable, "CpuCredits": "much"}
    refused("InvalidParameterValue", modify, InstanceCreditSpecifications=[one])
    refused("MissingParameter", modify, InstanceCreditSpecifications=[{"InstanceId": burstable}])


def test_defaults_of_a_family(lab: Lab) -> None:
    before = lab.launch(InstanceType="t3.micro")
    read, modify = lab.ec2.get_default_credit_specification, lab.ec2.modify_default_credit_specification
    assert read(InstanceFamily="t3")["InstanceFamilyCreditSpecification"]["CpuCredits"] == "unlimited"
    answer = modify(InstanceFamily="t3", CpuCredits="standard")["InstanceFamilyCreditSpecification"]
    assert answer == {"InstanceFamily": "t3", "CpuCredits": "standard"}
    assert read(InstanceFamily="t3")["InstanceFamilyCreditSpecification"] == answer
    assert option(lab, lab.launch(InstanceType="t3.micro")) == "standard"
    assert option(lab, before) == "unlimited"
    refused("InvalidParameterValue", read, InstanceFamily="m5")
    refused("InvalidParameterValue", modify, InstanceFamily="t3", CpuCredits="much")


def test_another_type_has_its_familys_default(lab: Lab) -> None:
    instance = lab.launch(InstanceType="t3.micro")
    lab.ec2.stop_instances(InstanceIds=[instance])
    lab.settle()
    lab.ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "m5.large"})
    assert option(lab, instance) == "standard"
    lab.ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.small"})
    assert option(lab, instance) == "unlimited"
