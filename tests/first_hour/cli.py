"""The AWS CLI without its half second of start-up a call: what the command `aws` runs, in this process.

Each call has a driver of its own, as each process has; they share what was read from the CLI's files of shapes.
"""

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from awscli.clidriver import create_clidriver

from tests.first_hour.account import REGION, Account
from tests.scenarios.running import Said


@cache
def _shapes() -> Any:
    return create_clidriver().session.get_component("data_loader")


class Cli:
    """`aws`, as one account; `folder` has no configuration files."""

    def __init__(self, account: Account, folder: Path) -> None:
        self._environment = {
            "AWS_ACCESS_KEY_ID": account.id,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": account.server.endpoint,
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
            "NO_PROXY": "127.0.0.1",
        }

    def run(self, *words: str) -> Said:
        """One command."""
        out, err = io.StringIO(), io.StringIO()
        with patch.dict(os.environ, self._environment), redirect_stdout(out), redirect_stderr(err):
            driver = create_clidriver()
            driver.session.register_component("data_loader", _shapes())
            status = int(driver.main(list(words)))
        return Said(status, out.getvalue(), err.getvalue())

    def __call__(self, *words: str) -> str:
        """One command of `aws ec2`, which must succeed; what it prints, as text unless it says otherwise."""
        form = () if "--output" in words else ("--output", "text")
        said = self.run("ec2", *words, *form)
        assert said.status == 0, said.err
        return said.out.strip()
