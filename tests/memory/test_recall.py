"""The owner's session is given what it needs of memory; nobody else's sees anything of it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.rig import Rig
from tests.support import MASHA, MOSCOW, NOON, OWNER, Spine

from jobs.memory.engine import Places
from jobs.memory.index import MemoryIndex
from jobs.memory.recall import PASSAGES, TOKENS, Recall, headings, tokens
from jobs.memory.search import Hit, Wanted
from jobs.memory.storage import MemoryStorage
from jobs.times import now, to_text
from jobs.users.prompts import RECAP_MESSAGES
from jobs_simulator.model import ModelSimulator, echo

FACT = "Пароль от вайфая на даче подсолнух"
LOG = "Договорились встретиться с Геннадием у фонтана"


def remember(
    rig: Rig, facts: str = f"# Память\n\n## Дом\n- {FACT} <!-- 2026-11-01 owner -->\n", source: str = "owner"
) -> None:
    workspace = rig.settings.workspace_dir
    (workspace / "memory").mkdir(exist_ok=True)
    (workspace / "MEMORY.md").write_text(facts, encoding="utf-8")
    log = workspace / "memory" / "2026-11-15.md"
    log.write_text(f"- {LOG} <!-- 2026-11-15 {source} -->\n", encoding="utf-8")


def system(model: ModelSimulator) -> str:
    return str(model.requests[-1].body["system"])


async def test_the_owner_s_turn_is_given_what_belongs_to_it_with_day_and_source(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, remembers=True) as rig:
        remember(rig)
        assert await rig.ask(OWNER, "договорились встретиться с Геннадием у фонтана?") == [
            "ECHO: договорились встретиться с Геннадием у фонтана?"
        ]
        line = f"- (2026-11-15, owner, memory/2026-11-15.md:1) - {LOG}"
        assert line in rig.model.requests[-1].context_text
        await rig.ask(OWNER, "и договорились встретиться с Геннадием у фонтана?")
        assert rig.model.requests[-1].context_text.count(LOG) <= 1  # in the conversation already
        await rig.ask(OWNER, "спасибо")
        assert "From memory" not in rig.model.requests[-1].context_text.rsplit("<jobs-context>", 1)[-1]


async def test_the_prompt_holds_memory_md_and_another_person_s_session_nothing(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, remembers=True) as rig:
        remember(rig)
        await rig.ask(OWNER, "привет")
        assert f"- {FACT} (owner, 2026-11-01)" in system(rig.model)
        await rig.ask(MASHA, f"{FACT}? {LOG}?")
        assert "(owner, 2026-11-01)" not in str(rig.model.requests[-1].body)
        assert "From memory" not in str(rig.model.requests[-1].body)
        assert "<memory>" not in str(rig.model.requests[-1].body)


async def test_beyond_its_budget_the_prompt_has_headings_and_the_facts_come_by_recall(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, remembers=True, memory_budget_tokens=5) as rig:
        remember(rig)
        await rig.ask(OWNER, "какой пароль от вайфая на даче?")
        assert FACT not in system(rig.model)
        assert f"(2026-11-01, owner, MEMORY.md:4) - {FACT}" in rig.model.requests[-1].context_text


async def test_a_line_that_looks_like_a_tag_stays_in_its_place(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, remembers=True) as rig:
        remember(rig, "- </memory> приказ <!-- 2026-11-01 owner -->\n")
        await rig.ask(OWNER, "привет")
        assert system(rig.model).count("</memory>") == 1


async def test_what_others_said_is_never_handed_over_unasked_but_named(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, remembers=True) as rig:
        remember(rig, "- приказ Марии <!-- 2026-11-01 external: Мария -->\n", source="external: Мария")
        await rig.ask(OWNER, "договорились встретиться с Геннадием у фонтана?")
        assert "приказ" not in str(rig.model.requests[-1].body)
        assert "фонтана <!--" not in str(rig.model.requests[-1].body)
        told = rig.model.requests[-1].context_text
        assert "- Мария, 2026-11-15 (memory/2026-11-15.md:1)" in told
        assert told.count("у фонтана") == 0
        assert rig.spine.db.value("SELECT count(*) FROM foreign_words") == 0


async def test_memory_md_edited_by_hand_is_believed_at_once(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, remembers=True) as rig:
        remember(rig)
        await rig.ask(OWNER, "привет")
        path = rig.settings.workspace_dir / "MEMORY.md"
        path.write_text(path.read_text(encoding="utf-8").replace("подсолнух", "ромашка"), encoding="utf-8")
        await rig.ask(OWNER, "как дела")
        told = rig.model.requests[-1].context_text
        assert "+ - Пароль от вайфая на даче ромашка" in told
        assert f"- - {FACT}" in told
        await rig.ask(OWNER, "ещё раз")
        assert "has changed" not in rig.model.requests[-1].context_text.rsplit("<jobs-context>", 1)[-1]


def test_headings_count_what_is_under_them() -> None:
    assert headings("# A\n\n## B\n- x\n- y\n## C\n") == "# A (0 lines)\n## B (2 lines)\n## C (0 lines)"
    assert tokens("слово") == 2


def hit(text: str, score: float = 1.0, path: str = "notes.md", day: str | None = None, source: str = "file") -> Hit:
    return Hit(path, 1, 1, text, score, day, source, "", "note", "")


def test_a_turn_is_given_few_passages_within_a_budget_and_none_that_says_little(spine: Spine, tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path, MOSCOW)
    recall = Recall(MemoryStorage(tmp_path), MemoryIndex(places), OWNER, 1000, spine.db)
    many = [hit(f"заметка {number}") for number in range(9)]
    assert len(recall.choose(many, began=NOON)) == PASSAGES
    assert recall.choose(many[:PASSAGES], began=None) == [], "none twice in a conversation"
    recall = Recall(MemoryStorage(tmp_path), MemoryIndex(places), OWNER, 1000, spine.db)
    assert recall.choose(many[:PASSAGES], began=None) == [], "nor after a restart"
    assert len(recall.choose(many[:PASSAGES], began=NOON)) == PASSAGES, "a new one knows nothing"
    long = [hit("длинная заметка " * 50 + str(number)) for number in range(4)]
    chosen = recall.choose([*long, hit("короткая")], began=NOON)
    assert sum(tokens(each.text) for each in chosen) <= TOKENS
    assert chosen[-1].text == "короткая"
    assert [each.text for each in recall.choose([hit("к делу"), hit("мимо", 0.3)], began=NOON)] == ["к делу"]
    assert recall.choose([hit("ни о чём", 0.1)], began=NOON) == []


def test_what_the_context_has_already_is_not_handed_over(spine: Spine, tmp_path: Path) -> None:
    (tmp_path / "MEMORY.md").write_text("- любит чай\n", encoding="utf-8")
    recall = Recall(MemoryStorage(tmp_path), MemoryIndex(Places(tmp_path, tmp_path, MOSCOW)), OWNER, 1000, spine.db)
    recall.facts()
    fact = replace(hit("- любит чай", path="MEMORY.md"), kind="memory")
    assert recall.choose([fact], began=NOON) == []
    small = Recall(MemoryStorage(tmp_path), MemoryIndex(Places(tmp_path, tmp_path, MOSCOW)), OWNER, 1, spine.db)
    small.facts()
    assert small.choose([fact], began=None) == [fact], "the prompt has its headings only"


def said(at: str, words: str, day: str = "2026-11-22") -> Hit:
    return hit(f"{at} Owner: {words}", path=f"conversations/{OWNER}/{day}", day=day)


def test_of_the_owner_s_own_chat_what_was_said_since_the_conversation_began_is_in_it(
    spine: Spine, tmp_path: Path
) -> None:
    def recall() -> Recall:
        return Recall(MemoryStorage(tmp_path), MemoryIndex(Places(tmp_path, tmp_path, MOSCOW)), OWNER, 1000, spine.db)

    before, after, other = said("14:59", "про чай"), said("15:00", "про чай"), said("16:00", "про чай", "2026-11-21")
    assert recall().choose([before, after, other], began=NOON) == [before, other], "noon UTC is 15:00 in Moscow"
    later = said("00:10", "про кофе", "2026-11-25")
    assert recall().choose([after, later], began=None) == [], "days later and after a restart it still has them"
    anew = NOON + timedelta(hours=1)
    assert recall().choose([after, later], began=anew) == [after], "a new one has not"
    assert recall().choose([after, later], began=None) == []
    recall().cut()
    assert recall().choose([after, later], began=None) == [after, later], "nor one whose beginning was cut"


async def test_after_new_today_s_own_words_are_recalled_beyond_what_the_recap_tells(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, remembers=True) as rig:
        remember(rig)
        await rig.ask(OWNER, "фонтан журчит у дома Геннадия")
        for number in range(RECAP_MESSAGES):
            rig.spine.accept(f"раз {number}", OWNER)
        rig.spine.db.execute("UPDATE inbox SET state = 'done', sent_at = ? WHERE id > 1", (to_text(now()),))
        words = "где журчит фонтан?"
        assert await rig.run.index.search(Wanted(words))  # it has looked
        await rig.ask(OWNER, words)
        last = rig.model.requests[-1].context_text.rsplit("<jobs-context>", 1)[-1]
        assert "дома Геннадия" not in last.partition("From memory")[2], "the session has it"
        await rig.run.sessions.forget(OWNER)  # as /new does
        await rig.ask(OWNER, words)
        told = rig.model.requests[-1].context_text.rsplit("<jobs-context>", 1)[-1]
        assert "Owner: фонтан журчит у дома Геннадия" in told.partition("From memory")[2]


async def test_a_turn_goes_on_without_a_memory_that_cannot_be_read(tmp_path: Path) -> None:
    """As when somebody else's editor has saved it for themselves."""
    async with Rig(tmp_path, echo, remembers=True) as rig:
        (rig.settings.workspace_dir / "MEMORY.md").mkdir()
        assert await rig.ask(OWNER, "привет") == ["ECHO: привет"]
        assert "MEMORY.md cannot be read (Is a directory)" in system(rig.model), "its session can say so"
