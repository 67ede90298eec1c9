"""What the owner is asked and told about other people's words, and about who may have how much."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    # ------------------------------------------- a yes before acting on others' words
    "consent_head": {
        "ru": "В этом разговоре есть слова других людей, поэтому нужно ваше «да». Собираюсь сделать:",
        "en": "Words of other people stand in this conversation, so I need your yes. I am about to do this:",
    },
    "consent_to": {"ru": "Кому: {names}", "en": "To: {names}"},
    "consent_to_nobody": {"ru": "Кому: никого с таким именем не знаю", "en": "To: I know nobody of that name"},
    "consent_task": {"ru": "Задача {id} «{title}», {name}", "en": "Task {id} “{title}”, {name}"},
    "consent_why": {"ru": "Чьи это слова (начало):", "en": "Whose words they are (how they begin):"},
    "consent_more": {"ru": "… и ещё {n}", "en": "… and {n} more"},
    "consent_by": {"ru": "{name} ({how}):", "en": "{name} ({how}):"},
    "consent_how_forwarded": {"ru": "пересланное", "en": "forwarded"},
    "consent_how_quoted": {"ru": "вы ответили на это", "en": "you replied to it"},
    "consent_how_tool": {"ru": "из {tool}", "en": "from {tool}"},
    "consent_unknown": {"ru": "имя неизвестно", "en": "name unknown"},
    "consent_how_to": {
        "ru": "Ответьте «да» (или /yes), чтобы сделать это один раз, «да, всё» (/yes all), чтобы не спрашивать до конца этого "
        "ответа, «нет» (/no), чтобы не делать. Через {minutes} мин молчания не сделаю. Номер вопроса: {id}.",
        "en": "Answer “yes” (or /yes) to do it once, “yes, all” (/yes all) not to be asked again until this answer is "
        "finished, “no” (/no) not to do it. After {minutes} min of silence I do not do it. Question number: {id}.",
    },
    "consent_silence": {
        "ru": "Ответа на вопрос {id} не было, поэтому не делаю.",
        "en": "Question {id} was not answered, so I do not do it.",
    },
    "consent_nothing": {"ru": "Сейчас я ни о чём не спрашиваю.", "en": "I am not asking anything now."},
    "consent_gone": {"ru": "Вопрос {id} уже не стоит.", "en": "Question {id} is not open any more."},
    "choice_yes": {"ru": "Да, один раз", "en": "Yes, once"},
    "choice_yes_all": {"ru": "Да, до конца ответа", "en": "Yes, for this answer"},
    "choice_no": {"ru": "Нет", "en": "No"},
    "command_yes_owner": {"ru": "разрешить то, о чём я спрашиваю", "en": "allow what I am asking about"},
    "command_no_owner": {"ru": "не разрешать", "en": "do not allow it"},
}
