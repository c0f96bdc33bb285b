"""Secrets are found by their names and by their form, at any place in a text."""

import json

import pytest

from gateways.events.secrets import MASK, hiding, is_secret, secrets_in, secrets_of

VALUE = "k3y-0123456789abcdef"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "name",
    ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-API-Key", "X-Auth-Token", "X-Access-Token",
     "Api-Key", "ApiKey", "X-CSRFToken", "X-XSRF-TOKEN", "X-Amz-Security-Token", "Private-Token", "X-Vault-Token",
     "X-Session-Id", "Ocp-Apim-Subscription-Key", "HTTP_X_AUTH_TOKEN", b"x-api-key", "access_token", "refreshToken",
     "client_secret", "csrfmiddlewaretoken", "PHPSESSID", "jsessionid", "user[password]", "X-Amz-Signature"],
)  # fmt: skip
def test_names_of_secrets_are_recognised_in_each_spelling(name: str | bytes) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["Accept", "Access-Control-Allow-Credentials", "WWW-Authenticate", "Sec-WebSocket-Key", "Idempotency-Key", "Author",
     "token_type", "token_endpoint", "expires_in", "CONTENT_TYPE", "HTTP_HOST", "keyboard", "passenger"],
)  # fmt: skip
def test_other_names_are_not_recognised(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    "text",
    [
        f"/items?api_key={VALUE}&page=2",
        f"/callback?state=x&code={VALUE}",
        f"/cart;jsessionid={VALUE}?page=2",
        f"/session/{VALUE}/items",
        f"grant_type=password&username=ada&password={VALUE}",
        json.dumps({"access_token": VALUE, "token_type": "bearer"}),
        json.dumps({"log": json.dumps({"clientSecret": VALUE})}),
        f'<input type="hidden" name="csrfmiddlewaretoken" value="{VALUE}">',
        f'<meta name="csrf-token" content="{VALUE}">',
        f"{{'session': '{VALUE}'}}",
        f"login failed: token={VALUE}, user=ada",
    ],
)
def test_a_value_beside_the_name_of_a_secret_is_a_secret(text: str) -> None:
    assert VALUE in secrets_in(text)
    assert VALUE not in hiding(secrets_in(text))(f"{text} and {VALUE}")


@pytest.mark.parametrize(
    "text",
    ["/?code=de&key=name", '{"token_type": "bearer", "session": "true"}', "GET /sessions/2026/list", "/token/refresh",
     "csrf=${value1}", "price=10&color=red"],
)  # fmt: skip
def test_other_text_is_not_changed(text: str) -> None:
    assert secrets_in(text) == set()
    assert hiding(())(text) == text


@pytest.mark.parametrize(
    "text", [f'{{"note": "{JWT}"}}', f"see {JWT[:30]}", "sk_live_0123456789abcdef", "AKIA0123456789ABCDEF"]
)
def test_tokens_of_known_form_are_secrets_under_any_name(text: str) -> None:
    assert MASK in hiding(())(text)
    assert hiding(secrets_in(text))(text).count("0123456789") == 0


def test_a_secret_header_is_masked_and_so_are_secrets_within_other_headers() -> None:
    headers = [
        ("X-Auth-Token", VALUE),
        ("Location", f"/?access_token={VALUE[::-1]}"),
        ("X-Authorization-Url", "https://a"),
    ]
    assert {VALUE, VALUE[::-1]} <= secrets_of(headers)
    hide = hiding(secrets_of(headers))
    assert hide(f"X-Auth-Token: {VALUE}\nAccept: */*") == f"X-Auth-Token: {MASK}\nAccept: */*"


def test_an_unfilled_template_value_is_not_a_secret() -> None:
    assert secrets_of([("Authorization", "Bearer ${token}")]) == set()
