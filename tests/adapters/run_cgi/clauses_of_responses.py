"""Requirements of RFC 3875 and practice for responses from a program's output; run in process and on servers."""

from urllib.parse import quote

import pytest

from tests.adapters.run_cgi.asking import Asker, Response


def printed(ask: Asker, output: bytes, end: str = "", method: str = "GET") -> Response:
    """Return the response for a program that writes `output` and ends as in prints.py."""
    return ask(f"/prints.py{end}?{quote(output, safe='')}", method)


class Heads:
    """RFC 3875, 6.2 and 6.3."""

    @pytest.mark.parametrize("ends", [(b"\n", b"\n"), (b"\r\n", b"\r\n"), (b"\r\n", b"\n"), (b"\n", b"\r\n")])
    def test_7_2_lines_end_in_lf_or_crlf_or_both(self, ask: Asker, ends: tuple[bytes, bytes]) -> None:
        response = printed(ask, b"Content-Type: text/x" + ends[0] + b"X-A: b" + ends[1] + ends[0] + b"body\r\n\r\nmore")
        assert (response.status, response["Content-Type"], response["X-A"]) == (200, "text/x", "b")
        assert response.body == b"body\r\n\r\nmore"

    @pytest.mark.parametrize(
        "output",
        [
            b"",
            b"Content-Type: text/plain",
            b"Content-Type: text/plain\n",
            b"just text\n\nbody",
            b"<html>\n</html>\n",
            b"Content-Type: text/plain\nno colon\n\nbody",
            b"Content-Type: text/plain\n folded\n\nbody",
            b" Content-Type: text/plain\n\nbody",
            b"Content-Type : text/plain\n\nbody",
            b"X A: b\n\nbody",
            b": b\n\nbody",
            b"X-A: b\0c\n\nbody",
            b"X-A: b\rX-B: c\n\nbody",
            b"Status: 99 Low\n\nbody",
            b"Status: 100 Continue\n\nbody",
            b"Status: 1000\n\nbody",
            b"Status: abc\n\nbody",
            b"Status:\n\nbody",
            b"Status: 200OK\n\nbody",
            b"Location: http://a/\nLocation: http://b/\n\n",
            b"Status: 200\nStatus: 404\n\nbody",
            b"Content-Type: a/b\nContent-Type: c/d\n\nbody",
            b"Content-Type: a/b\nContent-Length: 4\nContent-Length: 5\n\nbody",
            b"Content-Type: a/b\nContent-Length: 4, 4\n\nbody",
            b"Location:\n\n",
            b"Content-Type: a/b\nContent-Length: 4x\n\nbody",
            b"Content-Type: a/b\nContent-Length: -4\n\nbody",
            b"Content-Type: a/b\nTransfer-Encoding: chunked\n\n4\r\nbody\r\n0\r\n\r\n",
            b"HTTP/1.1 abc\nContent-Type: text/plain\n\nbody",
        ],
        ids=lambda output: repr(output[:40]),
    )
    def test_6_2_invalid_response_headers_are_a_502(self, ask: Asker, output: bytes) -> None:
        response = printed(ask, output)
        assert response.status == 502
        assert b"body" not in response.body

    @pytest.mark.parametrize(
        ("output", "status", "body"),
        [
            (b"\n", 200, b""),
            (b"\nbody", 200, b"body"),
            (b"\r\nbody", 200, b"body"),
            (b"\n\nbody", 200, b"\nbody"),
            (b"Date: never\nServer: mine\n\nbody", 200, b"body"),
            (b"Connection: close\n\nbody", 200, b"body"),
            (b"Status: 404\nStatus: 404\n\nbody", 404, b"body"),
            (b"Status: 404 \x01\n\nbody", 404, b"body"),
            (b"Content-Type: a/b\nContent-Type: a/b\n\nbody", 200, b"body"),
            (b"Content-Type:\n\nbody", 200, b"body"),
            (b"Content-Type: a/b\nContent-Length:\n\nbody", 200, b"body"),
            (b"Content-Type: a/b\nContent-Length: \n\nbody", 200, b"body"),
            (b"Content-Type: a/b\nContent-Length: 4\nContent-Length: 4\n\nbody", 200, b"body"),
            (b"Location: http://a/\nLocation: http://a/\n\n", 302, b""),
            (b"Content-Type: a/b\r\r\n\r\r\nbody", 200, b"body"),
        ],
        ids=lambda output: repr(output)[:40],
    )
    def test_harmless_errors_that_apache_and_lighttpd_accept_are_accepted(
        self, ask: Asker, output: bytes, status: int, body: bytes
    ) -> None:
        response = printed(ask, output)
        assert (response.status, response.body, response.complete) == (status, body, True)
        for name in ("Content-Type", "Content-Length", "Location"):
            assert len(response.all(name)) <= 1
            assert "" not in response.all(name)

    def test_a_status_above_599_is_passed_on_or_replaced_by_500(self, ask: Asker) -> None:
        response = printed(ask, b"Status: 600 High\nContent-Type: a/b\n\nbody")
        assert (response.status in (600, 500), response.body) == (True, b"body")

    def test_too_many_response_headers_are_a_502(self, ask: Asker) -> None:
        assert ask("/has_1000_fields.py").status == 502

    def test_response_headers_without_an_end_are_a_502(self, ask: Asker) -> None:
        assert ask("/writes_no_newline.py").status == 502

    @pytest.mark.parametrize("end", ["/exit/1", "/kill/9"])
    @pytest.mark.parametrize("output", [b"", b"Content-Type: text/plain\n"])
    def test_a_program_that_fails_before_its_response_headers_is_a_502(
        self, ask: Asker, output: bytes, end: str
    ) -> None:
        assert printed(ask, output, end).status == 502

    @pytest.mark.parametrize("name", ["Status", "status", "STATUS"])
    @pytest.mark.parametrize(
        ("value", "status"), [("404 Not Here", 404), ("418", 418), ("299 Fine", 299), ("599", 599)]
    )
    def test_6_3_3_status_becomes_the_status_and_not_a_header(
        self, ask: Asker, name: str, value: str, status: int
    ) -> None:
        response = printed(ask, f"Content-Type: text/plain\n{name}: {value}\n\nbody".encode())
        assert (response.status, response["Status"], response.body) == (status, None, b"body")

    def test_6_3_2_an_absolute_location_without_status_is_302(self, ask: Asker) -> None:
        response = printed(ask, b"Location: http://example.com/a?b#c\n\n")
        assert (response.status, response["Location"]) == (302, "http://example.com/a?b#c")

    @pytest.mark.parametrize("order", [0, 1])
    def test_6_2_4_a_location_with_a_status_keeps_status_and_body(self, ask: Asker, order: int) -> None:
        fields = [b"Status: 301 Moved", b"Location: http://example.com/"]
        response = printed(ask, b"\n".join(fields[:: -1 if order else 1]) + b"\nContent-Type: text/plain\n\nthere")
        assert (response.status, response["Location"], response.body) == (301, "http://example.com/", b"there")

    @pytest.mark.parametrize("location", ["/path", "relative/path", "//example.com/"])
    def test_a_location_with_a_status_is_sent_to_the_client(self, ask: Asker, location: str) -> None:
        response = printed(ask, f"Status: 303 See Other\nLocation: {location}\n\n".encode())
        assert (response.status, response["Location"]) == (303, location)

    def test_6_3_1_no_content_type_is_added(self, ask: Asker) -> None:
        response = printed(ask, b"X-A: b\n\nbody")
        assert (response.status, response.body) == (200, b"body")

    def test_connection_headers_are_set_by_the_server_only(self, ask: Asker) -> None:
        response = printed(
            ask, b"Keep-Alive: timeout=9\nUpgrade: x\nTrailer: x\nTE: x\nProxy-Connection: x\nX-A: b\n\nbody"
        )
        assert (response.status, response["X-A"], response.body) == (200, "b", b"body")
        for name in ("Upgrade", "Trailer", "TE", "Proxy-Connection"):
            assert response[name] is None
        assert response["Keep-Alive"] != "timeout=9"

    def test_server_and_date_are_set_by_the_server_only(self, ask: Asker) -> None:
        response = printed(ask, b"Server: mine\nDate: never\nX-A: b\n\nbody")
        assert "mine" not in response.all("Server")
        assert "never" not in response.all("Date")

    def test_several_set_cookie_headers_are_kept_in_order(self, ask: Asker) -> None:
        response = printed(ask, b"Set-Cookie: a=1\nSet-Cookie: b=2\nSet-Cookie: a=3\n\nbody")
        assert response.all("Set-Cookie") == ["a=1", "b=2", "a=3"]

    def test_the_octets_of_a_value_are_not_changed(self, ask: Asker) -> None:
        response = printed(ask, b"X-Latin: caf\xe9\nX-UTF: caf\xc3\xa9\n\nbody")
        assert (response["X-Latin"], response["X-UTF"]) == ("caf\xe9", "caf\xc3\xa9")

    def test_a_line_of_8_kb_is_accepted(self, ask: Asker) -> None:
        response = ask("/long_line.py")
        assert response["X-Long"] == "x" * 8192

    def test_fields_for_the_server_only_are_not_passed_on(self, ask: Asker) -> None:
        assert printed(ask, b"X-CGI-Secret: a\nX-A: b\n\nbody")["X-CGI-Secret"] is None

    def test_5_a_non_parsed_response_is_read_by_its_status_line(self, ask: Asker) -> None:
        response = ask("/nph-hello.sh")
        assert (response.status, response["Content-Type"], response.body) == (299, "text/plain", b"hello\n")


