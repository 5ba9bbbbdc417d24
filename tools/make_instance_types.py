"""Write src/atoll/services/ec2/data/instance-types.msgpack: `python tools/make_instance_types.py`.

The facts are DescribeInstanceTypes' own answers, as moto (a development tool, nothing of which is installed with
Atoll) carries them in its resources. The file is zlib-compressed msgpack: each type's answer by its name, undecoded
until it is asked for.
"""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import moto
import msgspec

SOURCE = Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz"
TARGET = Path(__file__).parents[1] / "src" / "atoll" / "services" / "ec2" / "data" / "instance-types.msgpack"


def ordered(value: Any) -> Any:
    """The value with its keys sorted, so that the same facts always give the same bytes."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(one) for one in value] if isinstance(value, list) else value


def main() -> None:
    """Read moto's answers, write ours."""
    types: dict[str, dict[str, Any]] = json.loads(gzip.decompress(SOURCE.read_bytes()))
    encode = msgspec.msgpack.encode
    answers = {name: msgspec.Raw(encode(ordered(types[name]))) for name in sorted(types)}
    TARGET.write_bytes(zlib.compress(encode(answers), level=9))
    print(f"{TARGET.name}: {len(answers)} types, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
