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
    # ------------------------------------------------------ lanes of Jobs' own
    "lane_schedule": {"ru": "расписание №{n}", "en": "schedule no. {n}"},
    "lane_heartbeat": {"ru": "проверка (heartbeat)", "en": "heartbeat"},
    "lane_hook": {"ru": "веб-хук", "en": "web hook"},
    "lane_watch": {"ru": "наблюдение №{n}", "en": "watch no. {n}"},
    # --------------------------------------------------------------- commands
    "command_schedule_owner": {"ru": "что по расписанию", "en": "what is scheduled"},
    "command_heartbeat_owner": {"ru": "последние проверки", "en": "the last heartbeats"},
}
