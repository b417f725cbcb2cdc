"""Writes expected/ of a channel anew: ``python -m tests.channels.write_expected <type>``. Read the difference first."""

from __future__ import annotations

import json
import sys

from tests.channels.kit import Bench, plain_parts


def main() -> None:
    bench = Bench(sys.argv[1])
    (bench.folder / "expected").mkdir(exist_ok=True)
    for name in bench.payloads():
        forms = plain_parts(bench.receive(bench.encode(bench.read(f"{name}.json"))))
        written = json.dumps(forms, indent=2, ensure_ascii=False)
        (bench.folder / "expected" / f"{name}.json").write_text(written + "\n")


if __name__ == "__main__":
    main()
