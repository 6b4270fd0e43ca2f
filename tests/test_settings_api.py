"""`/api/settings` and `/api/pad` over HTTP: what may be changed from a page, and that no key comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from akachat.settings import MASK, OWNERS_ONLY, Settings, settings_view

if TYPE_CHECKING:
    from tests.serving import Serve, Server

KEY = "sk-very-secret-1234567890"


@pytest.fixture(scope="module")
def site(serve: Serve) -> Server:
    return serve()


def fields(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {field["name"]: field for field in answer.json()["detail"]["fields"]}


def test_every_setting_is_shown_with_its_kind() -> None:
    shown = {field["name"]: field for field in settings_view(Settings())["fields"]}
    assert set(Settings.model_fields) - {"limits", "journal"} <= set(shown)
    assert {name for name, field in shown.items() if field["locked"]} == OWNERS_ONLY
    assert shown["limits.queue"]["kind"] == "integer"
    assert shown["limits.queue"]["restart"] is True
    assert shown["limits.rag_files"]["restart"] is False
    assert shown["language"]["choices"] == ["", "ja", "en"]
    assert shown["openai_key"]["kind"] == "secret"
    assert all(field["help"] for field in shown.values())


def test_a_key_goes_in_and_never_comes_out(site: Server) -> None:
    url = f"{site.url}/api/settings"
    changed = httpx.put(
        url, json={"endpoints": {"there": {"url": "http://127.0.0.1:9/v1", "key": KEY}}, "hf_token": KEY}
    )
    assert KEY not in changed.text
    assert fields(changed)["endpoints"]["value"]["there"]["key"] == MASK
    assert fields(httpx.get(url))["hf_token"]["value"] == MASK
    assert KEY not in httpx.get(url).text
    kept = httpx.put(url, json={"endpoints": {"there": {"url": "http://127.0.0.1:9/v1/", "key": MASK}}})
    assert kept.status_code == 200
    moved = httpx.put(url, json={"endpoints": {"there": {"url": "http://127.0.0.1:8/v1", "key": MASK}}})
    assert moved.status_code == 422 or moved.status_code == 400
    assert httpx.put(url, json={"endpoints": {"there": None}, "hf_token": None}).status_code == 200
    assert fields(httpx.get(url))["endpoints"]["value"] == {}


@pytest.mark.parametrize("name", sorted(OWNERS_ONLY))
def test_what_lets_others_in_is_not_changed_from_here(site: Server, name: str) -> None:
    answer = httpx.put(f"{site.url}/api/settings", json={name: ["x"], "title": "changed"})
    assert answer.status_code == 403
    assert "settings.json" in answer.json()["detail"]["error"]["hint"]
    assert fields(httpx.get(f"{site.url}/api/settings"))["title"]["value"] == "akachat"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"limits": {"queue": 0}}, "queue"),
        ({"limits": {"queue": "many"}}, "queue"),
        ({"langauge": "ja"}, "langauge"),
        ({"language": "fr"}, "language"),
        ({"endpoints": {"x": {"url": "ftp://x"}}}, "http"),
    ],
)
def test_a_wrong_value_is_told(site: Server, change: dict[str, Any], said: str) -> None:
    answer = httpx.put(f"{site.url}/api/settings", json=change)
    assert 400 <= answer.status_code < 500
    assert said in json.dumps(answer.json()["detail"]["error"])


def test_an_endpoint_is_tried(site: Server, serve: Serve) -> None:
    other = serve()
    httpx.put(f"{site.url}/api/settings", json={"endpoints": {"self": {"url": f"{other.url}/v1"}}})
    answer = httpx.post(f"{site.url}/api/settings/test", json={"endpoint": "self"})
    assert answer.status_code == 200
    assert "sample" in answer.json()["result"]
    httpx.put(f"{site.url}/api/settings", json={"endpoints": {"self": {"url": f"{other.url}/nothing"}}})
    wrong = httpx.post(f"{site.url}/api/settings/test", json={"endpoint": "self"})
    assert wrong.status_code >= 400
    assert httpx.post(f"{site.url}/api/settings/test", json={"endpoint": "nobody"}).status_code == 404


def test_the_pad_over_http(site: Server) -> None:
    sent = {"fields": {"var1": "<{var2}>", "var2": "{input}"}, "input": "x"}
    answer = httpx.post(f"{site.url}/api/pad/render", json=sent).json()
    assert answer["result"] == {"var1": "<x>", "var2": "x"}
    assert httpx.put(f"{site.url}/api/pad", json={"fields": sent["fields"]}).status_code == 200
    assert httpx.get(f"{site.url}/api/pad").json()["detail"]["fields"]["var1"] == "<{var2}>"
    assert (site.root / "var" / "varn.json").exists()
    assert httpx.put(f"{site.url}/api/pad", json={"fields": {"var0": ""}}).status_code in (400, 422)
