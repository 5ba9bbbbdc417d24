"""An instance that asks for its metadata, without a network."""

from typing import Any

from atoll.model.kinds import Instance
from atoll.services.metadata import Answer, Asked, answer
from tests.support.lab import Lab

SECRET = b"a secret of this test's own"
TTL, TOKEN = "x-aws-ec2-metadata-token-ttl-seconds", "x-aws-ec2-metadata-token"


class Guest:
    """One instance; what it asks is answered at the cloud's present moment."""

    def __init__(self, lab: Lab, **params: Any) -> None:
        self.lab = lab
        self.id = lab.launch(**params)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """The answer; header names with underscores."""
        tx = self.lab.cloud.draft()
        instance = tx.get(Instance, self.id)
        assert instance is not None
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return answer(tx, instance, Asked(method, path, names), SECRET)

    def token(self, seconds: int = 60) -> str:
        made = self.ask("/latest/api/token", "PUT", **{TTL: str(seconds)})
        assert made.status == 200, made
        return made.content.decode()

    def read(self, path: str) -> str:
        """What is below /latest/, with a token."""
        found = self.ask(f"/latest/{path}", **{TOKEN: self.token()})
        assert found.status == 200, (path, found)
        return found.content.decode()

    def lists(self, path: str) -> list[str]:
        return self.read(path).split("\n")

    def status(self, path: str) -> int:
        return self.ask(f"/latest/{path}", **{TOKEN: self.token()}).status

    def options(self, **changed: Any) -> None:
        self.lab.ec2.modify_instance_metadata_options(InstanceId=self.id, **changed)
