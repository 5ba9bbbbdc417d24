"""The entry for whoever runs analyses: by the id of one, what is to be written down of it."""

from typing import NamedTuple

from atoll.insights import paths, scopes
from atoll.insights.names import Said
from atoll.insights.passed import FailedError
from atoll.model.kinds import AccessScopeAnalysis
from atoll.records import Table


class Answer(NamedTuple):
    """The members in AWS's words; None where the analysis failed, and then why."""

    members: Said | None
    message: str = ""


def answer(model: Table, plan: Table, id_: str) -> Answer:
    """Compute one analysis. LookupError where it was deleted meanwhile."""
    scoped = model.get(AccessScopeAnalysis, id_) is not None
    try:
        return Answer((scopes if scoped else paths).answer(model, plan, id_))
    except FailedError as error:
        return Answer(None, str(error))
