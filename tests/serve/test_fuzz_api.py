"""S1: requests made from the API's own description, right ones and wrong ones: no 500, no undocumented answer.

Of each endpoint that takes JSON a valid body is drawn from its schema, or one of its values is then spoilt. What is
valid by the schema may still be refused (a latent vector of another length), but only as documented; what was spoilt is
never accepted unless the spoilt value is a valid one by chance.
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from asking import ask, make_served
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ODD: list[Any] = [
    None, True, -1, 0, 1, 2**31, 2**63, 10**30, -(10**30), 0.5, 1e308, -1e308, 5e-324, "", "a", "../../etc/passwd",
    "\0", "\ud800", "<img src=x onerror=alert(1)>", "é" * 300, "A" * 5_000, [], [[]], [[[]]], {}, {"": {}}, [None],
    float("nan"), float("inf"), -float("inf"), [1] * 5_000, {"a": [float("nan")]}, "linear", "glb", "AAAA",
]  # fmt: skip
"""Values that somebody did not think of."""


@pytest.fixture(scope="module")
def served():
    return make_served()


@pytest.fixture(scope="module")
def described(served) -> dict[str, Any]:
    return served.api.openapi()


def valid(schema: dict[str, Any], parts: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows; of latent vectors mostly those that fit the spaces here."""
    if "$ref" in schema:
        return valid(parts[schema["$ref"].rpartition("/")[2]], parts)
    if "anyOf" in schema:
        return st.one_of([valid(each, parts) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return BY_TYPE[schema.get("type", "null")](schema, parts)


def numbers(schema: dict[str, Any], _: Any) -> st.SearchStrategy[float]:
    low, high = (
        schema.get("minimum", schema.get("exclusiveMinimum")),
        schema.get("maximum", schema.get("exclusiveMaximum")),
    )
    open_ends = {"exclude_min": "exclusiveMinimum" in schema, "exclude_max": "exclusiveMaximum" in schema}
    return st.floats(low, high, allow_nan=False, allow_infinity=False, **open_ends)


def whole(schema: dict[str, Any], _: Any) -> st.SearchStrategy[int]:
    high = schema.get("maximum", schema.get("exclusiveMaximum", 2**63) - 1)
    return st.one_of(
        st.integers(schema.get("minimum", 0), min(int(high), 12)), st.integers(schema.get("minimum", 0), int(high))
    )


def lists(schema: dict[str, Any], parts: Any) -> st.SearchStrategy[list[Any]]:
    items = schema.get("items", {})
    if items.get("type") == "number":
        return st.lists(numbers(items, parts), min_size=6, max_size=6) | st.lists(
            numbers(items, parts), min_size=1, max_size=9
        )
    low = schema.get("minItems", 0)
    return st.lists(valid(items, parts), min_size=low, max_size=min(schema.get("maxItems", 4), low + 3))


def tables(schema: dict[str, Any], parts: Any) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in schema:
        return st.dictionaries(st.text(max_size=8), st.floats(-10, 10), max_size=3)
    needed = schema.get("required", [])
    given = {name: valid(each, parts) for name, each in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: given[name] for name in needed}, optional={name: given[name] for name in given if name not in needed}
    )


def texts(schema: dict[str, Any], _: Any) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.sampled_from(["AAAAAAAAAAA=", "//////////8=", "A" * 684, ""])
    return st.text(max_size=min(schema.get("maxLength", 20), 20))


BY_TYPE = {
    "number": numbers, "integer": whole, "array": lists, "object": tables, "string": texts,
    "boolean": lambda *_: st.booleans(), "null": lambda *_: st.none(),
}  # fmt: skip


@st.composite
def requests(draw, described: dict[str, Any]) -> tuple[str, str, dict[str, Any], str]:
    """(method, path, its description, body)."""
    path = draw(st.sampled_from(sorted(described["paths"])))
    method = draw(st.sampled_from(sorted(described["paths"][path])))
    what = described["paths"][path][method]
    content = what.get("requestBody", {}).get("content", {})
    body: Any = None
    if "application/json" in content:
        body = draw(valid(content["application/json"]["schema"], described["components"]["schemas"]))
        if body and draw(st.booleans()):
            name = draw(st.sampled_from([*sorted(body), "unknown"]))
            body = body | {name: draw(st.sampled_from(ODD))}
    elif content:
        return method, path, what, draw(st.binary(max_size=300)).decode("latin-1")
    text = draw(st.sampled_from(["", "{", "[" * 5_000])) if draw(st.integers(0, 19)) == 0 else json.dumps(body)
    return method, path, what, text


def check(served, described, request: tuple[str, str, dict[str, Any], str], space: str) -> None:
    method, path, what, body = request
    is_file = "application/json" not in what.get("requestBody", {}).get("content", {"application/json": 0})
    kind = "application/octet-stream" if is_file else "application/json"
    query = "?name=a.obj" if path.endswith("snap-file") else ""
    address = path.replace("{name}", space).replace("{space_name}", space) + query
    content = body.encode("latin-1") if is_file else body.encode()
    answer = ask(
        served, lambda client: client.request(method, address, content=content, headers={"content-type": kind})
    )
    assert answer.status_code != 500, (address, body[:200], answer.text)
    assert str(answer.status_code) in what["responses"], (address, body[:200], answer.status_code)
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status_code >= 400:
        assert set(answer.json()) == {"error"}
        assert set(answer.json()["error"]) == {"code", "message"}
        assert "retry-after" in answer.headers or answer.status_code != 503
    elif answer.headers["content-type"] == "application/json":
        json.loads(answer.content, parse_constant=lambda word: pytest.fail(word))
    if answer.status_code == 200 and method == "post" and not is_file:
        assert not {"NaN", "Infinity"} & set(body.replace("]", " ").replace(",", " ").split())
        schema = what["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.validate(json.loads(body), schema | {"components": described["components"]})  # none is let through


FUZZ = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


@settings(max_examples=500, derandomize=True, **FUZZ)
@given(data=st.data())
def test_no_request_is_answered_500(served, described, data):
    check(served, described, data.draw(requests(described)), data.draw(st.sampled_from(["chair", "seen", "none"])))


@pytest.mark.slow
@settings(max_examples=5_000, **FUZZ)
@given(data=st.data())
def test_no_request_of_thousands_is_answered_500(served, described, data):
    check(served, described, data.draw(requests(described)), data.draw(st.sampled_from(["chair", "seen", "none"])))
