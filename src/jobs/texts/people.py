"""What the owner is told, what a person with a task is told, and the words for a task's state."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    # ------------------------------------------------------------- to the owner
    "model_refuses": {
        "ru": "Сервис модели отказывает ({reason}). Проверьте ключ (ANTHROPIC_API_KEY или CLAUDE_CODE_OAUTH_TOKEN в .env), "
        "баланс и модель (/model или CLAUDE_MODEL), затем перезапустите меня; ./jobs setup поможет. Сообщения сохранены и ждут.",
        "en": "The model's service refuses ({reason}). Check the key (ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN in .env), "
        "the balance and the model (/model or CLAUDE_MODEL), then restart me; ./jobs setup helps. Messages are kept and wait.",
    },
    "proxy_refuses": {
        "ru": "Прокси отказывает ({reason}). Проверьте имя и пароль в HTTP_PROXY, затем перезапустите меня. Сообщения сохранены и ждут.",
        "en": "The proxy refuses ({reason}). Check user and password in HTTP_PROXY, then restart me. Messages are kept and wait.",
    },
    "set_aside_owner": {
        "ru": "Не справился с сообщением от {name} (./jobs retry T{turn}, чтобы попробовать снова): {error}",
        "en": "I could not deal with a message from {name} (./jobs retry T{turn} to try again): {error}",
    },
    "undelivered": {
        "ru": "Не удалось доставить сообщение для {name} ({reason}). Вот оно:\n\n{text}",
        "en": "A message to {name} could not be delivered ({reason}). Here it is:\n\n{text}",
    },
    "restricted": {
        "ru": "Telegram пока не даёт мне писать незнакомым людям (сейчас: {name}). Сообщения ждут, я пробую снова.",
        "en": "For now Telegram does not let me write to strangers (just now: {name}). Messages wait, and I try again.",
    },
    "first_messages_used": {
        "ru": "Сегодня я уже написал первым стольким людям, сколько можно за день ({limit}): Telegram ограничивает тех, кто пишет "
        "незнакомым. Завтра напишу: {names}. Если они напишут сами, отвечу сразу. Число задаёт FIRST_MESSAGES_PER_DAY.",
        "en": "Today I have written first to as many people as I may in a day ({limit}): Telegram limits accounts that write to "
        "strangers. Tomorrow I write to: {names}. If they write themselves I answer at once. FIRST_MESSAGES_PER_DAY sets the number.",
    },
    "first_messages_off": {
        "ru": "Первым я не пишу никому (FIRST_MESSAGES_PER_DAY=0). Ждут, пока напишут сами: {names}.",
        "en": "I write first to nobody (FIRST_MESSAGES_PER_DAY=0). Waiting until they write themselves: {names}.",
    },
    "word_for_owner": {"ru": "{name} просит передать:\n\n{text}", "en": "{name} asks to pass on:\n\n{text}"},
    "task_changed": {
        "ru": "{name}, задача {id} «{title}»: {status}.",
        "en": "{name}, task {id} “{title}”: {status}.",
    },
    "task_comment": {"ru": "Слова:\n{comment}", "en": "In their words:\n{comment}"},
    "human_wanted": {
        "ru": "{name} хочет говорить с вами лично, не с ассистентом.",
        "en": "{name} wants to talk to you in person, not to the assistant.",
    },
    "person_forgotten": {
        "ru": "{name} попросил(а) удалить всё, что о нём (ней) хранилось; удалено. Открытые задачи, которых больше нет:\n{tasks}",
        "en": "{name} asked for everything stored about them to be deleted; it is. Open tasks that are gone with it:\n{tasks}",
    },
    "digest_head": {"ru": "Доброе утро. По задачам:", "en": "Good morning. About tasks:"},
    "digest_overdue": {"ru": "Просрочено:", "en": "Overdue:"},
    "digest_today": {"ru": "Срок сегодня:", "en": "Due today:"},
    "digest_decide": {"ru": "Ждёт вашего решения:", "en": "Waits for your decision:"},
    "digest_held": {
        "ru": "Первые сообщения ждут вашего «да»: {numbers}",
        "en": "First messages wait for your “yes”: {numbers}",
    },
    "digest_line": {"ru": "{id}. {title} — {name}, {status}", "en": "{id}. {title}: {name}, {status}"},
    "held": {
        "ru": "{name} ещё не писал(а) мне. Отправить это первое сообщение?\n{text}\n\nОтветьте «да» или «нет» (или /send {n}, /drop {n}).",
        "en": "{name} has never written to me. Shall I send this first message?\n{text}\n\nAnswer “yes” or “no” (or /send {n}, /drop {n}).",
    },
    "proposal_made": {
        "ru": "{name} по задаче {id} «{title}» предлагает: {terms}. Сейчас срок: {deadline}.\nРешить: /agree {id} или /refuse {id}, можно со словами.",
        "en": "{name} on task {id} “{title}” proposes: {terms}. The deadline now: {deadline}.\nTo decide: /agree {id} or /refuse {id}, with words if you like.",
    },
    "proposal_agreed": {
        "ru": "{name} по задаче {id} «{title}»: договорились в ваших пределах, {terms}.",
        "en": "{name} on task {id} “{title}”: agreed inside your bounds, {terms}.",
    },
    "question_asked": {
        "ru": "{name} спрашивает о задаче {id} «{title}». Ответить: /answer {id} СЛОВА.",
        "en": "{name} asks about task {id} “{title}”. To answer: /answer {id} WORDS.",
    },
    "proofs_come": {"ru": "Приложено файлов: {n}, они следом.", "en": "Files attached: {n}, they follow."},
    "done_what_now": {
        "ru": "Принять: /verify {id}. Вернуть: /return {id} ЧТО НЕ ТАК.",
        "en": "To accept: /verify {id}. To return: /return {id} WHAT IS MISSING.",
    },
    "no_answer": {
        "ru": "{name} не отвечает по задаче {id} «{title}» (срок: {deadline}), напоминаний без ответа: {n}. Больше не "
        "напоминаю. Что делать? Напомнить ещё: /remind {id}. Отменить: /cancel {id}. Или скажите: продлить, передать другому.",
        "en": "{name} does not answer about task {id} “{title}” (due: {deadline}), reminders without an answer: {n}. I remind "
        "no more. What shall I do? Remind again: /remind {id}. Cancel: /cancel {id}. Or tell me: extend it, give it to another.",
    },
    "choice_remind": {"ru": "Напомнить ещё", "en": "Remind again"},
    "choice_send": {"ru": "Отправить", "en": "Send"},
    "choice_drop": {"ru": "Не отправлять", "en": "Do not send"},
    "choice_verify": {"ru": "Принять", "en": "Accept"},
    "choice_cancel": {"ru": "Отменить задачу", "en": "Cancel the task"},
    "choice_agree": {"ru": "Согласиться", "en": "Agree"},
    "choice_refuse": {"ru": "Отказать", "en": "Refuse"},
    # ------------------------------------------------- to the person with a task
    "task_intro": {
        "ru": "Здравствуйте! Пишет Jobs, ИИ-ассистент. Мой владелец: {owner}. Вам просят передать задачу.",
        "en": "Hello! This is Jobs, an AI assistant. I work for {owner}. I was asked to pass a task on to you.",
    },
    "question_intro": {
        "ru": "Здравствуйте! Пишет Jobs, ИИ-ассистент. Мой владелец: {owner}. Вам просят передать вопрос.",
        "en": "Hello! This is Jobs, an AI assistant. I work for {owner}. I was asked to pass a question on to you.",
    },
    "meeting_intro": {
        "ru": "Здравствуйте! Пишет Jobs, ИИ-ассистент. Мой владелец: {owner}. Вас приглашают встретиться.",
        "en": "Hello! This is Jobs, an AI assistant. I work for {owner}. You are invited to a meeting.",
    },
    "task_next": {"ru": "Новая задача, её просит передать {owner}.", "en": "A new task from {owner}."},
    "question_next": {"ru": "Вопрос, его просит передать {owner}.", "en": "A question from {owner}."},
    "meeting_next": {"ru": "Встретиться предлагает {owner}.", "en": "{owner} would like to meet."},
    "task_body": {"ru": "Задача {id}: {title}", "en": "Task {id}: {title}"},
    "task_deadline": {"ru": "Срок: {deadline}", "en": "Due: {deadline}"},
    "no_deadline": {"ru": "без срока", "en": "no deadline"},
    "task_how": {
        "ru": "Ответьте здесь своими словами: берёте ли, есть ли вопросы, когда будет готово.",
        "en": "Just answer here in your own words: whether you take it, any questions, and when it is done.",
    },
    "question_how": {"ru": "Ответьте здесь своими словами.", "en": "Just answer here in your own words."},
    "meeting_how": {
        "ru": "Ответьте здесь: какое время подходит, или предложите другое.",
        "en": "Just answer here: which time suits you, or propose another.",
    },
    "meeting_slots": {"ru": "Можно в любое из этих времён:", "en": "Any of these times is possible:"},
    "meeting_agreed": {
        "ru": "Встреча «{title}»: {when}, {minutes} мин. С вами {name}. Файл для календаря ниже.",
        "en": "The meeting “{title}”: {when}, {minutes} min. With {name}. The file below is for your calendar.",
    },
    "task_cancelled": {
        "ru": "Задача {id} «{title}» больше не нужна.",
        "en": "Task {id} “{title}” is no longer needed.",
    },
    "task_changed_for": {
        "ru": "Задача {id} изменилась. Теперь: «{title}», срок: {deadline}.",
        "en": "Task {id} has changed. It is now: “{title}”, due: {deadline}.",
    },
    "task_verified": {
        "ru": "Задача {id} «{title}» принята. Спасибо!",
        "en": "Task {id} “{title}” is accepted. Thank you!",
    },
    "task_returned": {
        "ru": "Задача {id} «{title}» пока не принята, нужно доделать.",
        "en": "Task {id} “{title}” is not accepted yet: something is missing.",
    },
    "task_answer": {"ru": "О задаче {id} «{title}».", "en": "About task {id} “{title}”."},
    "task_agreed": {
        "ru": "По задаче {id} «{title}» ваше предложение принято: {terms}.",
        "en": "On task {id} “{title}” your proposal is accepted: {terms}.",
    },
    "task_refused": {
        "ru": "По задаче {id} «{title}» договориться об этом не получилось. Срок прежний: {deadline}.",
        "en": "On task {id} “{title}” that was not agreed to. The deadline stays: {deadline}.",
    },
    "remind_due": {
        "ru": "Напоминаю: задача {id} «{title}», срок: {deadline}.",
        "en": "A reminder: task {id} “{title}”, due: {deadline}.",
    },
    "remind_overdue": {
        "ru": "Срок задачи {id} «{title}» прошёл: {deadline}.",
        "en": "Task {id} “{title}” was due: {deadline}.",
    },
    "remind_several": {"ru": "Напоминаю о задачах:", "en": "A reminder of your tasks:"},
    "remind_how": {
        "ru": "Как дела с этим? Можно предложить другой срок. Не напоминать сутки: /pause",
        "en": "How does it stand? You may propose another time. No reminders for a day: /pause",
    },
    "task_reminder": {
        "ru": "Напоминаю о задаче {id} «{title}». Срок: {deadline}.",
        "en": "A reminder of task {id} “{title}”. Due: {deadline}.",
    },
    "owner_words": {"ru": "Просили передать: {words}", "en": "I was asked to add: {words}"},
    "term_deadline": {"ru": "срок {value}", "en": "due {value}"},
    "term_price": {"ru": "цена {value}", "en": "price {value}"},
    "term_minutes": {"ru": "{value} мин.", "en": "{value} min."},
    # ------------------------------------------------------------------ statuses
    "status_new": {"ru": "ещё не передана", "en": "not told yet"},
    "status_delivered": {"ru": "передана", "en": "delivered"},
    "status_seen": {"ru": "прочитана", "en": "seen"},
    "status_accepted": {"ru": "принята", "en": "accepted"},
    "status_in_progress": {"ru": "в работе", "en": "in progress"},
    "status_done": {"ru": "выполнена", "en": "done"},
    "status_returned": {"ru": "возвращена", "en": "returned"},
    "status_verified": {"ru": "проверена", "en": "verified"},
    "status_declined": {"ru": "отклонена", "en": "declined"},
    "status_cancelled": {"ru": "отменена", "en": "cancelled"},
}
