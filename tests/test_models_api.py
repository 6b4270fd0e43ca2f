"""Models over HTTP and on the command line: lists, loads, downloads from a hub on this machine, and their progress."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from akachat.cli import main
from tests.hub import COMMIT, Hub, serving_hub
from tests.models import make_model, make_parrot
from tests.serving import write_prompt

if TYPE_CHECKING:
    from tests.serving import Serve

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "hf_0123456789abcdefgh"


@dataclass
class Site:
    """A server as its own process, whose hub is ours."""

    url: str
    root: Path
    hub: Hub
    environ: dict[str, str]

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=60)

    def post(self, what: str, **body: Any) -> httpx.Response:
        return self.http.post(f"/api/models/{what}", json=body)

    def model(self, name: str) -> dict[str, Any]:
        models = self.http.get("/api/models").json()["detail"]["models"]
        return next((model for model in models if model["name"] == name), {"state": "none"})

    def watch(self, fits: Callable[[dict[str, Any]], bool], name: str) -> list[dict[str, Any]]:
        """What the event stream tells of a model, until something of it fits."""
        seen = []
        with self.http.stream("GET", "/api/models/events") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            for line in response.iter_lines():
                if not line.startswith("data: "):
                    continue
                models = json.loads(line.removeprefix("data: "))["models"]
                seen.append(next((model for model in models if model["name"] == name), {"state": "none"}))
                if fits(seen[-1]):
                    break
        return seen


def shards(folder: Path) -> Path:
    """The weights in several files, and things beside them that loading does not need."""
    from transformers import AutoModelForCausalLM

    make_model(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="30KB")
    (folder / "pytorch_model.bin").write_bytes(b"x" * 1000)
    (folder / "original").mkdir()
    (folder / "original" / "consolidated.safetensors").write_bytes(b"x" * 1000)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    names = {f"me/{name}": folder / name for name in ("small", "other", "slow", "gated", "gone")}
    shards(folder / "slow")
    for name in ("small", "other", "gated", "gone"):
        make_parrot(folder / name, "yes")
    root = folder / "workspace"
    make_parrot(root / "models" / "mine", "yes")
    write_prompt(root, "ask", "Say yes.", {"model": "models/mine"})
    (root / "settings.json").write_text(json.dumps({"hf_token": TOKEN}), encoding="utf-8")
    with serving_hub(names) as hub:
        environ = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "home")}
        words = ["--workspace", str(root), "serve", "--no-ui", "--port", "0"]
        process = subprocess.Popen(
            [sys.executable, "-m", "akachat", *words], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ
        )
        with process:
            assert process.stdout is not None
            made = Site(process.stdout.readline().split()[-1].removesuffix("/docs"), root, hub, environ)
            with made.http:
                yield made
            process.terminate()


# over HTTP


def test_a_model_comes_and_goes(site: Site) -> None:
    assert site.model("models/mine")["state"] == "ready"
    assert site.model("models/mine")["detail"]["place"] == "folder"
    told = site.post("load", model="models/mine", dtype="bf16").json()
    assert told["result"] == "models/mine"
    facts = told["detail"]["detail"]
    assert told["detail"]["state"] == "loaded"
    assert (facts["device"], facts["dtype"], facts["dtype_asked"]) == ("cpu", "bf16", "bf16")
    assert (facts["class"], facts["context"], facts["busy"], facts["queue"]) == ("LlamaForCausalLM", 8192, False, 0)
    seen = site.http.get("/api/models").json()["detail"]
    assert seen["memory"]["used"] == facts["memory"]
    assert seen["memory"]["budget"] >= seen["memory"]["free"] > 0
    left = site.post("unload", model="models/mine").json()
    assert left["detail"]["memory"]["used"] == 0
    again = site.post("unload", model="models/mine")
    assert again.status_code == 404
    assert "not loaded" in again.json()["detail"]["error"]["message"]


def test_a_download_fetches_what_loading_needs_and_shows_the_token_to_the_hub(site: Site) -> None:
    site.hub.asked.clear()
    told = site.post("download", model="me/slow").json()["detail"]
    assert told["state"] == "ready"
    files = {name.removeprefix("me/slow/") for name in site.hub.asked}
    assert {"config.json", "tokenizer.json", "model.safetensors.index.json"} < files
    assert sum(name.endswith(".safetensors") for name in files) == len(list(Path(told["path"]).glob("*.safetensors")))
    assert not {"pytorch_model.bin", "original/consolidated.safetensors"} & files
    assert TOKEN in site.hub.tokens
    listed = site.model("me/slow")
    assert (listed["state"], listed["detail"]["place"]) == ("ready", "cache")
    assert listed["detail"]["revisions"][0]["commit"] == COMMIT
    assert TOKEN not in site.http.get("/api/models").text
    site.hub.asked.clear()
    assert site.post("download", model="me/slow").status_code == 200
    assert not site.hub.asked  # it is all here
    assert site.post("download", model="me/slow", force=True).status_code == 200
    assert len(site.hub.asked) == len(set(site.hub.asked)) == len(files)


def test_a_load_tells_how_far_it_is_and_can_be_given_up(site: Site) -> None:
    site.hub.held, held = {"me/other/model.safetensors"}, "me/other"
    try:
        assert site.post("load", model=held, wait=False).json()["detail"]["state"] == "loading"
        seen = site.watch(lambda model: (model.get("progress") or {}).get("unit") == "bytes", held)
        progress = seen[-1]["progress"]
        assert (seen[-1]["state"], progress["stage"]) == ("loading", "download")
        assert 0 <= progress["done"] < progress["total"] > 100_000
        assert site.model(held)["progress"]["total"] == progress["total"]
        assert site.post("unload", model=held).status_code == 200
        assert site.model(held)["state"] in ("none", "ready")
    finally:
        site.hub.release.set()
    site.hub.held = set()
    assert site.post("load", model=held, wait=False).status_code == 200
    seen = site.watch(lambda model: model["state"] == "loaded", held)
    assert {model["state"] for model in seen[:-1]} <= {"loading", "none"}
    assert site.post("unload", model=held).status_code == 200


def test_a_download_can_be_given_up(site: Site) -> None:
    site.hub.release.clear()
    site.hub.held = {"me/other/model.safetensors"}
    try:
        site.post("download", model="me/other", force=True, wait=False)
        seen = site.watch(lambda model: bool((model.get("progress") or {}).get("total")), "me/other")
        assert seen[-1]["state"] == "downloading"
        assert site.post("unload", model="me/other").status_code == 200
        assert site.model("me/other")["state"] in ("none", "ready")
    finally:
        site.hub.release.set()
        site.hub.held = set()


def test_many_who_ask_for_one_download_get_one(site: Site) -> None:
    site.hub.asked.clear()
    for _ in range(5):
        assert site.post("download", model="me/small", wait=False).json()["detail"]["state"] == "downloading"
    assert site.post("load", model="me/small").json()["detail"]["loaded"]
    weights = [name for name in site.hub.asked if name.endswith(".safetensors")]
    assert weights == ["me/small/model.safetensors"]
    assert site.post("unload", model="me/small").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"model": "me/none"}, 400, "no model"),
        ({"model": "me/small", "revision": "v9"}, 400, "no such revision"),
        ({"model": "models/nowhere/at/all"}, 400, "there is no"),
        ({"model": "x", "location": "OpenAI"}, 400, "only Local"),
        ({"model": "x", "dtype": "int3"}, 400, "dtype"),
        ({"model": "x", "dtyp": "int8"}, 400, "dtyp"),
        ({"wait": True}, 400, "model"),
        ({"model": "x", "wait": "no"}, 400, "wait"),
    ],
    ids=str,
)
@pytest.mark.parametrize("what", ["load", "download"])
def test_what_cannot_be_had_says_why(site: Site, what: str, body: dict[str, Any], status: int, words: str) -> None:
    answer = site.post(what, **body)
    assert answer.status_code == status
    error = answer.json()["detail"]["error"]
    assert words in error["message"]
    assert error["hint"]


def test_a_failure_that_nobody_waited_for_is_kept(site: Site) -> None:
    site.hub.gated = {"me/gated"}
    token = json.loads((site.root / "settings.json").read_text("utf-8"))
    (site.root / "settings.json").write_text("{}", encoding="utf-8")
    try:
        site.post("load", model="me/gated", wait=False)
        failed = site.watch(lambda model: model["state"] == "failed", "me/gated")[-1]
        assert "gated" in failed["detail"]["error"]["message"]
        assert "hf_token" in failed["detail"]["error"]["hint"]
    finally:
        (site.root / "settings.json").write_text(json.dumps(token), encoding="utf-8")
    assert site.post("load", model="me/gated").json()["detail"]["loaded"]
    assert site.post("unload", model="me/gated").status_code == 200


@pytest.mark.parametrize("door", ["/api/llm/stream", "/api/llm/main", "/v1/chat/completions"])
def test_a_run_loads_what_it_needs_and_its_stream_tells_it(site: Site, door: str) -> None:
    site.post("unload", model="models/mine")
    body = {"dir": "ask", "input": "?"}
    if door.startswith("/v1"):
        body = {"model": "ask", "messages": [{"role": "user", "content": "?"}], "stream": True}  # type: ignore[dict-item]
    answer = site.http.post(door, json=body)
    assert answer.status_code == 200
    assert site.model("models/mine")["state"] == "loaded"
    if door == "/api/llm/stream":
        events = [block.split("\n") for block in answer.text.strip().split("\n\n")]
        kinds = [event[0].removeprefix("event: ") for event in events]
        assert kinds[0] == "rendered"
        assert kinds[1] == "loading"
        assert kinds.index("delta") > max(i for i, kind in enumerate(kinds) if kind == "loading")
        assert kinds[-1] == "done"
        data = [json.loads(event[1].removeprefix("data: ")) for event in events]
        assert [each["seq"] for each in data] == list(range(len(data)))
        assert data[1]["model"] == "models/mine"
        assert set(data[1]) >= {"id", "stage", "done", "total", "percent"}
    else:
        assert "loading" not in answer.text
        assert "y" in answer.text


def test_who_may_only_run_changes_nothing_and_sees_no_disk(serve: Serve, tmp_path: Path) -> None:
    server = serve(tokens=[{"name": "kiosk", "role": "run", "token": "run-me"}])
    make_model(server.root / "models" / "mine")
    run = {"authorization": "Bearer run-me"}
    for what in ("load", "unload", "download"):
        refused = server.http.post(f"/api/models/{what}", json={"model": "models/mine"}, headers=run)
        assert refused.status_code == 403
    assert server.http.get("/api/models/events", headers=run).status_code == 403
    assert server.http.get("/api/models", headers=run).json()["result"] == ["embedded"]
    assert "models/mine" in server.http.get("/api/models").json()["result"]


# on the command line


@pytest.fixture
def cli(site: Site, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(["--workspace", str(site.root), "models", *words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_the_command_line_speaks_with_the_server(site: Site, cli: Callable[..., tuple[int, str, str]]) -> None:
    site.post("unload", model="models/mine")
    code, out, _ = cli("load", "models/mine", "--dtype", "bf16", "--url", site.url)
    assert (code, out.split()[:3]) == (0, ["loaded:", "cpu,", "bf16,"])
    code, out, err = cli("list", "--url", site.url)
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "loaded: cpu, bf16" in lines["models/mine"]
    assert "comes with akachat" in lines["embedded"] or "loaded" in lines["embedded"]
    assert site.url in err
    assert cli("unload", "models/mine", "--url", site.url)[0] == 0
    code, _, err = cli("unload", "models/mine", "--url", site.url)
    assert (code, err.splitlines()[0]) == (1, "error: the model 'models/mine' is not loaded")
    code, _, err = cli("load", "me/none", "--url", site.url)
    assert (code, "no model" in err, "hint" in err) == (1, True, True)


def test_without_a_server_there_is_the_disk(site: Site, cli: Callable[..., tuple[int, str, str]]) -> None:
    nowhere = "http://127.0.0.1:9"
    code, out, _ = cli("list", "--json", "--url", nowhere)
    listed = json.loads(out)
    assert code == 0
    assert listed["server"] is None
    assert {"embedded", "models/mine"} <= {model["name"] for model in listed["models"]}
    for words in (("load", "models/mine"), ("unload", "models/mine")):
        code, _, err = cli(*words, "--url", nowhere)
        assert code == 1
        assert f"no akachat server answers at {nowhere}" in err
        assert "akachat serve" in err
    assert cli("load", "models/mine", "--url", "nonsense")[0] == 2
    code, _, err = cli("list", "--url", site.hub.url)
    assert (code, "no akachat server" in err) == (0, True)


def test_a_download_on_the_command_line(site: Site) -> None:
    def download(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "akachat", "--workspace", str(site.root), "models", "download", *words]
        return subprocess.run(command, capture_output=True, text=True, env=site.environ, cwd=ROOT, timeout=120)

    done = download("me/gone", "--revision", "main")
    assert (done.returncode, done.stderr) == (0, "")
    assert (Path(done.stdout.strip()) / "model.safetensors").is_file()
    site.hub.asked.clear()
    assert download("me/gone", "--force").returncode == 0
    assert "me/gone/model.safetensors" in site.hub.asked
    failed = download("me/none")
    assert failed.returncode == 1
    assert "no model 'me/none'" in failed.stderr


@pytest.mark.parametrize("without", ["HF_ENDPOINT", "HF_HUB_OFFLINE"])
def test_what_was_downloaded_runs_without_a_network(site: Site, without: str) -> None:
    site.post("download", model="me/slow")  # whose repository holds more than is fetched
    environ = {**site.environ, without: {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}[without]}
    words = ["run", "ask", "hi", "--model", "me/slow", "--max-new-tokens", "1", "--json"]
    command = [sys.executable, "-m", "akachat", "--workspace", str(site.root), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, cwd=ROOT, timeout=120)
    assert (done.returncode, json.loads(done.stdout)["model"]) == (0, "me/slow"), done.stderr
