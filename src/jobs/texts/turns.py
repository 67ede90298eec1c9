"""What whoever writes is told about their turn, and the progress the owner sees."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    # -------------------------------------------------------- to whoever writes
    "model_unavailable": {
        "ru": "Сейчас не могу ответить: сервис модели недоступен. Сообщение сохранено, отвечу, как только он вернётся.",
        "en": "I can't answer right now: the model's service is unavailable. Your message is kept; I'll answer when it is back.",
    },
    "set_aside": {
        "ru": "С этим сообщением у меня не получилось справиться; владелец об этом узнает. Попробуйте написать иначе.",
        "en": "I could not deal with this message; the owner will hear of it. Please try putting it another way.",
    },
    "empty_reply": {"ru": "Готово.", "en": "Done."},
    # ---------------------------------------------------------------- progress
    "working": {"ru": "Работаю, {elapsed}", "en": "Working, {elapsed}"},
    "seconds": {"ru": "{n} с", "en": "{n} s"},
    "doing": {"ru": "{tool}", "en": "{tool}"},
    "doing_Bash": {"ru": "выполняю команду", "en": "running a command"},
    "doing_Read": {"ru": "читаю файл", "en": "reading a file"},
    "doing_Write": {"ru": "пишу файл", "en": "writing a file"},
    "doing_Edit": {"ru": "правлю файл", "en": "editing a file"},
    "doing_Glob": {"ru": "ищу файлы", "en": "looking for files"},
    "doing_Grep": {"ru": "ищу в файлах", "en": "searching files"},
    "doing_WebSearch": {"ru": "ищу в интернете", "en": "searching the web"},
    "doing_WebFetch": {"ru": "читаю страницу", "en": "reading a page"},
    "doing_Agent": {"ru": "поручаю помощнику", "en": "asking a helper"},
    "doing_send_to_user": {"ru": "пишу человеку", "en": "writing to a person"},
    "doing_create_user_task": {"ru": "поручаю", "en": "handing a task over"},
    "doing_get_user_tasks": {"ru": "смотрю задачи", "en": "looking at tasks"},
    "doing_cancel_user_task": {"ru": "отменяю задачу", "en": "cancelling a task"},
    "doing_resolve_user": {"ru": "ищу человека", "en": "looking for a person"},
    "doing_list_users": {"ru": "смотрю, кого знаю", "en": "looking whom I know"},
    "doing_memory_search": {"ru": "ищу в памяти", "en": "searching memory"},
    "doing_memory_read": {"ru": "читаю память", "en": "reading memory"},
    "doing_memory_context": {"ru": "читаю память", "en": "reading memory"},
    "doing_memory_log": {"ru": "записываю в дневник", "en": "noting the day"},
    "doing_memory_forget": {"ru": "убираю из памяти", "en": "forgetting"},
    "doing_memory_reindex": {"ru": "перечитываю память", "en": "reading memory anew"},
    "doing_memory_append": {"ru": "запоминаю", "en": "remembering"},
    "doing_schedule_task": {"ru": "ставлю напоминание", "en": "setting a reminder"},
}
