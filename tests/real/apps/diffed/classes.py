"""A page that shows a set of classes, whose order depends on their addresses."""

import argparse
import csv
import decimal
import email.message
import fractions
import http.client
import json.decoder
import logging
import tarfile
import zipfile
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse

CLASSES = {
    argparse.ArgumentParser, csv.Sniffer, decimal.Decimal, email.message.Message, fractions.Fraction,
    http.client.HTTPConnection, json.decoder.JSONDecoder, logging.Logger, tarfile.TarInfo, zipfile.ZipInfo,
}  # fmt: skip


def app(_: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    body = " ".join(each.__name__ for each in CLASSES).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
