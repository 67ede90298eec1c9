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
    "reminder_late": {"ru": "Напоминание ({when}): {text}", "en": "Reminder ({when}): {text}"},
    "schedule_missed": {
        "ru": "Пропущено, пока я не работал ({when}, №{id}): {text}\n\nСкажите, если это ещё нужно.",
        "en": "Missed while I was off ({when}, no. {id}): {text}\n\nTell me if it is still wanted.",
    },
    "schedule_paused": {
        "ru": "Задание по расписанию №{id} не вышло {n} раза подряд, поэтому приостановлено: {text}",
        "en": "Scheduled task no. {id} failed {n} times on end and is paused: {text}",
    },
    "reminder": {"ru": "Напоминание: {text}", "en": "Reminder: {text}"},
    # ------------------------------------------------- to the person with a task
    "task_intro": {
        "ru": "Здравствуйте! Пишет Jobs, ИИ-ассистент. Мой владелец: {owner}. Вам просят передать задачу.",
        "en": "Hello! This is Jobs, an AI assistant. I work for {owner}. I was asked to pass a task on to you.",
    },
    "task_next": {"ru": "Новая задача, её просит передать {owner}.", "en": "A new task from {owner}."},
    "task_body": {"ru": "Задача {id}: {title}", "en": "Task {id}: {title}"},
    "task_deadline": {"ru": "Срок: {deadline}", "en": "Due: {deadline}"},
    "task_how": {
        "ru": "Ответьте здесь своими словами: берёте ли, есть ли вопросы, когда будет готово.",
        "en": "Just answer here in your own words: whether you take it, any questions, and when it is done.",
    },
    "task_cancelled": {
        "ru": "Задача {id} «{title}» больше не нужна.",
        "en": "Task {id} “{title}” is no longer needed.",
    },
    # ------------------------------------------------------------------ statuses
    "status_new": {"ru": "новая", "en": "new"},
    "status_accepted": {"ru": "принята", "en": "accepted"},
    "status_in_progress": {"ru": "в работе", "en": "in progress"},
    "status_done": {"ru": "выполнена", "en": "done"},
    "status_declined": {"ru": "отклонена", "en": "declined"},
    "status_cancelled": {"ru": "отменена", "en": "cancelled"},
}
