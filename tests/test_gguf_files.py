"""GGUF files: which are meant, what they say of themselves, and how they come from the hub."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from akachat.backends.gguf.choice import candidates, choose
from akachat.backends.gguf.files import Source, find_file
from akachat.backends.gguf.header import Header, read_header
from akachat.backends.gguf.names import is_gguf, split_name
from akachat.errors import ModelError
from tests.ggufs import make_lively, write_gguf
from tests.hub import serving_hub

gguf = pytest.importorskip("gguf")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole file."""
    folder = tmp_path_factory.mktemp("gguf")
    return write_gguf(make_lively(folder / "lively"), folder / "lively.gguf", "F16")


# names


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("embedded", False), ("owner/model", False), ("owner/model-GGUF", True), ("owner/model:Q4_K_M", True),
        ("owner/model:model-q8_0.gguf", True), ("owner/model:*q4*.gguf", True), ("/nowhere/model.gguf", True),
        ("folder/model.GGUF", True), ("C:\\models\\model.gguf", True), ("gpt-4:latest", False), ("x" * 5000, False),
    ],
)  # fmt: skip
def test_what_a_gguf_is_called(model: str, expected: bool) -> None:
    assert is_gguf(model) is expected


def test_a_folder_is_one_by_what_it_holds(tmp_path: Path) -> None:
    assert not is_gguf(str(tmp_path))
    (tmp_path / "a.gguf").touch()
    assert is_gguf(str(tmp_path))
    (tmp_path / "config.json").touch()
    assert not is_gguf(str(tmp_path))


def test_a_hub_name_and_what_to_take_of_it() -> None:
    assert split_name("owner/repo:a/b.gguf") == ("owner/repo", "a/b.gguf")
    assert split_name("owner/repo-GGUF") == ("owner/repo-GGUF", "")
    assert split_name("models/a.gguf") == ("", "")


# one of several

MANY = {
    f"model-{form}.gguf": size * 2**20
    for form, size in (("Q2_K", 300), ("Q4_K_S", 480), ("Q4_K_M", 500), ("Q6_K", 650), ("Q8_0", 850), ("F16", 1600))
} | {
    "mmproj-model-F16.gguf": 9,
    "README.md": 1,
    "big-BF16-00001-of-00002.gguf": 900 * 2**20,
    "big-BF16-00002-of-00002.gguf": 900 * 2**20,
}


@pytest.mark.parametrize(
    ("what", "dtype", "free", "taken"),
    [
        ("", "", 4000, "model-Q8_0.gguf"), ("", "", 700, "model-Q6_K.gguf"), ("", "", 490, "model-Q4_K_S.gguf"),
        ("", "int4", 4000, "model-Q4_K_M.gguf"), ("", "int8", 4000, "model-Q8_0.gguf"),
        ("", "fp16", 4000, "model-F16.gguf"), ("", "bf16", 4000, "big-BF16.gguf"),
        ("Q4_K_S", "", 1, "model-Q4_K_S.gguf"),
        ("q6_k", "int4", 4000, "model-Q6_K.gguf"), ("model-F16.gguf", "", 1, "model-F16.gguf"),
        ("*Q4*", "", 4000, "model-Q4_K_M.gguf"), ("big-BF16-00001-of-00002.gguf", "", 1, "big-BF16.gguf"),
    ],
)  # fmt: skip
def test_the_file_that_is_meant(what: str, dtype: str, free: int, taken: str) -> None:
    found = choose(candidates(MANY), of="o/r", what=what, dtype=dtype, free=free * 2**20)
    assert found.name == taken


