"""/model: which model answers, from the next message on, with the conversation kept."""

from pathlib import Path

import pytest

from jobs_simulator.model import ModelRequest, echo
from jobs_simulator.stage import Stage

pytestmark = pytest.mark.usefixtures("warm")


def words(request: ModelRequest) -> str:
    return " ".join(text for _, text in request.history)


async def test_the_model_of_each_is_shown_and_changed_and_kept(tmp_path: Path) -> None:
    async with Stage(tmp_path, echo, settings={"CLAUDE_MODEL": "model-a", "EXTERNAL_MODEL": "model-b"}) as stage:
        maria = stage.telegram.add_user("Мария", "Иванова", username="masha", lang_code="ru")
        program = await stage.start()
        async with stage.person(stage.owner) as owner, stage.person(maria) as person:
            await owner.ask("/model", "Вам отвечает model-a", "остальным model-b", "/model ИМЯ")
            await owner.ask("первое", "ECHO")
            assert stage.model.requests[-1].model == "model-a"
            await owner.ask("/model Model-C", "Со следующего сообщения", "Model-C")
            await owner.ask("второе", "ECHO")
            assert stage.model.requests[-1].model == "Model-C"
            assert "первое" in words(stage.model.requests[-1]), "the conversation goes on"

            await owner.ask("/модель остальные model-d", "остальным отвечает model-d")
            await program.stop()
            await stage.start()
            await person.ask("Здравствуйте, это Мария", "ECHO")
            assert stage.model.requests[-1].model == "model-d"
            await owner.ask("третье", "ECHO")
            assert stage.model.requests[-1].model == "Model-C"

            await owner.ask("/model default", "вам отвечает model-a")
            await owner.ask("четвёртое", "ECHO")
            assert stage.model.requests[-1].model == "model-a"
            assert "третье" in words(stage.model.requests[-1])
            await owner.ask("/model два слова", "Нужно одно имя")
            await person.ask("/model model-x", "ECHO: /model model-x")  # not a command of hers
            assert stage.model.requests[-1].model == "model-d"
