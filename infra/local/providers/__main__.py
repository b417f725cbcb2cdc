"""`python infra/local/providers --port 8090 --demo .local/demo.json` starts the provider simulator."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# Started by its folder's name, Python sees this folder alone.
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from aiohttp import web

from infra.local.providers.server import build_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="providers", description="Provider simulator of Recado's local stack")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--demo", type=Path, default=Path(".local/demo.json"), help="where the channels are described")
    arguments = parser.parse_args()
    web.run_app(
        build_app(arguments.demo),
        host=arguments.host,
        port=arguments.port,
        access_log=None,
        print=None,
        shutdown_timeout=2,
    )


main()
