"""What the scripted model says: every sentence in Russian and in English."""

from typing import Any

from .intents import Language

# Words of a question that a later turn recognizes by reading what was said before.
ASKED = {Language.RU: "Что передать?", Language.EN: "What shall I pass on?"}
WHICH = {Language.RU: "Напишите номер.", Language.EN: "Please write its number."}

SENTENCES: dict[str, tuple[str, str]] = {
    "hello_owner": (
        "Привет! Я Джобс. Сейчас за меня отвечает сценарий, а не модель. Напишите «помощь», и я скажу, что понимаю.",
        "Hello! I am Jobs. A script answers for me now, not a model. Write “help” to see what I understand.",
    ),
    "identity_owner": (
        "Я Джобс, ваш помощник. Сейчас вместо языковой модели работает сценарий: набор правил без всякого понимания.",
        "I am Jobs, your assistant. Right now a script works in place of a language model: rules, no understanding.",
    ),
    "thanks": ("Пожалуйста!", "You are welcome!"),
    "unknown_owner": (
        "Этого я не понимаю: я сценарий, а не модель. Вот что я понимаю:\n{help}",
        "I do not understand this: I am a script, not a model. This is what I understand:\n{help}",
    ),
    "help_owner": (
        "Я сценарий, а не модель. Я понимаю:\n{help}",
        "I am a script, not a model. I understand:\n{help}",
    ),
    "failed": ("Не получилось: {error}", "It did not work: {error}"),
    "remembered": ("Запомнил ({where}): {text}", "Noted ({where}): {text}"),
    "recalled": ("Вот что я нашёл:\n{list}", "This is what I found:\n{list}"),
    "recalled_nothing": (
        "В памяти про это ничего нет. (Отвечает сценарий, а не модель: сам он ничего не знает.)",
        "There is nothing about it in memory. (A script answers, not a model: it knows nothing by itself.)",
    ),
    "remind_when": (
        "Когда напомнить? Например: «напомни {text} через час».",
        "When? For example “remind me in an hour to {text}”.",
    ),
    "remind_what": ("О чём напомнить?", "What shall I remind you of?"),
    "reminded": ("Напомню {when}: {text} (№{id}).", "I will remind you {when}: {text} (no. {id})."),
    "reminders": ("Напоминания:\n{list}", "Reminders:\n{list}"),
    "reminders_none": ("Напоминаний нет.", "There are no reminders."),
    "reminder_unknown": ("Такого напоминания нет.", "There is no such reminder."),
    "reminder_cancelled": ("Напоминание №{id} отменено.", "Reminder no. {id} is cancelled."),
    "task_created": (
        "Поручил: {user}, «{title}»{deadline} (задача №{id}).{told}",
        "Assigned to {user}: “{title}”{deadline} (task no. {id}).{told}",
    ),
    "told": (" Сообщение отправлено.", " The message is on its way."),
    "not_told": (" Сообщение ждёт вашего «да».", " The message waits for your yes."),
    "deadline": (", срок {when}", ", due {when}"),
    "sent": ("Отправил: {user}.", "Sent to {user}."),
    "held": ("Ещё не отправил, жду вашего «да»: {user}.", "Not sent yet, I wait for your yes: {user}."),
    "tasks": ("Задачи:\n{list}", "Tasks:\n{list}"),
    "tasks_none": ("Задач нет.", "There are no tasks."),
    "task_cancelled": ("Задача №{id} отменена.", "Task no. {id} is cancelled."),
    "people": ("Я знаю:\n{list}", "I know:\n{list}"),
    "people_none": ("Пока никто, кроме вас, мне не писал.", "Nobody but you has written to me yet."),
    "nobody": ("Такого человека я не знаю.", "I know nobody like that."),
    "ran": ("Выполнил `{command}`:\n```\n{output}\n```", "Ran `{command}`:\n```\n{output}\n```"),
    "ran_failed": (
        "Команда `{command}` не удалась:\n```\n{output}\n```",
        "The command `{command}` failed:\n```\n{output}\n```",
    ),
    "read": ("{path}:\n```\n{output}\n```", "{path}:\n```\n{output}\n```"),
    "written": ("Записал в {path}.", "Wrote {path}."),
    "called": ("{name} ответил:\n```\n{output}\n```", "{name} answered:\n```\n{output}\n```"),
    "scheduled": ("Напоминание: {text}", "Reminder: {text}"),
    "hello_person": (
        "Здравствуйте! Я Джобс, ИИ-помощник{owner}. (Сейчас отвечает сценарий, а не модель.) {asked}",
        "Hello! I am Jobs, the AI assistant{owner}. (A script answers now, not a model.) {asked}",
    ),
    "identity_person": (
        "Я Джобс, ИИ-помощник{owner}, а не человек. Сейчас за меня отвечает сценарий, а не модель. {asked}",
        "I am Jobs, the AI assistant{owner}, not a human. A script answers for me now, not a model. {asked}",
    ),
    "of_owner": (", владелец: {owner}", " of {owner}"),
    "help_person": (
        "Я сценарий, а не модель. Я могу передать ваши слова, показать ваши задачи и отметить их: "
        "принял, в работе, готово, не могу. {asked}",
        "I am a script, not a model. I can pass your words on, show your tasks and mark them: accepted, started, done, "
        "can't. {asked}",
    ),
    "passed_on": ("Передал: «{text}».", "Passed on: “{text}”."),
    "my_tasks": ("Ваши задачи:\n{list}", "Your tasks:\n{list}"),
    "my_tasks_none": ("У вас сейчас нет задач.", "You have no tasks now."),
    "which": ("Какую задачу {action}?\n{list}\n{which}", "Which task shall I {action}?\n{list}\n{which}"),
    "proposal_agreed": ("Договорились, отметил.", "Agreed, and noted."),
    "proposal_asked": ("Спрошу и вернусь с ответом.", "I will ask and come back with an answer."),
    "task_moved": ("Срок задачи №{id} теперь {when}.", "Task no. {id} is now due {when}."),
    "no_such_task": ("Такой открытой задачи у вас нет.", "You have no such open task."),
    "updated": ("Отметил: «{title}» — {status}.", "Marked “{title}” as {status}."),
}