@pytest.mark.parametrize(
    ("files", "what", "dtype", "words"),
    [
        (MANY, "Q5_0", "", "has no 'Q5_0'"), (MANY, "", "fp32", "no file for dtype fp32"), (MANY, "", "", "no file of"),
        ({}, "", "", "holds no GGUF"), ({"a.gguf": 1, "b.gguf": 1}, "", "", "several"),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_made_names_what_there_is(
    files: dict[str, int], what: str, dtype: str, words: str
) -> None:
    with pytest.raises(ModelError, match=words) as told:
        choose(candidates(files), of="o/r", what=what, dtype=dtype, free=1)
    assert told.value.hint


# what a file says


def test_a_header_tells_what_is_needed(path: Path) -> None:
    header = read_header(path, "x")
    assert (header.architecture, header.context, header.format, header.parts) == ("llama", 1024, "F16", 1)
    assert header.token("bos") == "<|bos|>"
    assert set(header.control_tokens) == {"<|bos|>", "<|im_end|>", "<|im_start|>", "<|pad|>"}
    assert "im_start" in (header.chat_template or "")
    assert header.cache_bytes == 2 * 2 * 2 * 8 * 2  # layers, keys and values, heads, width, bytes
    assert header.size == path.stat().st_size


@given(data=st.data())
@hypothesis_settings(deadline=None, max_examples=80)
def test_whatever_a_file_holds_is_a_header_or_told(path: Path, data: st.DataObject) -> None:
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 8))):
        at = data.draw(st.integers(0, 9000))
        whole[at : at + 8] = data.draw(st.sampled_from([b"\xff" * 8, bytes(8), b"\x09" * 8, os.urandom(8)]))
    cut = data.draw(st.integers(0, len(whole)))
    broken = path.with_name("broken.gguf")
    broken.write_bytes(whole if data.draw(st.booleans()) else whole[:cut])
    with suppress(ModelError):
        header = read_header(broken, "x")
        assert isinstance(header, Header)
        _ = header.cache_bytes, header.control_tokens, header.format, header.parts, header.token("eos")


def test_every_number_format_has_the_length_that_the_library_says() -> None:
    from akachat.backends.gguf.header import _FORMATS

    known = {kind.value: (kind.name, *sizes) for kind, sizes in gguf.constants.GGML_QUANT_SIZES.items()}
    assert {kind: known[kind] for kind in _FORMATS} == _FORMATS


def test_a_file_of_the_workspaces_folder_of_models_is_found_and_nothing_beside_it(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    (tmp_path / "models").mkdir()
    shutil.copy(path, tmp_path / "models" / "m.gguf")
    shutil.copy(path, tmp_path / "beside.gguf")
    assert find_file(Source("models/m.gguf", root=tmp_path / "models")).path.name == "m.gguf"
    with pytest.raises(ModelError, match="there is no file"):
        find_file(Source("models/../beside.gguf", root=tmp_path / "models"))


# the hub

TOKEN = "hf_secret"


FIND = """
import sys
from akachat.backends.gguf.files import Source, find_file
from akachat.errors import ModelError
try:
    found = find_file(Source(sys.argv[1], None, sys.argv[2], sys.argv[3] or None))
    print(found.path.name, "|", found.note)
except ModelError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("name", "dtype", "token", "said"),
    [
        ("owner/repo-GGUF", "", TOKEN, "m-Q8_0.gguf | m-Q8_0.gguf (0.0 GiB) was taken."),
        ("owner/repo-GGUF", "fp16", TOKEN, "m-F16.gguf | m-F16.gguf (0.0 GiB) was taken."),
        ("owner/repo-GGUF:m-F16.gguf", "", TOKEN, "m-F16.gguf |"),
        ("owner/repo-GGUF", "", "", "'owner/repo-GGUF' is gated"),
        ("nobody/repo-GGUF", "", TOKEN, "there is no model 'nobody/repo-GGUF' on Hugging Face"),
    ],
)
def test_a_model_comes_from_the_hub(path: Path, tmp_path: Path, name: str, dtype: str, token: str, said: str) -> None:
    pytest.importorskip("xllamacpp")
    folder = tmp_path / "repository"
    folder.mkdir()
    for each in ("m-Q8_0.gguf", "m-F16.gguf"):
        shutil.copy(path, folder / each)
    with serving_hub({"owner/repo-GGUF": folder}) as hub:
        hub.gated.add("owner/repo-GGUF")
        environment = {
            **os.environ,
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1",
        }
        environment = {key: value for key, value in environment.items() if "proxy" not in key.lower()}
        command = [sys.executable, "-c", FIND, name, dtype, token]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.startswith(said), done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert hub.tokens == ({token} if token else set())
    if "|" in said:  # with the hub gone, what has been downloaded is used
        again = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        assert again.stdout.split("|")[0] == done.stdout.split("|")[0]
