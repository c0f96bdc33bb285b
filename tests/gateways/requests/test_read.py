"""Files of requests: the kind is detected from the beginning."""

import gzip
import json
import os
import threading
from pathlib import Path

import pytest

from gateways.failure import Failure
from gateways.requests.read import kind_of, read

LINE = '127.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 5'
HAR = {"log": {"entries": [{"request": {"method": "GET", "url": "http://a/", "headers": []}}]}}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (json.dumps(HAR), "har"),
        (json.dumps(HAR, indent=2), "har"),
        ('{"path": "/"}\n{"path": "/log"}', "json lines"),
        ('{"path": "/"', "json lines"),
        ('127.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 5', "access log"),
        ("\n  {}", "json lines"),
    ],
)
def test_the_kind_is_detected_from_the_beginning_of_the_file(text: str, kind: str) -> None:
    assert kind_of(text) == kind


def test_each_kind_is_read(tmp_path: Path) -> None:
    (tmp_path / "body.bin").write_bytes(b"\x00")
    for name, text in {
        "a.har": json.dumps(HAR),
        "a.jsonl": '\ufeff{"path": "/", "body_file": "body.bin"}',
        "a.log": '127.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 5',
    }.items():
        (tmp_path / name).write_text(text)
        assert [each.target for each in read(tmp_path / name).requests] == ["/"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.http", b"GET / HTTP/1.1", ".http files are not supported; save the requests as a HAR file"),
        ("a.jsonl", b'{"path": "/"}\n{"path": "/\xff"}', "a.jsonl, line 2: not UTF-8 (byte 0xff)"),
        ("a.har", b'{"log": {"entries": []}}', "contains no request that can be replayed"),
        ("a.log", b"", "a.log is empty"),
        ("a.har", b"\n\n", "a.har is empty"),
        ("a.jsonl", b'{"path": "/", "body_file": "gone"}', "line 1: [Errno 2]"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Failure) as caught:
        read(tmp_path / name)
    assert said in str(caught.value)


def test_a_file_compressed_with_gzip_is_unpacked(tmp_path: Path) -> None:
    for name, text in (("a.har", json.dumps(HAR)), ("access.log.2.gz", "\n".join([LINE] * 3000))):
        (tmp_path / name).write_bytes(gzip.compress(text.encode(), mtime=0))
        assert {each.target for each in read(tmp_path / name).requests} == {"/"}


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_text, args=("\n".join([LINE] * 3000),), daemon=True)
    writer.start()
    assert len(read(fifo).requests) == 3000
    writer.join(10)


def test_a_har_file_in_one_long_line_is_not_taken_for_json_lines() -> None:
    text = json.dumps({"log": {"entries": HAR["log"]["entries"] * 3000}})
    length = len(json.dumps(HAR["log"]["entries"][0]))
    for end in range(60_000, 60_000 + length):  # any character may be the last one of the beginning
        assert kind_of(text[:end]) == "har"


def test_the_progress_is_the_number_of_bytes_read(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text("\n".join([LINE] * 40_000))
    told: list[tuple[int, int]] = []
    read(file, progress=lambda done, size: told.append((done, size)))
    size = file.stat().st_size
    assert len(told) > 3
    assert told == sorted(told)
    assert told[-1] == (size, size)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="No such file"):
        read(tmp_path / "gone.har")


def test_a_log_with_only_unusable_lines_reports_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text('127.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "POST / HTTP/1.1" 200 5\n')
    with pytest.raises(Failure, match="line 1: an access log does not contain the body of a POST"):
        read(file)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (gzip.compress(b'{"log": {}}', mtime=0)[:-9], "cannot unpack .*x.har: Compressed file ended before"),
        (gzip.compress(b'{"log": {}}', mtime=0)[:-8] + bytes(8), "cannot unpack .*x.har: CRC check failed"),
        (b"BZh91AY&SY", "x.har is compressed; unpack it first: bunzip2 x.har; --requests reads a HAR"),
        (b"PK\x03\x04\x14\x00", "unpack it first: unzip x.har"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", r"x.har is a binary file \(byte 0x1a at 6\)"),
        ('{"log": {}}'.encode("utf-16"), "x.har is in UTF-16; save it in UTF-8"),
    ],
)
def test_a_binary_file_is_refused_with_its_kind(tmp_path: Path, octets: bytes, said: str) -> None:
    file = tmp_path / "x.har"
    file.write_bytes(octets)
    with pytest.raises(Failure, match=said):
        read(file)


def test_a_log_with_raw_octets_of_clients_is_text(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    begin, end = b'::1 - - [10/Oct/2026:13:55:36 +0000] "', b'" 200 5 "-" "x"\n'
    file.write_bytes(begin + b"GET /caf\xe9 HTTP/1.1" + end + begin + b"\x16\x03\x01\x00" + end)
    traffic = read(file)
    assert (len(traffic.requests), len(traffic.left_out)) == (1, 1)