HELP: tuple[str, str] = (
    "• «попроси Марию прислать отчёт к среде» — поручить\n"
    "• «напиши Марии, что встреча в 15:00» — передать слова\n"
    "• «какие задачи у Марии», «отмени задачу 3»\n"
    "• «напомни через час позвонить», «напоминания», «отмени напоминание 2»\n"
    "• «запомни, что …», «что ты знаешь о …»\n"
    "• «кто такая Мария», «список людей»\n"
    "• «выполни команду ls», «прочитай файл notes.txt», «запиши в файл notes.txt: …»",
    "• “ask Maria to send the report by Wednesday”: a task\n"
    "• “write Maria that we meet at 15:00”: a message\n"
    "• “what tasks does Maria have”, “cancel task 3”\n"
    "• “remind me in an hour to call”, “reminders”, “cancel reminder 2”\n"
    "• “remember that …”, “what do you know about …”\n"
    "• “who is Maria”, “list people”\n"
    "• “run: ls”, “read the file notes.txt”, “write to file notes.txt: …”",
)

STATUSES: dict[str, tuple[str, str]] = {
    "new": ("новая", "new"),
    "delivered": ("передана", "delivered"),
    "seen": ("прочитана", "seen"),
    "returned": ("возвращена", "returned"),
    "verified": ("проверена", "verified"),
    "accepted": ("принята", "accepted"),
    "in_progress": ("в работе", "in progress"),
    "done": ("готово", "done"),
    "declined": ("отказ", "declined"),
    "cancelled": ("отменена", "cancelled"),
}
# How the question "which one?" names what will be done; a later turn reads the action back from it.
ACTIONS: dict[str, tuple[str, str]] = {
    "accepted": ("отметить принятой", "mark as accepted"),
    "in_progress": ("отметить начатой", "mark as started"),
    "done": ("отметить готовой", "mark as done"),
    "declined": ("отметить отказом", "mark as declined"),
}


def pick(pair: tuple[str, str], language: Language) -> str:
    """The Russian or the English one."""
    return pair[0] if language is Language.RU else pair[1]


def say(language: Language, sentence: str, **values: Any) -> str:
    """A sentence with its places filled."""
    return pick(SENTENCES[sentence], language).format(**values)


def help_text(language: Language) -> str:
    return pick(HELP, language)
