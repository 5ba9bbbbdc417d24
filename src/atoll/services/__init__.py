"""AWS's services as domain code alone: one resource family a file, one handler an operation.

A handler is a plain function `(tx, request) -> response`. Requests and responses are dictionaries by botocore's
member names, as a boto3 user writes and reads them; the protocol package turns them into bytes and back. A handler
has no IO, no await, no clock but `tx.now` and no randomness but `tx.new_id()`.
"""
