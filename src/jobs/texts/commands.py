"""The answers of commands."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "stopped": {"ru": "Остановлено. Ничего ещё не было сделано.", "en": "Stopped. Nothing had been done yet."},
    "stopped_after": {"ru": "Остановлено. Уже сделано: {done}.", "en": "Stopped. Already done: {done}."},
    "nothing_to_stop": {"ru": "Сейчас ничего не выполняется.", "en": "Nothing is running now."},
    "dropped": {"ru": "То, что ждало ответа, снято.", "en": "What was waiting for an answer is dropped."},
    "renewed": {
        "ru": "Начинаем новый разговор; последние сообщения я помню.",
        "en": "A new conversation begins; I remember the last messages.",
    },
    "busy_renewing": {"ru": "Сначала остановите текущую работу: /stop.", "en": "Stop the current work first: /stop."},
    "help_owner": {
        "ru": "Пишите как человеку. Команды:\n/stop — остановить работу (или просто «стоп»)\n/new — новый разговор\n"
        "/tasks — кто что должен\n/people — кого я знаю\n/status — как дела у программы\n/usage — сколько потрачено\n/help — это сообщение",
        "en": "Write as you would to a person. Commands:\n/stop: stop the work (or just “stop”)\n/new: a new conversation\n"
        "/tasks: who owes what\n/people: whom I know\n/status: how the program is\n/usage: what was spent\n/help: this message",
    },
    "help_external": {
        "ru": "Я ИИ-ассистент, мой владелец: {owner}. Передам ваши слова, покажу и отмечу ваши задачи.\n"
        "/tasks — ваши задачи\n/stop — остановить ответ\n/help — это сообщение",
        "en": "I am an AI assistant; I work for {owner}. I pass your words on, and show and note your tasks.\n"
        "/tasks: your tasks\n/stop: stop the answer\n/help: this message",
    },
    "no_tasks": {"ru": "Открытых задач нет.", "en": "There are no open tasks."},
    "task_line": {"ru": "{id}. {title} — {status}", "en": "{id}. {title}: {status}"},
    "task_line_due": {
        "ru": "{id}. {title} — {status}, срок {deadline}",
        "en": "{id}. {title}: {status}, due {deadline}",
    },
    "no_people": {"ru": "Пока никого не знаю.", "en": "I know nobody yet."},
    "never_wrote": {"ru": "ещё не писал(а)", "en": "has not written yet"},
    "status": {
        "ru": "Работаю с {since}.\nTelegram: {connection}.\nХодов сейчас: {busy}, сессий: {warm}.\n"
        "Ждут ответа: {waiting}, ждут отправки: {queued}, отложено: {set_aside}.\nПоследняя ошибка: {error}\n"
        "Следующее напоминание: {next}\nВерсия {version}.",
        "en": "Up since {since}.\nTelegram: {connection}.\nTurns now: {busy}, sessions: {warm}.\n"
        "Waiting for an answer: {waiting}, to be sent: {queued}, set aside: {set_aside}.\nLast error: {error}\n"
        "Next reminder: {next}\nVersion {version}.",
    },
    "online": {"ru": "на связи с {since}", "en": "connected since {since}"},
    "offline": {"ru": "нет связи с {since}", "en": "not connected since {since}"},
    "was_offline": {"ru": "до этого связи не было {minutes} мин", "en": "away for {minutes} min before that"},
    "none": {"ru": "нет", "en": "none"},
    "usage_head": {"ru": "Расход за {days} дн.:", "en": "Spent in {days} days:"},
    "usage_line": {
        "ru": "{what}: {turns} ход., {tokens} ток., ${cost:.2f}",
        "en": "{what}: {turns} turns, {tokens} tokens, ${cost:.2f}",
    },
    "usage_owner": {"ru": "Вы", "en": "You"},
    "usage_others": {"ru": "Остальные", "en": "Everyone else"},
}
