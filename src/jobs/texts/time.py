"""Reminders and schedules, the heartbeat, and what wakes Jobs from outside."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    # --------------------------------------------------------------- reminders
    "reminder": {"ru": "Напоминание: {text}", "en": "Reminder: {text}"},
    "reminder_late": {"ru": "Напоминание ({when}): {text}", "en": "Reminder ({when}): {text}"},
    "reminder_hint": {
        "ru": "(Можно ответить: «через час», «завтра утром», «готово».)",
        "en": "(You may answer: “in an hour”, “tomorrow morning”, “done”.)",
    },
    "choice_in_an_hour": {"ru": "Через час", "en": "In an hour"},
    "choice_tomorrow": {"ru": "Завтра утром", "en": "Tomorrow morning"},
    "choice_done": {"ru": "Готово", "en": "Done"},
    "snoozed": {"ru": "Напомню {when}: {text}", "en": "I will remind you on {when}: {text}"},
    "acknowledged": {"ru": "Готово, отмечено: {text}", "en": "Done, noted: {text}"},
    "snooze_when": {
        "ru": "Не понял, когда. Например: /snooze {id} через час, /snooze {id} завтра утром.",
        "en": "I did not understand when. For example: /snooze {id} in an hour, /snooze {id} tomorrow morning.",
    },
    # --------------------------------------------------------------- schedules
    "schedule_missed": {
        "ru": "Пропущено, пока я не работал ({when}, №{id}): {text}\n\nЕсли это ещё нужно: /schedule run {id}",
        "en": "Missed while I was off ({when}, no. {id}): {text}\n\nIf it is still wanted: /schedule run {id}",
    },
    "choice_run": {"ru": "Выполнить", "en": "Do it"},
    "choice_leave": {"ru": "Не нужно", "en": "Leave it"},
    "schedule_paused": {
        "ru": "Задание по расписанию №{id} не вышло и приостановлено: {text}\nПричина: {error}\n"
        "Продолжить: /schedule resume {id}. Отменить: /schedule cancel {id}.",
        "en": "Scheduled task no. {id} failed and is paused: {text}\nThe reason: {error}\n"
        "To go on: /schedule resume {id}. To cancel it: /schedule cancel {id}.",
    },
    "schedule_unseen": {
        "ru": "По расписанию №{id} я буду писать ({name}), {again}: {when}.\n{text}\n\n"
        "Разрешить: /schedule resume {id}. Отменить: /schedule cancel {id}.",
        "en": "By schedule no. {id} I am to write to {name}, {again}: {when}.\n{text}\n\n"
        "To allow it: /schedule resume {id}. To cancel it: /schedule cancel {id}.",
    },
    "schedule_once": {"ru": "один раз", "en": "once"},
    "schedule_again": {"ru": "регулярно, впервые", "en": "again and again, first"},
    "held_scheduled": {
        "ru": "По расписанию готово сообщение, получатель: {name}. Отправить?\n{text}\n\nОтветьте «да» или «нет» (или /send {n}, /drop {n}).",
        "en": "A scheduled message for {name} is ready. Shall I send it?\n{text}\n\nAnswer “yes” or “no” (or /send {n}, /drop {n}).",
    },
    "choice_go_on": {"ru": "Продолжить", "en": "Go on"},
    "choice_allow": {"ru": "Разрешить", "en": "Allow it"},
    "choice_cancel_schedule": {"ru": "Отменить", "en": "Cancel it"},
    "schedule_none": {"ru": "По расписанию ничего нет.", "en": "Nothing is scheduled."},
    "schedule_next": {"ru": "Дальше:", "en": "Next:"},
    "schedule_line": {"ru": "№{id} {when}{again}: {text}", "en": "no. {id} {when}{again}: {text}"},
    "schedule_line_again": {"ru": " (повторяется)", "en": " (recurs)"},
    "schedule_more": {"ru": "… и ещё {n}", "en": "… and {n} more"},
    "schedule_stopped_head": {"ru": "Стоят:", "en": "Paused:"},
    "schedule_stopped_line": {"ru": "№{id} {why}: {text}", "en": "no. {id} {why}: {text}"},
    "paused_owner": {"ru": "на паузе", "en": "paused by you"},
    "paused_failed": {"ru": "не вышло ({failure})", "en": "failed ({failure})"},
    "paused_unseen": {"ru": "ждёт вашего разрешения", "en": "waits for your yes"},
    "schedule_ran": {"ru": "Последние:", "en": "Lately:"},
    "schedule_run_line": {
        "ru": "№{id} {when}: {outcome}{cost}, {text}",
        "en": "no. {id} {when}: {outcome}{cost}, {text}",
    },
    "schedule_run_cost": {
        "ru": " ({tokens} ток., {cost:.4f} USD, {seconds:.0f} с)",
        "en": " ({tokens} tokens, {cost:.4f} USD, {seconds:.0f} s)",
    },
    "schedule_spent": {
        "ru": "За {days} дней: {runs} запусков модели, {tokens} ток., {cost:.4f} USD.",
        "en": "In {days} days: {runs} runs of a model, {tokens} tokens, {cost:.4f} USD.",
    },
    "schedule_how": {
        "ru": "/schedule N: подробно; /schedule pause|resume|run|cancel N; /snooze N через час; /done N",
        "en": "/schedule N: in detail; /schedule pause|resume|run|cancel N; /snooze N in an hour; /done N",
    },
    "schedule_details": {"ru": "№{id}: {text}", "en": "No. {id}: {text}"},
    "schedule_rule": {"ru": "Повтор: {rule} ({zone})", "en": "Recurs: {rule} ({zone})"},
    "schedule_to": {"ru": "Кому: {name}", "en": "For: {name}"},
    "schedule_check": {"ru": "Проверка ({when}): {command}", "en": "Check ({when}): {command}"},
    "schedule_session": {"ru": "Отдельная сессия", "en": "A session of its own"},
    "schedule_unknown": {
        "ru": "Нет задания с таким номером. Список: /schedule",
        "en": "There is no such number. The list: /schedule",
    },
    "schedule_paused_now": {"ru": "№{id} на паузе.", "en": "No. {id} is paused."},
    "schedule_resumed": {"ru": "№{id} снова в деле, ближайшее время: {when}.", "en": "No. {id} goes on, next: {when}."},
    "schedule_cancelled": {"ru": "№{id} отменено.", "en": "No. {id} is cancelled."},
    "schedule_run_now": {"ru": "№{id}: {outcome}.", "en": "No. {id}: {outcome}."},
    "schedule_not_so": {"ru": "№{id}: это уже в прошлом.", "en": "No. {id} is over."},
    "outcome_said": {"ru": "сказано", "en": "said"},
    "outcome_checking": {"ru": "проверяется", "en": "being checked"},
    "outcome_nothing": {"ru": "проверка: нечего делать", "en": "check: nothing to do"},
    "outcome_asked": {"ru": "выполняется", "en": "under way"},
    "outcome_done": {"ru": "выполнено", "en": "done"},
    "outcome_stopped": {"ru": "остановлено", "en": "stopped"},
    "outcome_failed": {"ru": "не вышло", "en": "failed"},
    "outcome_missed": {"ru": "пропущено", "en": "missed"},
    "outcome_skipped": {"ru": "пропущено, прошлый запуск ещё шёл", "en": "skipped, the run before was still going"},
    # --------------------------------------------------------------- heartbeat
    "beats_head": {
        "ru": "Следующая проверка: {when}. Не дороже {usd:g} USD в день.",
        "en": "The next beat: {when}. At most {usd:g} USD a day.",
    },
    "beats_off": {
        "ru": "Проверки выключены (HEARTBEAT_INTERVAL_MINUTES=0).",
        "en": "The heartbeat is off (HEARTBEAT_INTERVAL_MINUTES=0).",
    },
    "beats_none": {"ru": "Проверок ещё не было.", "en": "There has been no beat yet."},
    "beats_how": {
        "ru": "/heartbeat now: проверить сейчас. Что ещё проверять: список в HEARTBEAT.md рабочей папки.",
        "en": "/heartbeat now: a beat at once. What else to look at: the list in HEARTBEAT.md of the workspace.",
    },
    "beat_line": {"ru": "{when}: {outcome}. Найдено: {found}", "en": "{when}: {outcome}. Found: {found}"},
    "beat_found_nothing": {"ru": "ничего", "en": "nothing"},
    "beat_cost": {
        "ru": ". Сказано: {said}. {tokens} ток., {cost:.4f} USD",
        "en": ". Said: {said}. {tokens} tokens, {cost:.4f} USD",
    },
    "beat_now": {"ru": "Проверил: {outcome}.", "en": "Looked: {outcome}."},
    "beat_nothing": {"ru": "нечего решать, модель не спрошена", "en": "nothing to decide, no model was asked"},
    "beat_quiet_hours": {"ru": "не срочно, подождёт до ACTIVE_HOURS", "en": "not urgent, it waits for ACTIVE_HOURS"},
    "beat_no_money": {
        "ru": "деньги на сегодня кончились (HEARTBEAT_DAILY_USD)",
        "en": "today's money is used up (HEARTBEAT_DAILY_USD)",
    },
    "beat_busy": {"ru": "прошлая проверка ещё идёт", "en": "the beat before is still going"},
    "beat_asked": {"ru": "модель спрошена", "en": "the model is asked"},
    "beat_done": {"ru": "модель спрошена", "en": "the model was asked"},
    "beat_failed": {"ru": "модель спрошена, не вышло", "en": "the model was asked, and failed"},
    "finding_overdue": {"ru": "просрочено", "en": "overdue"},
    "finding_near": {"ru": "скоро срок", "en": "due soon"},
    "finding_waits": {"ru": "ждёт вас", "en": "waits for you"},
    "finding_schedule": {"ru": "сбои расписания", "en": "failed schedules"},
    "finding_undelivered": {"ru": "не доставлено", "en": "undelivered"},
    "finding_words": {"ru": "новые слова людей", "en": "new words of people"},
    "finding_item": {"ru": "пункты HEARTBEAT.md", "en": "items of HEARTBEAT.md"},
    # ----------------------------------------------------- triggers from outside
    "hook_failed": {
        "ru": "С тем, что принёс веб-хук, не вышло: {error}",
        "en": "What a web hook brought could not be dealt with: {error}",
    },
    "watch_found": {
        "ru": "В канале {title}, пост {n}:\n{text}\n\n(Наблюдение №{id}.)",
        "en": "In the channel {title}, post {n}:\n{text}\n\n(Watch no. {id}.)",
    },
    "watch_failed": {
        "ru": "Наблюдение №{id}: не удалось оценить посты ({n}): {error}",
        "en": "Watch no. {id}: posts could not be judged ({n}): {error}",
    },
    "files_failed": {
        "ru": "Наблюдение за файлами №{id}: с изменениями ({n}) не вышло: {error}",
        "en": "File watch no. {id}: what has changed ({n}) could not be dealt with: {error}",
    },
    "files_too_many": {
        "ru": "Наблюдение за файлами №{id} ({pattern}) стоит: подходит больше {files} файлов или просмотреть нужно больше {entries}. Оно продолжится, когда их станет меньше; или попросите меня следить за папкой поменьше.",
        "en": "File watch no. {id} ({pattern}) stands still: more than {files} files match, or more than {entries} have to be looked at. It goes on when there are fewer; or ask me to watch a smaller folder.",
    },
    "files_too_often": {
        "ru": "Наблюдение за файлами №{id} ({pattern}) сработало {n} раз за час. Дальше изменения подождут, чтобы не тратить деньги впустую. Если так быть не должно, попросите меня снять его.",
        "en": "File watch no. {id} ({pattern}) was set off {n} times within an hour. Further changes wait, so that no money is wasted. If this is not as it should be, ask me to take it back.",
    },
    # ------------------------------------------------------ lanes of Jobs' own
    "lane_schedule": {"ru": "расписание №{n}", "en": "schedule no. {n}"},
    "lane_heartbeat": {"ru": "проверка (heartbeat)", "en": "heartbeat"},
    "lane_hook": {"ru": "веб-хук", "en": "web hook"},
    "lane_watch": {"ru": "наблюдение №{n}", "en": "watch no. {n}"},
    "lane_files": {"ru": "наблюдение за файлами №{n}", "en": "file watch no. {n}"},
    # --------------------------------------------------------------- commands
    "command_schedule_owner": {"ru": "что по расписанию", "en": "what is scheduled"},
    "command_heartbeat_owner": {"ru": "последние проверки", "en": "the last heartbeats"},
}
