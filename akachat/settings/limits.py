"""Every bound of the program with its default; all of them can be set in `settings.json` under `limits`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

__all__ = ["JournalSettings", "Limits"]

_KB, _MB, _GB = 1024, 1024**2, 1024**3


def _limit(
    default: float, description: str, *, least: float = 1, most: float | None = None, restart: bool = False
) -> Any:
    """A bound; with ``restart`` what it bounds is built when the program starts, so that a change waits for that."""
    extra: dict[str, JsonValue] = {"restart": True} if restart else {}
    return Field(default=default, ge=least, le=most, description=description, json_schema_extra=extra)


class Limits(BaseModel):
    """What no request may exceed. An error about a limit names it as it is written here."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    render_seconds: float = _limit(
        5.0, "Computing time of an instruction, without waiting for calls.", least=0.01, restart=True
    )
    render_memory_bytes: int = _limit(64 * _MB, "Memory of an instruction.", least=_MB, restart=True)
    render_recursion: int = _limit(
        200, "How deep an instruction's own functions may call themselves.", least=10, restart=True
    )
    render_host_calls: int = _limit(
        1_000, "Calls to var, rag, llm, msg and your functions in one instruction.", restart=True
    )
    render_text_characters: int = _limit(1_000_000, "Length of a rendered instruction.", restart=True)
    render_wait_seconds: float = _limit(30.0, "Wait for a free sandbox process.", least=0.1, restart=True)
    sandbox_workers: int = _limit(0, "Sandbox processes; 0: as many as cores, at most 4.", least=0, restart=True)
    instruction_characters: int = _limit(200_000, "Length of an instruction.", restart=True)

    input_characters: int = _limit(200_000, "Length of one input.")
    message_characters: int = _limit(200_000, "Length of one message.")
    messages_count: int = _limit(2_000, "Messages in one request or one history.")
    request_body_bytes: int = _limit(10 * _MB, "Size of a request that uploads no file.", least=_KB)
    upload_bytes: int = _limit(512 * _MB, "Size of one upload.", least=_KB)

    llm_depth: int = _limit(8, "How deep prompts may call prompts.")
    llm_calls: int = _limit(1_000, "llm() calls of one run in all.")
    live_calls: int = _limit(16, "llm() calls of one run that wait at the same time.")
    live_runs: int = _limit(1_024, "Runs under way; one more is told that the server is busy.")
    run_seconds: float = _limit(3_600.0, "Length of a run, calls and generation included.", least=0.1)
    sessions: int = _limit(10_000, "Stored sessions; the one unused for longest goes first. 0: no bound.", least=0)
    session_days: float = _limit(0, "Days after which an unused session is deleted; 0: never.", least=0)
    session_bytes: int = _limit(8 * _MB, "Size of one session; its oldest messages go first.", least=_KB)

    response_tokens: int = _limit(32_768, "Tokens of one answer, whatever its options say.", restart=True)
    answer_bytes: int = _limit(64 * _MB, "Size of one answer as an endpoint sends it.", least=_KB, restart=True)
    line_bytes: int = _limit(4 * _MB, "Longest line of a streamed answer.", least=_KB, restart=True)
    connections: int = _limit(512, "Open connections to OpenAI-compatible servers.", restart=True)
    connect_timeout: float = _limit(
        10.0, "Seconds until a server that takes no connection is given up.", least=0.1, restart=True
    )
    read_timeout: float = _limit(
        120.0, "Seconds of silence after which an answer is given up.", least=0.1, restart=True
    )
    retries: int = _limit(3, "Further tries of a call that failed for a passing reason.", least=0, restart=True)
    retry_wait: float = _limit(20.0, "Longest wait before a further try, in seconds.", least=0, restart=True)
    models: int = _limit(2, "Local models kept in memory; the one unused for longest goes first.", restart=True)
    model_memory_bytes: int = _limit(0, "Memory of all local models together; 0: what is free.", least=0, restart=True)
    gpu_memory_fraction: float = _limit(
        0.9,
        "Share of each GPU's memory that models may take; the rest is for others.",
        least=0.05,
        most=1,
        restart=True,
    )
    model_idle_seconds: float = _limit(
        0, "A local model unused for this long is unloaded; 0: never.", least=0, restart=True
    )
    model_turn_seconds: float = _limit(
        5.0, "How long requests of a model in memory go first while another waits for its place.", least=0, restart=True
    )
    queue: int = _limit(256, "Requests that may wait for one local model.", restart=True)
    batch_rows: int = _limit(32, "Most answers that a local model makes in one batch.", restart=True)
    prefix_cache_bytes: int = _limit(
        _GB, "Memory for prompts that were read before and may come again; 0: none.", least=0, restart=True
    )

    rag_file_bytes: int = _limit(256 * _MB, "Size of one document in a library.", least=_KB, restart=True)
    rag_file_characters: int = _limit(50_000_000, "Length of one document's text.", restart=True)
    rag_files: int = _limit(100_000, "Documents in one library.")
    rag_bytes: int = _limit(8 * _GB, "Size of all documents of one library.", least=_KB)
    rag_passages: int = _limit(2_000_000, "Passages of one library.")
    rag_read_seconds: float = _limit(120.0, "Time to read one document.", least=0.1, restart=True)
    rag_read_memory_bytes: int = _limit(
        2 * _GB, "Memory of the process that reads documents.", least=256 * _MB, restart=True
    )
    rag_readers: int = _limit(
        0, "Processes that read documents; 0: as many as cores, at most 4.", least=0, restart=True
    )
    rag_jobs: int = _limit(64, "Uploads and other work on libraries that may wait.")
    rag_query_characters: int = _limit(10_000, "Length of a query; what is longer is cut.")
    zip_entries: int = _limit(50_000, "Entries of one zip, those of zips inside it too.")
    zip_bytes: int = _limit(4 * _GB, "Size of all that comes out of one zip.", least=_KB)
    zip_ratio: int = _limit(200, "How many times larger than in the zip a file may come out.", least=2)
    zip_depth: int = _limit(3, "How deep zips may lie in zips.")
    fetch_bytes: int = _limit(256 * _MB, "Size of what is fetched from a URL.", least=_KB)
    fetch_seconds: float = _limit(120.0, "Time to fetch a URL.", least=0.1)
    fetch_redirects: int = _limit(5, "How many redirects of a URL are followed.", least=0)
    embedding_models: int = _limit(2, "Embedding models kept in memory; the one unused for longest goes first.")
    embedding_inputs: int = _limit(2_048, "Texts of one request for embeddings.")

    text_file_bytes: int = _limit(16 * _MB, "Size of a prompt's or a variable's file.", least=_KB)
    prompt_versions: int = _limit(200, "Versions kept of one prompt; the oldest go first.")
    prompt_versions_bytes: int = _limit(
        512 * _MB, "Size of all versions of all prompts; the oldest go first.", least=_MB
    )
    messages_file_bytes: int = _limit(64 * _MB, "How much of log/messages.jsonl is read at once.", least=_KB)
    journal_scan_bytes: int = _limit(128 * _MB, "How much of the journal one search reads.", least=_KB)


class JournalSettings(BaseModel):
    """What the journal of runs keeps, and for how long."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    enabled: bool = Field(default=True, description="Whether runs are written to log/runs/.")
    days: int = Field(default=30, ge=1, description="Older files are deleted.")
    file_bytes: int = Field(default=64 * _MB, ge=_KB, description="A file that is full is followed by the next one.")
    total_bytes: int = Field(default=512 * _MB, ge=_KB, description="Beyond this the oldest files are deleted.")
    queue: int = Field(default=2_000, ge=1, description="Entries that wait to be written; more are dropped.")
