"""The load client as a process: `python -m gateways.compare.load`. It reads one order per line from stdin, and writes
each measurement to stdout. It exits at the end of stdin, and so does not outlive its parent process.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

from gateways.compare.load.order import Order
from gateways.compare.load.response import BadFraming
from gateways.compare.load.work import Probe, Work


def carry_out(line: str) -> dict[str, Any]:
    """Return the result of an order: the measurement or probe, or {"failure": why}."""
    order = Order.from_json(line)
    try:
        return asdict(Probe(order).run()) if order.kind == "probe" else Work(order).run().to_json()
    except (OSError, BadFraming) as error:
        return {"failure": f"{type(error).__name__}: {error}"}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(carry_out(line)), flush=True)


if __name__ == "__main__":
    main()