class Bodies:
    """RFC 3875, 6.4."""

    def test_6_4_the_body_extends_to_the_end_of_file(self, ask: Asker) -> None:
        body = bytes(range(256)) * 4
        assert printed(ask, b"Content-Type: application/octet-stream\n\n" + body).body == body

    def test_a_content_length_is_passed_on(self, ask: Asker) -> None:
        response = printed(ask, b"Content-Type: a/b\nContent-Length: 4\n\nbody")
        assert (response["Content-Length"], response.body, response.complete) == ("4", b"body", True)

    def test_data_beyond_the_content_length_is_cut_off(self, ask: Asker) -> None:
        response = printed(ask, b"Content-Type: a/b\nContent-Length: 4\n\nbody and more")
        assert (response["Content-Length"], response.body, response.complete) == ("4", b"body", True)

    def test_a_body_shorter_than_its_content_length_does_not_look_complete(self, ask: Asker) -> None:
        response = printed(ask, b"Content-Type: a/b\nContent-Length: 40\n\nbody")
        assert response.complete is False

    @pytest.mark.parametrize("path", ["/hello.sh", "/prints.py"])
    def test_a_response_to_head_has_no_body(self, ask: Asker, path: str) -> None:
        response = ask(f"{path}?Content-Length:%204%0A%0Abody", "HEAD")
        assert (response.status, response.body, response.complete) == (200, b"", True)

    @pytest.mark.parametrize("status", [204, 304])
    def test_some_statuses_have_no_body(self, ask: Asker, status: int) -> None:
        response = printed(ask, f"Status: {status}\nX-A: b\n\nbody".encode())
        assert (response.status, response["X-A"], response.body, response.complete) == (status, "b", b"", True)

    @pytest.mark.parametrize("end", ["/kill/9", "/kill/15", "/kill/11", "/exit/70"])
    def test_a_response_of_a_killed_program_does_not_look_complete(self, ask: Asker, end: str) -> None:
        response = printed(ask, b"Content-Type: text/plain\n\npart", end)
        assert response.complete is False or response.status == 500  # a server may not have sent the headers yet

    @pytest.mark.parametrize(("status", "end"), [(500, "/exit/255"), (200, "/exit/1")])
    def test_a_page_is_complete_with_any_exit_status(self, ask: Asker, status: int, end: str) -> None:
        response = printed(ask, f"Status: {status}\nContent-Type: text/plain\n\npage".encode(), end)
        assert (response.status, response.body, response.complete) == (status, b"page", True)

    def test_stderr_is_read_and_does_not_reach_the_client(self, ask: Asker) -> None:
        response = ask("/writes_1mb_to_stderr.py")
        assert (response.status, response.body) == (200, b"done")


