"""Memory addresses of an app's objects."""

import subprocess
import sys

ORDERS = """
from gateways.serving.addresses import vary_addresses
vary_addresses()
import argparse, csv, decimal, email.message, fractions, http.client, json.decoder, logging, tarfile, zipfile
classes = [argparse.ArgumentParser, csv.Sniffer, decimal.Decimal, email.message.Message, fractions.Fraction,
           http.client.HTTPConnection, json.decoder.JSONDecoder, logging.Logger, tarfile.TarInfo, zipfile.ZipInfo]
print(*(each.__name__ for each in set(classes)))
"""


def test_the_order_of_a_set_of_classes_differs_between_processes() -> None:
    """Without the module, the order is the same in all processes if string hashes are fixed."""
    environment = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "0"}
    orders = {subprocess.check_output([sys.executable, "-c", ORDERS], env=environment) for _ in range(4)}
    assert len(orders) > 1
