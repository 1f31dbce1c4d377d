"""S6: who may ask. Of every combination of Host, Origin and kind of body only those of the page itself get through."""

from __future__ import annotations

import itertools

import pytest
from asking import ask, code, get, make_served, post

TOKEN = "a-token-of-enough-letters"
JSON = {"content-type": "application/json"}

OWN_HOSTS = ["127.0.0.1:7860", "localhost:7860", "LOCALHOST", "[::1]:7860", "127.0.0.1", "localhost:9000"]
FOREIGN_HOSTS = [
    "evil.example", "evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example:7860", "0.0.0.0:7860",
    "192.168.0.7:7860", "127.0.0.1@evil.example", "[::1]evil", "localhost:7860:7860", "", "a" * 300, "127.0.0.1/x",
    "localhost\\evil", "2130706433",
]  # fmt: skip
FOREIGN_ORIGINS = [
    "null", "https://evil.example", "http://evil.example:7860", "http://localhost", "http://localhost:7861",
    "http://127.0.0.1.evil.example:7860", "file://", "http://localhost:7860.evil.example", "http://localhost:7860/x",
    "chrome-extension://abc", "", "*",
]  # fmt: skip


@pytest.fixture(scope="module")
def served():
    return make_served()


@pytest.fixture(scope="module")
def closed():
    return make_served(token=TOKEN, any_host=True)


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_this_machine_s_own_names_are_let_through(served, host):
    own = [{}, {"origin": f"http://{host}"}, {"origin": f"http://{host}", "sec-fetch-site": "same-origin"}]
    answers = ask(served, *[post("chair/sample", json={}, headers={"host": host} | more) for more in own])
    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_another_name_is_refused_whatever_the_origin(served, host):
    origins = [{}, {"origin": f"http://{host}"}, {"origin": "http://localhost:7860"}]
    before = served.service.metrics.total("shapes_decoded_total")
    answers = ask(served, *[post("chair/sample", json={}, headers={"host": host} | more) for more in origins])
    assert {answer.status_code for answer in answers} <= {400, 403}
    assert served.service.metrics.total("shapes_decoded_total") == before


@pytest.mark.parametrize(("origin", "method"), list(itertools.product(FOREIGN_ORIGINS, ["GET", "POST"])))
def test_another_origin_is_refused_and_may_read_nothing(served, origin, method):
    headers = {"host": "localhost:7860", "origin": origin}
    call = get("/api/spaces", headers=headers) if method == "GET" else post("chair/sample", json={}, headers=headers)
    answer = ask(served, call)
    assert (answer.status_code, code(answer)) == (403, "origin_not_allowed")
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "evil"])
def test_what_the_browser_says_of_the_site_counts(served, site):
    answer = ask(served, get("/api/spaces", headers={"sec-fetch-site": site}))
    assert answer.status_code == 403


def test_a_preflight_gets_no_leave(served):
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = ask(served, lambda client: client.options("/api/spaces/chair/sample", headers=headers))
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "", "text/json"]
)
def test_a_form_of_another_site_is_no_json(served, kind):
    answer = ask(served, post("chair/sample", content=b"{}", headers={"content-type": kind}))
    assert (answer.status_code, code(answer)) == (415, "wrong_type")


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
def test_a_form_of_another_site_is_no_file(served, kind):
    answer = ask(served, post("seen/reconstruct", content=b"x", headers={"content-type": kind}))
    assert answer.status_code == 415


def test_a_compressed_body_is_not_unfolded(served):
    answer = ask(served, post("chair/sample", content=b"{}", headers=JSON | {"content-encoding": "gzip"}))
    assert answer.status_code == 415


def test_two_hosts_are_one_too_many(served):
    headers = [("host", "localhost:7860"), ("host", "evil.example")]
    answer = ask(served, get("/api/spaces", headers=headers))
    assert answer.status_code in (400, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"authorization": "Bearer "}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN},
        {"authorization": f"Basic {TOKEN}"}, {"authorization": f"Bearer {TOKEN}x"}, {"cookie": "shapespace_token="},
        {"cookie": f"other={TOKEN}"}, {"cookie": "\x7f=;;;=shapespace_token"},
    ],
)  # fmt: skip
def test_without_the_token_there_is_nothing(closed, headers):
    paths = ["/", "/api/spaces", "/api/metrics", "/api/openapi.json", "/assets/x.js", "/nothing"]
    answers = ask(closed, *[get(path, headers=headers) for path in paths], post("chair/sample", json={}))
    assert {answer.status_code for answer in answers[:-1]} == {401}
    assert code(answers[0]) == "no_token"


def test_with_the_token_there_is_everything(closed):
    bearer = {"authorization": f"Bearer {TOKEN}"}
    cookie = {"cookie": f"shapespace_token={TOKEN}"}
    for headers in (bearer, cookie, bearer | {"host": "shapes.example:80"}):
        assert ask(closed, get("/api/spaces", headers=headers)).status_code == 200
    assert ask(closed, get("/api/health")).status_code == 200


def test_the_page_s_address_gives_the_token_once_and_forgets_it(closed):
    answer = ask(closed, get(f"/?token={TOKEN}&seed=7"))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?seed=7"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert ask(closed, get("/?token=wrong")).status_code == 401
    assert "set-cookie" not in ask(closed, get("/?token=wrong")).headers


def test_a_token_does_not_make_another_origin_ours(closed):
    headers = {"authorization": f"Bearer {TOKEN}", "origin": "https://evil.example"}
    assert ask(closed, get("/api/spaces", headers=headers)).status_code == 403


def test_every_answer_has_a_strict_policy(served):
    calls = [get("/"), get("/api/health"), get("/nothing"), post("chair/sample", json={}), post("no/sample", json={})]
    for answer in ask(served, *calls, get("/", headers={"host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
