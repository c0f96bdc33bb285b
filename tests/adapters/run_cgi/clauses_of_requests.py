"""Requirements of RFC 3875 and practice for requests to a program; run in process and on servers."""

import os
import re
from urllib.parse import quote

import pytest

from tests.adapters.run_cgi.asking import Asker

BAD = (400, 403, 404)  # statuses of a bad request; some servers refuse it before the host does


class MetaVariables:
    """RFC 3875, 4.1."""

    def test_4_1_4_gateway_interface_is_cgi_slash_1_1(self, ask: Asker) -> None:
        assert ask.environ()["GATEWAY_INTERFACE"] == "CGI/1.1"

    @pytest.mark.parametrize("version", ["1.0", "1.1"])
    def test_4_1_16_server_protocol_is_that_of_this_request(self, ask: Asker, version: str) -> None:
        assert ask.environ(version=version)["SERVER_PROTOCOL"] == f"HTTP/{version}"

    def test_4_1_14_server_name_is_the_host_without_its_port(self, ask: Asker) -> None:
        environ = ask.environ(headers=[("Host", "example.com:8080")])
        assert environ["SERVER_NAME"] == "example.com"
        assert environ["SERVER_PORT"].isdigit()
        assert environ["HTTP_HOST"] == "example.com:8080"

    def test_4_1_14_an_ipv6_server_name_has_brackets(self, ask: Asker) -> None:
        assert ask.environ(headers=[("Host", "[::1]:8080")])["SERVER_NAME"] == "[::1]"

    def test_4_1_17_server_software_is_not_empty(self, ask: Asker) -> None:
        assert ask.environ()["SERVER_SOFTWARE"]

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
    def test_4_1_12_request_method_is_passed_verbatim(self, ask: Asker, method: str) -> None:
        assert ask.environ(method=method)["REQUEST_METHOD"] == method

    def test_4_1_7_query_string_is_defined_without_a_query(self, ask: Asker) -> None:
        assert ask.environ()["QUERY_STRING"] == ""

    @pytest.mark.parametrize("query", ["a=b%20c+d&e", "x?y?z", "k=aa%2F%2Fbb&//q//p//=//a//b//", "%3D"])
    def test_4_1_7_query_string_is_not_decoded_and_starts_at_the_first_question_mark(
        self, ask: Asker, query: str
    ) -> None:
        assert ask.environ(f"/report.py/x?{query}")["QUERY_STRING"] == query

    def test_4_1_8_remote_addr_is_the_client(self, ask: Asker) -> None:
        environ = ask.environ()
        assert environ["REMOTE_ADDR"] == "127.0.0.1"
        assert environ["REMOTE_HOST"] == "127.0.0.1"
        assert environ["REMOTE_PORT"].isdigit()

    def test_4_1_13_script_name_is_the_path_of_the_program_and_path_info_is_the_rest(self, ask: Asker) -> None:
        environ = ask.environ("/nested/deep/report.py/more/of%20it")
        assert environ["SCRIPT_NAME"] == "/nested/deep/report.py"
        assert environ["PATH_INFO"] == "/more/of it"

    @pytest.mark.parametrize("rest", ["/", "/a/", "/A//b", "/a?b", "/ü/%", "/a..b/...", "/.a/b."])
    def test_4_1_5_path_info_is_decoded_once_with_its_slashes_and_case(self, ask: Asker, rest: str) -> None:
        environ = ask.environ("/report.py" + quote(rest))
        assert environ["PATH_INFO"].encode("latin-1").decode() == rest
        assert environ["SCRIPT_NAME"] == "/report.py"

    def test_4_1_5_without_a_rest_path_info_is_unset(self, ask: Asker) -> None:
        environ = ask.environ("/report.py")
        assert "PATH_INFO" not in environ
        assert environ["SCRIPT_NAME"] == "/report.py"

    @pytest.mark.parametrize(
        ("rest", "path_info"),
        [
            ("/a/../b", "/b"),
            ("/a/./b", "/a/b"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("/%2e%2e/report.py/b", "/b"),
            ("/a/b/../../c", "/c"),
            ("/../report.py/c", "/c"),
            ("/../nested/../report.py/c", "/c"),
        ],
    )
    def test_dot_segments_are_resolved(self, ask: Asker, rest: str, path_info: str) -> None:
        environ = ask.environ("/report.py" + rest)
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/report.py", path_info)
        assert environ["PATH_TRANSLATED"] == environ["DOCUMENT_ROOT"] + path_info

    def test_dots_before_an_encoded_slash_are_resolved(self, ask: Asker) -> None:
        assert ask.environ("/report.py/a/..%2fb")["PATH_INFO"] == "/b"

    def test_3_3_the_script_uri_is_split_in_the_same_way_again(self, ask: Asker) -> None:
        first = ask.environ("/nested//deep/report.py/a%2520b//c%3Bd/?q")
        again = ask.environ(quote(first["SCRIPT_NAME"] + first["PATH_INFO"], safe="/") + "?" + first["QUERY_STRING"])
        names = ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
        assert [again[name] for name in names] == [first[name] for name in names]

    def test_4_1_6_path_translated_is_path_info_below_the_document_root(self, ask: Asker) -> None:
        environ = ask.environ("/report.py/a%20b")
        assert environ["PATH_TRANSLATED"] == environ["DOCUMENT_ROOT"] + "/a b"

    def test_4_1_6_without_path_info_there_is_no_path_translated(self, ask: Asker) -> None:
        assert "PATH_TRANSLATED" not in ask.environ()

    def test_4_1_2_a_request_without_body_has_no_content_length(self, ask: Asker) -> None:
        environ = ask.environ()
        assert "CONTENT_LENGTH" not in environ
        assert "CONTENT_TYPE" not in environ

    def test_4_1_2_content_length_zero_is_passed(self, ask: Asker) -> None:
        assert ask.environ(method="POST", headers=[("Content-Length", "0")])["CONTENT_LENGTH"] == "0"

    def test_4_1_3_content_type_is_passed_verbatim(self, ask: Asker) -> None:
        kind = 'Multipart/Form-Data; Boundary="A b"'
        environ = ask.environ(method="POST", body=b"x", headers=[("Content-Type", kind)])
        assert environ["CONTENT_TYPE"] == kind

    def test_4_1_18_content_headers_have_no_http_variable(self, ask: Asker) -> None:
        environ = ask.environ(method="POST", body=b"x", headers=[("Content-Type", "text/plain")])
        assert not {"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"} & environ.keys()

    def test_4_1_11_a_client_cannot_claim_a_remote_user(self, ask: Asker) -> None:
        environ = ask.environ(headers=[("Authorization", "Basic dXNlcjpwYXNz"), ("Remote-User", "root")])
        assert not {"REMOTE_USER", "AUTH_TYPE"} & environ.keys()

    def test_4_1_18_credentials_are_withheld(self, ask: Asker) -> None:
        environ = ask.environ(headers=[("Authorization", "Bearer secret"), ("Proxy-Authorization", "Basic c2VjcmV0")])
        assert not {"HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION"} & environ.keys()

    def test_4_1_18_a_repeated_header_is_one_list(self, ask: Asker) -> None:
        environ = ask.environ(headers=[("Accept", "text/html"), ("Accept", "text/plain")])
        assert re.fullmatch("text/html, ?text/plain", environ["HTTP_ACCEPT"])  # a WSGI server has joined them already

    def test_4_1_18_repeated_cookies_are_joined_by_semicolons(self, ask: Asker) -> None:
        environ = ask.environ(headers=[("Cookie", "a=1"), ("Cookie", "b=2")])
        assert re.fullmatch("a=1[;,] ?b=2", environ["HTTP_COOKIE"])

    def test_a_proxy_header_does_not_become_http_proxy(self, ask: Asker) -> None:
        environ = ask.environ(headers=[("Proxy", "http://evil.example"), ("PROXY", "http://evil.example")])
        assert not {"HTTP_PROXY", "http_proxy", "PROXY"} & environ.keys()

    def test_a_header_name_with_an_underscore_cannot_spoof_one_with_a_hyphen(self, ask: Asker) -> None:
        environ = ask.environ(headers=[("X-Real-Ip", "1.1.1.1"), ("X_Real_Ip", "6.6.6.6"), ("X_Only", "6")])
        assert environ["HTTP_X_REAL_IP"] == "1.1.1.1"
        assert "HTTP_X_ONLY" not in environ

    def test_7_2_values_are_the_octets_of_the_request(self, ask: Asker) -> None:
        environ = ask.environ("/report.py/caf%E9%FF", headers=[("X-Name", "caf\xe9")])
        assert environ["PATH_INFO"] == "/caf\xe9\xff"
        assert environ["HTTP_X_NAME"] == "caf\xe9"

    def test_variables_that_programs_expect_in_addition_to_the_rfc(self, ask: Asker) -> None:
        environ = ask.environ("/nested/deep/report.py/a%20b?c%20d")
        assert environ["REQUEST_URI"] == "/nested/deep/report.py/a%20b?c%20d"
        assert environ["SCRIPT_FILENAME"] == environ["DOCUMENT_ROOT"] + "/nested/deep/report.py"
        assert environ["REQUEST_SCHEME"] == "http"
        assert environ["REDIRECT_STATUS"] == "200"
        assert "HTTPS" not in environ

    def test_only_path_and_locale_of_the_hosts_environment_are_passed(self, ask: Asker) -> None:
        known = re.compile(
            "PATH|LANG|LANGUAGE|LC_.*|TZ|LD_LIBRARY_PATH|HTTP_.*|(SERVER|REMOTE|REQUEST|SCRIPT|PATH|CONTENT|QUERY)_.*"
            "|GATEWAY_INTERFACE|DOCUMENT_ROOT|REDIRECT_STATUS"
        )
        environ = ask.environ()
        assert environ["PATH"]
        assert [name for name in environ if not known.fullmatch(name)] == []


class FindingTheProgram:
    """RFC 3875, 3.3, and files that must never be run or sent."""

    @pytest.mark.parametrize("target", ["/", "/nested", "/nested/", "/missing", "/missing/more", "/nested/missing.py"])
    def test_folders_are_not_listed_and_a_missing_program_is_404(self, ask: Asker, target: str) -> None:
        assert ask(target).status in (403, 404)

    @pytest.mark.parametrize(
        "target",
        [
            "/../outside.sh",
            "/%2e%2e/outside.sh",
            "/..%2foutside.sh",
            "/nested/../../outside.sh",
            "/hello.sh/../../outside.sh",
            "/.%2e/outside.sh",
            "/..%5coutside.sh",
            "/hello.sh\\..\\..\\outside.sh",
            "//../outside.sh",
            "/%252e%252e/outside.sh",
            "/link_out.sh",
        ],
    )
    def test_no_spelling_of_a_path_leads_out_of_the_folder(self, ask: Asker, target: str) -> None:
        response = ask(target)
        assert response.status in BAD
        assert b"hello" not in response.body

    def test_a_link_within_the_folder_is_followed(self, ask: Asker) -> None:
        assert ask("/link_in.sh").body == b"hello\n"

    @pytest.mark.parametrize("target", ["/hello.sh%00.txt", "/hello.sh%00", "/%00", "/hello.sh/a%00b"])
    def test_a_nul_in_the_path_is_refused(self, ask: Asker, target: str) -> None:
        assert ask(target).status in (400, 404)

    def test_an_encoded_slash_is_a_slash(self, ask: Asker) -> None:
        assert ask.environ("/nested%2Fdeep/report.py")["SCRIPT_NAME"] == "/nested/deep/report.py"

    def test_an_encoded_question_mark_stays_in_path_info(self, ask: Asker) -> None:
        environ = ask.environ("/report.py/a%3Fb?c")
        assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/a?b", "c")

    def test_a_program_that_is_not_executable_is_403_and_its_source_is_not_sent(self, ask: Asker) -> None:
        response = ask("/not_executable.sh")
        assert response.status == 403
        assert b"secret" not in response.body

    @pytest.mark.parametrize("target", ["/hello.sh%20", "/hello.sh.", "/HELLO.SH", "/hello.sh::$DATA"])
    def test_another_spelling_of_a_name_is_not_found(self, ask: Asker, target: str) -> None:
        assert ask(target).status == 404

    def test_a_program_that_is_not_a_regular_file_is_403(self, ask: Asker) -> None:
        assert ask("/fifo.sh").status == 403

    @pytest.mark.parametrize("target", ["/no_interpreter.sh", "/no_shebang"])
    def test_a_program_that_cannot_be_executed_is_500(self, ask: Asker, target: str) -> None:
        assert ask(target).status == 500

    @pytest.mark.parametrize("target", ["/" + "a" * 300, "/" + "/".join(["a" * 200] * 30)], ids=["name", "path"])
    def test_a_path_that_no_file_can_have_gets_a_404(self, ask: Asker, target: str) -> None:
        assert ask(target).status in (400, 404, 414)  # a server may also refuse it as too long

    def test_double_slashes_stay_in_path_info(self, ask: Asker) -> None:
        environ = ask.environ("/nested//deep/report.py//a//b")
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/nested/deep/report.py", "//a//b")

    def test_parameters_plus_and_percent_are_decoded_once_only(self, ask: Asker) -> None:
        assert ask.environ("/report.py/a;b=c/d+e/%2525")["PATH_INFO"] == "/a;b=c/d+e/%25"


class RequestBodies:
    """RFC 3875, 4.2."""

    def test_4_2_the_body_has_content_length_octets_and_then_ends(self, ask: Asker) -> None:
        report = ask.report(method="POST", body=b"a\0b\r\n\xff")
        assert report["body"] == "a\0b\r\n\xff"
        assert report["environ"]["CONTENT_LENGTH"] == "6"

    def test_without_a_body_stdin_is_dev_null(self, ask: Asker) -> None:
        assert ask.report()["stdin"] == os.devnull

    @pytest.mark.parametrize("chunks", [[b"one ", b"two"], [b"x" * 100_000, b"y" * 70_000]])
    def test_4_2_a_chunked_body_is_decoded_and_has_a_length(self, ask: Asker, chunks: list[bytes]) -> None:
        report = ask.report(method="POST", chunks=chunks)
        assert report["body"] == b"".join(chunks).decode()
        assert report["environ"]["CONTENT_LENGTH"] == str(len(report["body"]))
        assert "HTTP_TRANSFER_ENCODING" not in report["environ"]

    def test_a_content_coding_is_not_decoded(self, ask: Asker) -> None:
        body = b"\x1f\x8b\x08\x00not really"
        report = ask.report(method="POST", body=body, headers=[("Content-Encoding", "gzip")])
        assert report["body"].encode("latin-1") == body
        assert report["environ"]["HTTP_CONTENT_ENCODING"] == "gzip"

    def test_4_2_a_program_need_not_read_its_body(self, ask: Asker) -> None:
        response = ask("/hello.sh", "POST", body=b"x" * 5_000_000)
        assert (response.status, response.body, response.complete) == (200, b"hello\n", True)

    def test_a_program_that_writes_1_mb_before_it_reads_1_mb_cannot_deadlock(self, ask: Asker) -> None:
        response = ask("/writes_1mb_before_it_reads.py", "POST", body=b"y" * 1_000_000)
        assert response.body == b"x" * 1_000_000 + b"1000000"

    def test_4_mb_can_be_echoed_while_they_are_read(self, ask: Asker) -> None:
        body = bytes(range(256)) * 16384
        assert ask("/echo.py", "POST", body=body).body == body


class RunningTheProgram:
    """RFC 3875, 4.4 and 7.2."""

    def test_7_2_the_program_runs_in_its_own_folder(self, ask: Asker) -> None:
        assert ask.report("/nested/deep/report.py")["cwd"].endswith("/nested/deep")

    def test_4_4_there_are_no_arguments_and_the_program_knows_its_path(self, ask: Asker) -> None:
        report = ask.report("/report.py?a+b")
        assert report["argv"] == [report["environ"]["SCRIPT_FILENAME"]]

    def test_it_has_three_descriptors(self, ask: Asker) -> None:
        assert ask.report()["descriptors"] == [0, 1, 2]

    def test_no_signal_is_blocked(self, ask: Asker) -> None:
        report = ask.report()
        assert (report["masked"], report["blocked"]) == ([], 0)

    def test_it_has_its_own_session(self, ask: Asker) -> None:
        assert ask.report()["leads_session"] is True
