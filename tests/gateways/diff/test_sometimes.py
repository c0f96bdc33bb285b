"""Headers and cookies that the old stack sends only sometimes."""

from gateways.diff.judge import judge
from gateways.diff.sometimes import irregular, without
from tests.gateways.diff.making import answer

PLAIN = answer()
RENEWED = answer("hello", ("Set-Cookie", "session=a1b2; Path=/"))
TAGGED = answer("hello", ("X-Cache", "HIT"))


def test_a_cookie_that_is_renewed_at_times_is_noise_in_other_requests() -> None:
    names = irregular([[PLAIN, PLAIN], [PLAIN, RENEWED]])
    assert names == {"cookie:session", "cookie:session;path"}
    judged = judge([PLAIN, PLAIN], [PLAIN, RENEWED])
    assert [(each.found.facet, each.times) for each in judged] == [("cookie:session", 1)]
    assert without(judged, names) == []
    lost = judge([RENEWED, RENEWED], [PLAIN, RENEWED])
    assert [each.found.facet for each in lost] == ["cookie:session"]
    assert without(lost, names) == []


def test_a_cookie_that_each_response_of_the_new_stack_lacks_is_a_difference() -> None:
    names = irregular([[PLAIN, RENEWED]])
    judged = judge([RENEWED, RENEWED], [PLAIN, PLAIN])
    assert without(judged, names) == judged != []


def test_another_header_that_is_lost_at_times_is_a_difference() -> None:
    names = irregular([[PLAIN, RENEWED]])
    judged = judge([TAGGED, TAGGED], [PLAIN, TAGGED])
    assert without(judged, names) == judged != []


def test_a_value_that_the_old_stack_sent_once_may_vary() -> None:
    other = answer("hello", ("Set-Cookie", "session=c3d4; Path=/"))
    assert judge([PLAIN, RENEWED], [other, other]) == []
    assert [each.found.facet for each in judge([RENEWED, RENEWED], [other])] == ["cookie:session"]
