"""What the owner's ordinary phrasings become: one table. It is Sunday 2026-11-22, 17:03 in Moscow."""

from typing import Any

import pytest
from test_model_script import OWNER_TOOLS, Talk, only_call


def task(who: str, title: str, deadline: str | None = None) -> tuple[str, dict[str, Any]]:
    return "create_user_task", {"user": who, "title": title} | ({"deadline": deadline} if deadline else {})


def send(who: str, text: str) -> tuple[str, dict[str, Any]]:
    return "send_to_user", {"user": who, "text": text}


def remind_at(text: str, at: str) -> tuple[str, dict[str, Any]]:
    return "schedule_task", {"text": text, "at": at}


def remind_in(text: str, minutes: int) -> tuple[str, dict[str, Any]]:
    return "schedule_task", {"text": text, "in_minutes": minutes}


OWNER_CALLS: list[tuple[str, tuple[str, dict[str, Any]]]] = [
    ("Попроси Марию прислать отчёт к среде", task("Марию", "Прислать отчёт", "2026-11-25")),
    ("попроси марию прислать отчёт до пятницы 18:00", task("марию", "Прислать отчёт", "2026-11-27T18:00")),
    ("Попроси Марию Иванову, чтобы она прислала смету до 25.11", task("Марию Иванову", "Прислала смету", "2026-11-25")),
    ("Пусть Мария пришлёт договор до завтра", task("Мария", "Пришлёт договор", "2026-11-23")),
    ("Поручи @masha: купить билеты завтра к 9 утра", task("@masha", "Купить билеты", "2026-11-23T09:00")),
    ("скажи Пете, чтобы заказал пропуск на завтра", task("Пете", "Заказал пропуск", "2026-11-23")),
    (
        "поставь задачу для Марии: подготовить презентацию к 1 декабря",
        task("Марии", "Подготовить презентацию", "2026-12-01"),
    ),
    ("Поставь Марии задачу: позвонить в банк", task("Марии", "Позвонить в банк")),
    ("Привет! Попроси, пожалуйста, Петю прислать 3 варианта", task("Петю", "Прислать 3 варианта")),
    ("попросите Ольгу сдать отчёт до конца недели", task("Ольгу", "Сдать отчёт", "2026-11-27")),
    ("Ask Maria to send the report by Wednesday", task("Maria", "Send the report", "2026-11-25")),
    ("please ask Maria Ivanova to call me by Friday 6pm", task("Maria Ivanova", "Call me", "2026-11-27T18:00")),
    ("Tell Bob to buy the tickets tomorrow at 9:30", task("Bob", "Buy the tickets", "2026-11-23T09:30")),
    ("Get Bob to sign the contract before Nov 30th", task("Bob", "Sign the contract", "2026-11-30")),
    ("Have Maria review the draft", task("Maria", "Review the draft")),
    ("create a task for Bob: fix the site by 2026-12-01T10:00", task("Bob", "Fix the site", "2026-12-01T10:00")),
    ("could you assign Bob to clean the room in 2 days?", task("Bob", "Clean the room", "2026-11-24T17:03")),
    ("Напиши @masha: жду звонка", send("@masha", "Жду звонка")),
    ("скажи Пете, что я опоздаю", send("Пете", "Я опоздаю")),
    ("передай Марии Ивановой, что встреча в 15:00", send("Марии Ивановой", "Встреча в 15:00")),
    ("Сообщи Марии: всё в силе.", send("Марии", "Всё в силе")),
    ("спроси у Марии, придёт ли она", send("Марии", "Придёт ли она")),
    ("tell Bob that I'm late", send("Bob", "I'm late")),
    ("Tell Bob I'm late", send("Bob", "I'm late")),
    ("let Maria know that the meeting moved", send("Maria", "The meeting moved")),
    ("write Maria: see you at 5", send("Maria", "See you at 5")),
    ("send Bob a message: call me", send("Bob", "Call me")),
    ("Ask Bob whether he is coming", send("Bob", "Whether he is coming")),
    ("Напомни через час позвонить маме", remind_in("позвонить маме", 60)),
    ("напомни мне через 10 минут проверить духовку", remind_in("проверить духовку", 10)),
    ("напомни завтра в 9 о том, что надо оплатить счёт", remind_at("надо оплатить счёт", "2026-11-23T09:00")),
    ("Напомни в пятницу купить подарок", remind_at("купить подарок", "2026-11-27T09:00")),
    ("поставь напоминание на завтра 18:30: созвон", remind_at("созвон", "2026-11-23T18:30")),
    ("напомни, пожалуйста, через полчаса про чай", remind_in("про чай", 30)),
    ("Remind me in 10 minutes to call mom", remind_in("call mom", 10)),
    ("can you remind me tomorrow at 9 to pay the bill?", remind_at("pay the bill", "2026-11-23T09:00")),
    ("remind me to stretch in an hour", remind_in("stretch", 60)),
    ("set a reminder for Monday at noon: lunch with Bob", remind_at("lunch with Bob", "2026-11-23T12:00")),
    ("запомни, что у Марии день рождения 5 мая", ("memory_append", {"text": "У Марии день рождения 5 мая"})),
    ("Запиши себе: код домофона 42К", ("memory_append", {"text": "Код домофона 42К"})),
    ("Remember that I prefer tea", ("memory_append", {"text": "I prefer tea"})),
    ("don't forget that the rent is due on the 5th", ("memory_append", {"text": "The rent is due on the 5th"})),
    ("Что ты знаешь о Марии?", ("memory_search", {"query": "Марии", "limit": 5})),
    ("что ты помнишь про домофон", ("memory_search", {"query": "домофон", "limit": 5})),
    ("когда у Марии день рождения?", ("memory_search", {"query": "когда у Марии день рождения", "limit": 5})),
    ("What do you know about Maria?", ("memory_search", {"query": "Maria", "limit": 5})),
    ("What tea do I like?", ("memory_search", {"query": "What tea do I like", "limit": 5})),
    ("какие у меня напоминания?", ("list_scheduled_tasks", {})),
    ("list my reminders", ("list_scheduled_tasks", {})),
    ("отмени напоминание 2", ("cancel_scheduled_task", {"task_id": 2})),
    ("Cancel reminder #7", ("cancel_scheduled_task", {"task_id": 7})),
    ("какие задачи у Марии?", ("get_user_tasks", {"user": "Марии"})),
    ("Покажи все задачи", ("get_user_tasks", {})),
    ("задачи", ("get_user_tasks", {})),
    ("что должна сделать Мария?", ("get_user_tasks", {"user": "Мария"})),
    ("what tasks does Maria have?", ("get_user_tasks", {"user": "Maria"})),
    ("show me Bob's tasks", ("get_user_tasks", {"user": "Bob"})),
    ("list all tasks", ("get_user_tasks", {})),
    ("отмени задачу 3", ("cancel_user_task", {"task_id": 3})),
    ("cancel task no. 4", ("cancel_user_task", {"task_id": 4})),
    ("кто такая Мария?", ("resolve_user", {"query": "Мария"})),
    ("Who is Maria Ivanova?", ("resolve_user", {"query": "Maria Ivanova"})),
    ("список людей", ("list_users", {})),
    ("кого ты знаешь?", ("list_users", {})),
    ("list contacts", ("list_users", {})),
    ("выполни команду `ls -la`", ("Bash", {"command": "ls -la"})),
    ("run: uname -a", ("Bash", {"command": "uname -a"})),
    ("прочитай файл notes.txt", ("Read", {"file_path": "notes.txt"})),
    ("Read the file /etc/hosts", ("Read", {"file_path": "/etc/hosts"})),
    ("запиши в файл notes.txt: привет, мир", ("Write", {"file_path": "notes.txt", "content": "привет, мир\n"})),
    ("write hello to file x.txt", ("Write", {"file_path": "x.txt", "content": "hello\n"})),
]


@pytest.mark.parametrize(("text", "expected"), OWNER_CALLS)
async def test_an_owners_request_becomes_the_right_call(text: str, expected: tuple[str, dict[str, Any]]) -> None:
    assert only_call(await Talk(OWNER_TOOLS).say(text)) == expected