class LocalRedirects:
    """RFC 3875, 6.2.2."""

    def test_6_2_2_a_local_redirect_is_followed_by_the_server(self, ask: Asker) -> None:
        response = printed(ask, b"Location: /report.py/a%20b?c=d\n\n")
        assert response.status == 200
        assert b'"PATH_INFO": "/a b"' in response.body
        assert b'"QUERY_STRING": "c=d"' in response.body
        assert b'"REQUEST_URI": "/report.py/a%20b?c=d"' in response.body

    def test_6_2_2_the_redirected_request_is_a_get_without_a_body(self, ask: Asker) -> None:
        target = "/prints.py?Location:%20/report.py%0A%0A"
        environ = ask.environ(target, "POST", body=b"x", headers=[("Content-Type", "text/plain")])
        assert environ["REQUEST_METHOD"] == "GET"
        assert not {"CONTENT_LENGTH", "CONTENT_TYPE"} & environ.keys()

    def test_a_redirected_head_request_stays_a_head_request(self, ask: Asker) -> None:
        response = ask("/prints.py?Location:%20/hello.sh%0A%0A", "HEAD")
        assert (response.status, response["Content-Type"], response.body) == (200, "text/plain", b"")

    def test_a_missing_target_is_404(self, ask: Asker) -> None:
        assert printed(ask, b"Location: /missing\n\n").status == 404

    def test_a_redirect_loop_ends_in_502(self, ask: Asker) -> None:
        assert ask("/redirects_to_itself.sh").status == 502

    def test_a_local_location_with_a_cookie_is_sent_to_the_client(self, ask: Asker) -> None:
        response = printed(ask, b"Location: /hello.sh\nSet-Cookie: a=1\n\n")
        assert (response.status, response["Location"], response["Set-Cookie"]) == (302, "/hello.sh", "a=1")

    @pytest.mark.parametrize("location", ["//example.com/x", "page.html", "/hello.sh#part"])
    def test_an_invalid_location_is_sent_to_the_client(self, ask: Asker, location: str) -> None:
        response = printed(ask, f"Location: {location}\n\n".encode())
        assert (response.status, response["Location"]) == (302, location)
