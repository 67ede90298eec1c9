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
    "renewed_full": {
        "ru": "Контекст беседы почти заполнен, поэтому начал новую; последние сообщения передал в неё.",
        "en": "The conversation's context was nearly full, so I began a new one with a recap of the last messages.",
    },
    "busy_renewing": {"ru": "Сначала остановите текущую работу: /stop.", "en": "Stop the current work first: /stop."},
    "halted": {
        "ru": "Ответ на это прерван. Если он ещё нужен, напишите снова.",
        "en": "The answer to this was broken off. If it is still wanted, write again.",
    },
    # -------------------------------------------------------------------- help
    "help_owner": {
        "ru": "Пишите как человеку. Команды (остановить можно и словом «стоп»):",
        "en": "Write as you would to a person. Commands (a bare “stop” stops, too):",
    },
    "help_external": {
        "ru": "Я ИИ-ассистент, мой владелец: {owner}. Передам ваши слова, покажу и отмечу ваши задачи.",
        "en": "I am an AI assistant; I work for {owner}. I pass your words on, and show and note your tasks.",
    },
    "help_line": {"ru": "/{name} — {about}", "en": "/{name}: {about}"},
    "command_stop_owner": {"ru": "остановить работу", "en": "stop the work"},
    "command_stop_external": {"ru": "остановить ответ", "en": "stop the answer"},
    "command_new_owner": {"ru": "новый разговор", "en": "a new conversation"},
    "command_tasks_owner": {"ru": "кто что должен", "en": "who owes what"},
    "command_tasks_external": {"ru": "ваши задачи", "en": "your tasks"},
    "command_people_owner": {"ru": "кого я знаю", "en": "whom I know"},
    "command_status_owner": {"ru": "как дела у программы", "en": "how the program is"},
    "command_usage_owner": {"ru": "сколько потрачено", "en": "what was spent"},
    "command_model_owner": {"ru": "какая модель отвечает, и сменить её", "en": "which model answers, and to change it"},
    "command_memory_owner": {
        "ru": "что я запомнил; /memory undo отменит мою последнюю правку",
        "en": "what I remember; /memory undo takes my last change back",
    },
    "memory_undone": {
        "ru": "Отменил последнюю свою правку MEMORY.md. Что вы с тех пор меняли сами, осталось.",
        "en": "I took back my last change to MEMORY.md. What you have edited since has stayed.",
    },
    "memory_overtaken": {
        "ru": "Последнюю мою правку MEMORY.md вы уже переписали сами, её не трогаю. Ещё раз /memory undo — отменю ту, что до неё.",
        "en": "You have rewritten my last change to MEMORY.md yourself, so it stays. /memory undo again takes back the one before it.",
    },
    "memory_nothing_to_undo": {"ru": "Возвращать нечего.", "en": "There is nothing to take back."},
    "memory_changed_since": {
        "ru": "MEMORY.md с тех пор меняли ещё, или это уже отменено. /memory undo отменяет правки по одной, начиная с последней.",
        "en": "MEMORY.md was changed again since, or this is undone already. /memory undo takes changes back one by one, the last first.",
    },
    "nightly_head": {
        "ru": "Ночью навёл порядок в MEMORY.md (${cost:.3f}):",
        "en": "I tidied MEMORY.md in the night (${cost:.3f}):",
    },
    "nightly_joined": {"ru": "· объединил «{before}» → «{after}»", "en": "· joined “{before}” → “{after}”"},
    "nightly_stale": {"ru": "· устарело: «{after}»", "en": "· stale: “{after}”"},
    "nightly_added": {"ru": "· добавил: «{after}»", "en": "· added: “{after}”"},
    "nightly_undo": {"ru": "Отменить всё это: {undo}", "en": "To undo all of it: {undo}"},
    "memory_trouble": {
        "ru": "До памяти не добраться: {reason}. Проверьте файлы в рабочей папке.",
        "en": "The memory cannot be reached: {reason}. Look at the files of the workspace.",
    },
    "memory_empty": {"ru": "Я пока ничего не запомнил.", "en": "I remember nothing yet."},
    "choice_undo": {"ru": "Отменить правку", "en": "Undo the change"},
    "command_pause_owner": {
        "ru": "не отвечать пока другим: их сообщения ждут, вам отвечаю",
        "en": "answer nobody else for now: their messages wait, you are answered",
    },
    "command_panic_owner": {
        "ru": "остановить всё: ничего не делаю, не отправляю и не напоминаю, и покажу, что собирался",
        "en": "stop everything: nothing is done, sent or reminded of, and I show what was about to be",
    },
    "command_pause_external": {
        "ru": "не напоминать сутки; /pause 3 — три дня",
        "en": "no reminders for a day; /pause 3: for three days",
    },
    "command_resume_external": {"ru": "снова напоминать", "en": "remind me again"},
    "command_human_external": {"ru": "нужен сам человек, а не ассистент", "en": "I need the human, not the assistant"},
    "command_forget_external": {
        "ru": "что обо мне хранится, и удалить это",
        "en": "what is stored about me, and to delete it",
    },
    "command_resume_owner": {"ru": "продолжить после /pause и /panic", "en": "go on after /pause and /panic"},
    "command_help_owner": {"ru": "это сообщение", "en": "this message"},
    "command_help_external": {"ru": "это сообщение", "en": "this message"},
    # ---------------------------------------------------- halting and going on
    "choice_stop": {"ru": "Остановить", "en": "Stop"},
    "choice_resume": {"ru": "Продолжить", "en": "Go on"},
    "choice_take_back": {"ru": "Ничего из этого не отправлять", "en": "Send none of this"},
    "choice_default": {"ru": "как в настройках", "en": "as in the settings"},
    "choice_gone": {"ru": "Эта кнопка больше не действует.", "en": "This button no longer works."},
    "paused": {
        "ru": "Другим пока не отвечаю: их сообщения ждут. Вам отвечаю. Продолжить: /resume",
        "en": "Nobody else is answered for now: their messages wait. You are answered. To go on: /resume",
    },
    "resumed": {
        "ru": "Продолжаю. Ждут ответа: {waiting}, ждут отправки: {queued}.",
        "en": "Going on. Waiting for an answer: {waiting}, to be sent: {queued}.",
    },
    "nothing_to_resume": {"ru": "Ничего не остановлено.", "en": "Nothing is halted."},
    "panic": {
        "ru": "Всё остановлено: ничего не делаю, не отправляю и не напоминаю. Новые сообщения сохраняются и ждут.",
        "en": "Everything is stopped: nothing is done, sent or reminded of. New messages are kept and wait.",
    },
    "panic_turns": {"ru": "Прерваны (и сами не продолжатся):", "en": "Broken off (they do not go on by themselves):"},
    "panic_turn": {"ru": "· {name}, уже сделано: {done}", "en": "· {name}, already done: {done}"},
    "panic_no_turns": {"ru": "Ничего не выполнялось.", "en": "Nothing was running."},
    "panic_queued": {"ru": "Собирался отправить ({n}):", "en": "About to go out ({n}):"},
    "panic_more": {"ru": "… и ещё {n}", "en": "… and {n} more"},
    "panic_nothing_queued": {"ru": "Отправлять было нечего.", "en": "Nothing was about to go out."},
    "panic_schedules": {"ru": "Напоминаний ждёт: {n}, ближайшее {next}.", "en": "Reminders waiting: {n}, next {next}."},
    "panic_no_schedules": {"ru": "Напоминаний нет.", "en": "There are no reminders."},
    "panic_resume": {
        "ru": "Продолжить: /resume. Не отправлять того, что собирался: /panic clear",
        "en": "To go on: /resume. To send nothing of what was about to go out: /panic clear",
    },
    "taken_back": {
        "ru": "Не отправлю: {n}. Вернуть по одному можно через ./jobs doctor и ./jobs retry. Продолжить: /resume",
        "en": "Not to be sent: {n}. Each can be brought back with ./jobs doctor and ./jobs retry. To go on: /resume",
    },
    # ------------------------------------------------------------------- model
    "model_is": {
        "ru": "Вам отвечает {owner}, остальным {external}.\nСменить: /model ИМЯ (например, opus, sonnet, haiku); "
        "для остальных: /model external ИМЯ; вернуть как в настройках: /model default",
        "en": "You are answered by {owner}, everyone else by {external}.\nTo change: /model NAME (such as opus, sonnet, "
        "haiku); for everyone else: /model external NAME; back to the settings: /model default",
    },
    "model_of_cli": {"ru": "модель по умолчанию", "en": "the default model"},
    "model_chosen_owner": {
        "ru": "Со следующего сообщения вам отвечает {model}; разговор продолжается.",
        "en": "From the next message on {model} answers you; the conversation goes on.",
    },
    "model_chosen_external": {
        "ru": "Со следующего сообщения остальным отвечает {model}; разговоры продолжаются.",
        "en": "From the next message on {model} answers everyone else; the conversations go on.",
    },
    "model_wrong": {
        "ru": "Нужно одно имя: /model ИМЯ или /model external ИМЯ.",
        "en": "One name is needed: /model NAME or /model external NAME.",
    },
    # ------------------------------------------------------------------- tasks
    "no_tasks": {"ru": "Открытых задач нет.", "en": "There are no open tasks."},
    "task_line": {"ru": "{id}. {title} — {status}", "en": "{id}. {title}: {status}"},
    "task_line_due": {
        "ru": "{id}. {title} — {status}, срок {deadline}",
        "en": "{id}. {title}: {status}, due {deadline}",
    },
    "task_line_next": {"ru": "напомню: {next}", "en": "next reminder: {next}"},
    "people_owes": {"ru": "открытых задач: {n}", "en": "open tasks: {n}"},
    "no_such_task": {"ru": "Такой задачи нет. Список: /tasks", "en": "There is no such task. The list: /tasks"},
    "task_not_so": {
        "ru": "С задачей {id} «{title}» сейчас так нельзя: она {status}, или не хватает слов.",
        "en": "That cannot be done with task {id} “{title}” now: it is {status}, or words are missing.",
    },
    "task_decided": {
        "ru": "Передал. Задача {id} «{title}»: {status}.",
        "en": "Passed on. Task {id} “{title}”: {status}.",
    },
    "held_sent": {"ru": "Отправляю: {name}.", "en": "Sending it: {name}."},
    "held_queued": {"ru": "Отправлю после /resume: {name}.", "en": "It goes out after /resume: {name}."},
    "held_dropped": {"ru": "Не отправляю: {name}.", "en": "Not sent: {name}."},
    "held_none": {"ru": "Ничего не ждёт отправки.", "en": "Nothing waits to be sent."},
    "held_which": {"ru": "Ждут отправки: {waiting}.", "en": "Waiting to be sent: {waiting}."},
    "no_people": {"ru": "Пока никого не знаю.", "en": "I know nobody yet."},
    "never_wrote": {"ru": "ещё не писал(а)", "en": "has not written yet"},
    # ------------------------------------------------------------------ status
    "status_since": {
        "ru": "Работаю с {since}; Telegram: {connection}.",
        "en": "Up since {since}; Telegram: {connection}.",
    },
    "status_paused": {
        "ru": "Пауза: другим не отвечаю, их сообщения ждут (/resume).",
        "en": "Paused: nobody else is answered, their messages wait (/resume).",
    },
    "status_frozen": {
        "ru": "Всё остановлено по /panic: ничего не делаю, не отправляю и не напоминаю (/resume).",
        "en": "Everything is stopped by /panic: nothing is done, sent or reminded of (/resume).",
    },
    "status_model": {
        "ru": "Вам отвечает {owner}, остальным {external}.",
        "en": "You are answered by {owner}, everyone else by {external}.",
    },
    "status_queues": {
        "ru": "Отвечаю сейчас: {busy}, процессов сессий: {warm}.\n"
        "Ждут ответа: {waiting}, ждут отправки: {queued}; отложено: {set_aside}, не доставлено: {failed} (./jobs doctor).",
        "en": "Answering now: {busy}, session processes: {warm}.\n"
        "Waiting for an answer: {waiting}, to be sent: {queued}; set aside: {set_aside}, not delivered: {failed} (./jobs doctor).",
    },
    "status_lane": {"ru": "· {name}: ждут {n}", "en": "· {name}: {n} waiting"},
    "status_lane_running": {"ru": "· {name}: отвечаю на {n}", "en": "· {name}: answering {n}"},
    "status_next": {"ru": "Следующее напоминание: {next}.", "en": "Next reminder: {next}."},
    "status_errors": {"ru": "Последние ошибки:", "en": "Last errors:"},
    "status_no_errors": {"ru": "Ошибок нет.", "en": "No errors."},
    "status_versions": {"ru": "Версии: {versions}.", "en": "Versions: {versions}."},
    "online": {"ru": "на связи с {since}", "en": "connected since {since}"},
    "offline": {"ru": "нет связи с {since}", "en": "not connected since {since}"},
    "was_offline": {"ru": "до этого связи не было {minutes} мин", "en": "away for {minutes} min before that"},
    "none": {"ru": "нет", "en": "none"},
    # ------------------------------------------------------------------- usage
    "usage_head": {"ru": "Расход за {days} дн.:", "en": "Spent in {days} days:"},
    "usage_line": {
        "ru": "{what}: {turns} ход., {tokens} ток., ${cost:.2f}",
        "en": "{what}: {turns} turns, {tokens} tokens, ${cost:.2f}",
    },
    "usage_owner": {"ru": "Вы", "en": "You"},
    "usage_errands": {"ru": "Расписание и проверки", "en": "Schedules and heartbeat"},
    "usage_others": {"ru": "Остальные", "en": "Everyone else"},
    # -------------------------------------------------------- a person's own side
    "muted": {"ru": "Не напоминаю до: {until}. Раньше: /resume", "en": "No reminders until {until}. Sooner: /resume"},
    "unmuted": {"ru": "Снова напоминаю.", "en": "I remind you again."},
    "human_told": {
        "ru": "Передал: {owner} знает, что вам нужен человек, и ответит сам(а). Можете написать мне, о чём речь.",
        "en": "Passed on: {owner} knows that you want a human and will answer in person. You may tell me what it is about.",
    },
    "forget_busy": {
        "ru": "Сейчас отвечаю вам. Попробуйте через минуту.",
        "en": "I am answering you just now. Try again in a minute.",
    },
    "forget_shown": {
        "ru": "Вот что о вас хранится: имя и контакты ({names}), язык {tongue}, часовой пояс {zone}, ваших сообщений: {messages}, "
        "моих: {answers}, файлов: {files}, задач: {tasks}, заметка владельца: {note}.\nУдалить всё это: /forget yes. Останутся "
        "только номера сообщений (чтобы не ответить дважды), то, что уже сказано владельцу ({owner}), и сам чат в Telegram.",
        "en": "This is stored about you: name and contacts ({names}), language {tongue}, time zone {zone}, messages of yours: "
        "{messages}, of mine: {answers}, files: {files}, tasks: {tasks}, the owner's note: {note}.\nTo delete all of it: /forget yes. "
        "What stays: the numbers of messages (so that none is answered twice), what {owner} was told already, and the Telegram chat.",
    },
    "choice_forget": {"ru": "Удалить всё", "en": "Delete it all"},
    "there_is": {"ru": "есть", "en": "there is one"},
    "forgotten": {
        "ru": "Удалил. Если напишете снова, познакомимся заново.",
        "en": "Deleted. Should you write again, we will meet anew.",
    },
}
