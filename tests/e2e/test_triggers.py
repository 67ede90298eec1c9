"""The whole program is woken from outside: by a web hook, by posts of a channel and by files, over a kill."""

import hmac
import json
import socket
from contextlib import closing
from pathlib import Path

import httpx

from jobs_simulator.model import Reply, Text, ToolCall
from jobs_simulator.model.request import ModelRequest
from jobs_simulator.stage import Stage

SECRET = "a-secret-of-some-length"
BODY = b"the build of main is broken"


async def brain(request: ModelRequest) -> Reply:
    """The owner's session watches; a watch tells every post it is asked about; other runs say what they got."""
    said = request.last_user_text
    if list(request.tools) == ["mcp__jobs__notify_owner"]:
        return Reply(ToolCall("mcp__jobs__notify_owner", {"text": f"Узнал: {said.splitlines()[-2]}"}))
    if "mcp__jobs__notify_owner" in request.tools and "file: " in said:
        return Reply(Text(f"Файл: {said.partition('file: ')[2].splitlines()[0]}"))
    if "mcp__jobs__notify_owner" in request.tools:
        return Reply(Text("Сборка сломана" if BODY.decode() in said else "?"))
    if request.tool_results:
        return Reply(Text("Слежу"))
    if "папкой" in said:
        return Reply(ToolCall("mcp__jobs__watch_files", {"pattern": "inbox/*.txt", "prompt": "прочитай"}))
    arguments = {"channel": "@news_of_day", "words": ["цен"], "tell_when": "цены меняются"}
    return Reply(ToolCall("mcp__jobs__watch_channel", arguments))


async def test_a_hook_a_channel_and_files_wake_it_once_for_each_event_over_a_kill(tmp_path: Path) -> None:
    async with Stage(tmp_path, brain) as stage:
        author = stage.telegram.add_user("Author")
        news = stage.telegram.add_channel("Новости", [author, stage.jobs], username="news_of_day")
        with closing(socket.create_server(("127.0.0.1", 0))) as taken:
            port = str(taken.getsockname()[1])
        (stage.data / "hooks.json").write_text(json.dumps({"ci": {"prompt": "what happened?", "secret": SECRET}}))
        program = await stage.start(HTTP_PORT=port)
        async with stage.person(stage.owner) as owner:
            await owner.ask("следи за @news_of_day", "Слежу")
            await owner.ask("следи за папкой inbox", "Слежу")
            (inbox := stage.workspace / "inbox").mkdir()
            (inbox / "a.txt").write_text("раз")
            stage.telegram.send(author, news, "цены упали")
            await owner.expect_all("Узнал: цены упали", 'Файл: "inbox/a.txt" (6 bytes)')
            await program.kill()
            (inbox / "b.txt").write_text("два")
            stage.telegram.send(author, news, "цены выросли")
            stage.telegram.send(author, news, "погода")
            program = await stage.start(HTTP_PORT=port)
            await owner.expect_all("Узнал: цены выросли", 'Файл: "inbox/b.txt" (6 bytes)')
            signature = f"sha256={hmac.new(SECRET.encode(), BODY, 'sha256').hexdigest()}"
            headers = {"X-Hub-Signature-256": signature, "X-GitHub-Delivery": "1"}
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                codes = [(await client.post("/hooks/ci", content=BODY, headers=headers)).status_code for _ in range(2)]
            assert codes == [202, 200]
            await owner.expect("Сборка сломана")
            heard = sorted(text for text in owner.heard if text.startswith(("Узнал", "Файл", "Сборка")))
        files = [f'Файл: "inbox/{name}.txt" (6 bytes)' for name in "ab"]
        assert heard == ["Сборка сломана", "Узнал: цены выросли", "Узнал: цены упали", *files]
        assert await program.stop() == 0
