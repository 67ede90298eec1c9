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
    "consent_how_brought": {"ru": "с этим меня разбудили", "en": "it woke me"},
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
    "consent_which": {
        "ru": "Сейчас я спрашиваю не об одном. Ответьте на то сообщение, о котором речь, или командой из него; "
        "на вопрос {id} это /yes {id} или /no {id}.",
        "en": "I am asking more than one thing now. Reply to the message that you mean, or use the command in it; "
        "for question {id} that is /yes {id} or /no {id}.",
    },
    "consent_gone": {"ru": "Вопрос {id} уже не стоит.", "en": "Question {id} is not open any more."},
    "choice_yes": {"ru": "Да, один раз", "en": "Yes, once"},
    "choice_yes_all": {"ru": "Да, до конца ответа", "en": "Yes, for this answer"},
    "choice_no": {"ru": "Нет", "en": "No"},
    "command_yes_owner": {"ru": "разрешить то, о чём я спрашиваю", "en": "allow what I am asking about"},
    "command_no_owner": {"ru": "не разрешать", "en": "do not allow it"},
    # -------------------------------------------------------- strangers, bans, limits
    "stranger": {
        "ru": "Пишет незнакомый человек, {name}:\n{text}\n\nОтветить ему? /allow {id} — да, /ban {id} — нет и никогда. "
        "Пока сообщение ждёт.",
        "en": "Somebody unknown writes, {name}:\n{text}\n\nAnswer them? /allow {id}: yes; /ban {id}: no, never. "
        "Until then the message waits.",
    },
    "choice_let_in": {"ru": "Отвечать", "en": "Answer"},
    "choice_ban": {"ru": "Не отвечать никогда", "en": "Never answer"},
    "now_banned": {
        "ru": "{name}: не отвечаю и ничего не передаю. Вернуть: /unban {id}",
        "en": "{name}: I neither answer nor pass anything on. To undo: /unban {id}",
    },
    "now_known": {"ru": "{name}: отвечаю.", "en": "{name}: I answer."},
    "now_muted": {
        "ru": "{name}: пока не отвечаю, сообщения ждут. Продолжить: /unban {id}",
        "en": "{name}: not answered for now, messages wait. To go on: /unban {id}",
    },
    "whom": {"ru": "Кого? /{command} ИМЯ", "en": "Whom? /{command} NAME"},
    "nobody_called": {"ru": "Не знаю никого с именем «{name}».", "en": "I know nobody called “{name}”."},
    "which_one": {"ru": "Кого именно?", "en": "Which one?"},
    "limits_of": {
        "ru": "{name}: сообщений в минуту {per_minute} (per_minute), в день {per_day} (per_day), ответов в день {turns} (turns), "
        "денег в день ${usd:.2f} (usd). Сменить: /limit ИМЯ turns 5; вернуть: /limit ИМЯ turns default",
        "en": "{name}: messages a minute {per_minute} (per_minute), a day {per_day} (per_day), answers a day {turns} (turns), "
        "money a day ${usd:.2f} (usd). To change: /limit NAME turns 5; back: /limit NAME turns default",
    },
    "limit_wrong": {
        "ru": "Нужно число: /limit ИМЯ per_minute|per_day|turns|usd ЧИСЛО.",
        "en": "A number is needed: /limit NAME per_minute|per_day|turns|usd NUMBER.",
    },
    "pot_empty": {
        "ru": "На сегодня мои возможности отвечать закончились. Ваше сообщение сохранено, отвечу завтра.",
        "en": "I cannot answer any more today. Your message is kept, and I answer tomorrow.",
    },
    "share_used": {
        "ru": "На сегодня это всё, на что я могу ответить. Ваше сообщение сохранено, отвечу завтра.",
        "en": "That is all I can answer today. Your message is kept, and I answer tomorrow.",
    },
    "pot_empty_owner": {
        "ru": "Деньги на ответы другим на сегодня кончились (${usd:.2f}, EXTERNAL_DAILY_USD). Их сообщения ждут до завтра; вам "
        "отвечаю.",
        "en": "The day's money for answering others is used up (${usd:.2f}, EXTERNAL_DAILY_USD). Their messages wait until "
        "tomorrow; you are answered.",
    },
    "command_ban_owner": {"ru": "ничего не принимать от человека", "en": "handle nothing of a person's"},
    "command_unban_owner": {"ru": "снова отвечать человеку", "en": "answer a person again"},
    "command_mute_owner": {"ru": "пока не отвечать человеку", "en": "do not answer a person for now"},
    "command_limit_owner": {"ru": "сколько можно человеку, и сменить", "en": "how much a person may, and to change it"},
    # ------------------------------------------------------------------- audit
    "audit_said": {"ru": "сказано человеком", "en": "they said"},
    "audit_told": {"ru": "сказано человеку", "en": "they were told"},
    "audit_call": {"ru": "вызов в их сессии", "en": "call in their session"},
    "audit_about": {"ru": "вызов владельца о них", "en": "the owner's call about them"},
}
