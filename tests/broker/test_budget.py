"""What a call may cost is known before it is sent, and what it did cost is read from its answer."""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import MASHA, OWNER, PETYA, Spine

from jobs.broker import Ledger, Used, spent
from jobs.broker.budget import LEAST_OUTPUT, OUTPUT_CAP, Uncountable, bounded
from jobs.broker.meter import Meter
from jobs.broker.prices import cost_of, most_input
from jobs.spine.model import Usage
from jobs.times import now

MODEL = "claude-opus-4-8"


def request(text: str = "hello", max_tokens: int = 32000, **more: Any) -> tuple[dict[str, Any], bytes]:
    body = {"model": MODEL, "max_tokens": max_tokens, "messages": [{"role": "user", "content": text}], **more}
    return body, json.dumps(body).encode()


@given(left=st.floats(0, 3), text=st.text(max_size=3000), max_tokens=st.integers(1, 64000))
def test_no_bounded_request_can_cost_more_than_is_left(left: float, text: str, max_tokens: int) -> None:
    made = bounded(*request(text, max_tokens), left)
    if made is None:
        return
    assert made.most_usd <= left
    body = json.loads(made.content)
    assert body["max_tokens"] <= min(max_tokens, OUTPUT_CAP)
    usage = {"input_tokens": len(text.split()), "output_tokens": body["max_tokens"]}
    assert cost_of(MODEL, usage) <= made.most_usd


def test_a_request_within_the_budget_stays_byte_for_byte() -> None:
    body, content = request(max_tokens=1000)
    made = bounded(body, content, 1.0)
    assert made is not None
    assert made.content is content


def test_output_is_cut_to_what_is_paid_for_and_thinking_with_it() -> None:
    thinking = {"type": "enabled", "budget_tokens": 31999}
    made = bounded(*request(thinking=thinking), 0.1)
    assert made is not None
    body = json.loads(made.content)
    assert LEAST_OUTPUT <= body["max_tokens"] < 4000
    assert body["thinking"]["budget_tokens"] == body["max_tokens"] - LEAST_OUTPUT
    assert bounded(*request(thinking=thinking), 0.03) is None
    assert bounded(*request(), 0.03) is not None
    assert bounded(*request(), 0.02) is None


def test_pictures_count_by_number_and_not_by_their_bytes() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 4_000_000}}
    body, _ = request()
    body["messages"][0]["content"] = [picture, {"type": "text", "text": "what is this?"}]
    assert 5_000 < most_input(body, json.dumps(body).encode()) < 6_000


def block(kind: str, **source: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": kind, "source": source}]}]}


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 1000}]},
        {"mcp_servers": [{"type": "url", "url": "https://x.example", "name": "x"}]},
        {"speed": "fast"},
        block("image", type="url", url="https://x.example/large.png"),
        block("document", type="file", file_id="file_1"),
        block("document", type="base64", media_type="application/pdf", data="AAAA"),
    ],
)
def test_what_costs_more_than_can_be_seen_in_a_request_is_not_sent_on_a_budget(more: dict[str, Any]) -> None:
    with pytest.raises(Uncountable):
        bounded(*request(**more), 1000.0)


def test_tools_of_ones_own_and_pictures_are_sent() -> None:
    picture = block("image", type="base64", media_type="image/png", data="AAAA")
    assert bounded(*request(tools=[{"name": "get_my_tasks", "input_schema": {}}], **picture), 1.0)


def test_what_a_tool_was_called_with_is_not_taken_for_something_to_fetch() -> None:
    call = {
        "type": "tool_use",
        "id": "1",
        "name": "x",
        "input": {"source": {"type": "url", "url": "https://x.example"}},
    }
    messages = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": [call]}]
    assert bounded(*request(messages=messages), 1.0)


STREAM = b"".join(
    b"event: x\ndata: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"
    for event in (
        {
            "type": "message_start",
            "message": {
                "model": MODEL,
                "usage": {"input_tokens": 100, "cache_read_input_tokens": 900, "output_tokens": 1},
            },
        },
        *[{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x" * 300}}] * 10,
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 500}},
    )
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_the_meter_hears_the_usage_however_the_stream_is_cut_into_pieces(places: list[int]) -> None:
    meter = Meter()
    meter.begin(200, "text/event-stream; charset=utf-8")
    edges = [0, *sorted(places), len(STREAM)]
    for start, end in pairwise(edges):
        meter.feed(STREAM[start:end])
    usage = meter.finish()
    assert (meter.model, usage["input_tokens"], usage["output_tokens"]) == (MODEL, 100, 500)
    assert cost_of(MODEL, usage) == pytest.approx((100 * 5 + 900 * 0.5 + 500 * 25) / 1e6)


def test_of_a_stream_that_was_cut_the_output_is_estimated() -> None:
    meter = Meter()
    meter.begin(200, "text/event-stream")
    meter.feed(STREAM[: STREAM.index(b"message_delta")])
    assert 500 < meter.finish()["output_tokens"] < 1500


def test_an_error_costs_nothing() -> None:
    meter = Meter()
    meter.begin(529, "application/json")
    meter.feed(b'{"type":"error","usage":{"input_tokens":5}}')
    assert cost_of(MODEL, meter.finish()) == 0


def test_what_is_spent_counts_each_turn_once_and_calls_without_a_turn_too(spine: Spine) -> None:
    ledger = Ledger(spine.db)
    since = now() - timedelta(minutes=1)
    spine.accept("hello", MASHA)
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    ledger.end(ledger.begin(MASHA, turn.id, 0.5), Used(MODEL, 1, 1, 0.2))
    assert spent(spine.db, since, OWNER, MASHA).lane == pytest.approx(0.2), "while the turn runs"
    spine.turns.finish(turn, "done", Usage(1, 1, 0.3, MODEL))
    assert spent(spine.db, since, OWNER, MASHA).lane == pytest.approx(0.3), "the SDK counted more"
    ledger.end(ledger.begin(PETYA, None, 0.5), Used(MODEL, 1, 1, 0.1))
    ledger.end(ledger.begin(OWNER, None, 0.5), Used(MODEL, 1, 1, 5.0))
    assert spent(spine.db, since, OWNER, MASHA).others == pytest.approx(0.4), "everyone but the owner"
    assert spent(spine.db, now() + timedelta(minutes=1), OWNER, MASHA).others == 0


def test_a_call_under_way_is_reserved_and_after_a_crash_counts_as_the_dearest(spine: Spine) -> None:
    ledger = Ledger(spine.db)
    since = now() - timedelta(minutes=1)
    ledger.begin(MASHA, None, 0.5)
    assert spent(spine.db, since, OWNER, MASHA).others == 0
    assert spent(spine.db, since, OWNER, MASHA, reserved=True).others == 0.5
    ledger.settle()
    assert spent(spine.db, since, OWNER, MASHA).others == 0.5
