"""The one catalogue of what people are told, in Russian and English, and how times are said.

Every text that code (not a model) shows to a person in Telegram or in the terminal stands here.
"""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

Language = Literal["ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ru", "en")

CATALOGUE: dict[str, dict[Language, str]] = {
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
    # ------------------------------------------------------------- to the owner
    "model_key_wrong": {
        "ru": "Модель не принимает ключ (ошибка {status}). Проверьте ANTHROPIC_API_KEY или CLAUDE_CODE_OAUTH_TOKEN "
        "в .env и перезапустите меня; ./jobs setup поможет. Сообщения сохранены и ждут.",
        "en": "The model refuses the key (error {status}). Check ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN in .env "
        "and restart me; ./jobs setup helps. Messages are kept and wait.",
    },
    "set_aside_owner": {
        "ru": "Не справился с сообщением от {name} (ход {turn}): {error}",
        "en": "I could not deal with a message from {name} (turn {turn}): {error}",
    },
    "undelivered": {
        "ru": "Не удалось доставить сообщение для {name} ({reason}). Вот оно:\n\n{text}",
        "en": "A message to {name} could not be delivered ({reason}). Here it is:\n\n{text}",
    },
    "word_for_owner": {"ru": "{name} просит передать:\n\n{text}", "en": "{name} asks to pass on:\n\n{text}"},
    "task_changed": {
        "ru": "{name}, задача {id} «{title}»: {status}.",
        "en": "{name}, task {id} “{title}”: {status}.",
    },
    "task_comment": {"ru": "Слова: {comment}", "en": "In their words: {comment}"},
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
    # ---------------------------------------------- messages that are not text
    "media_photo": {"ru": "[фото]", "en": "[photo]"},
    "media_voice": {"ru": "[голосовое сообщение, {seconds} с]", "en": "[voice message, {seconds} s]"},
    "media_audio": {"ru": "[аудио, {seconds} с]", "en": "[audio, {seconds} s]"},
    "media_video": {"ru": "[видео, {seconds} с]", "en": "[video, {seconds} s]"},
    "media_sticker": {"ru": "[стикер {emoji}]", "en": "[sticker {emoji}]"},
    "media_document": {"ru": "[файл {name}, {size}]", "en": "[file {name}, {size}]"},
    "media_location": {"ru": "[место на карте: {lat}, {lon}]", "en": "[location: {lat}, {lon}]"},
    "media_contact": {"ru": "[контакт: {name}, {phone}]", "en": "[contact: {name}, {phone}]"},
    "media_poll": {"ru": "[опрос: {question}]", "en": "[poll: {question}]"},
    "media_dice": {"ru": "[кубик {emoji}: {value}]", "en": "[dice {emoji}: {value}]"},
    "media_unknown": {"ru": "[сообщение без текста: {kind}]", "en": "[a message without text: {kind}]"},
    # -------------------------------------------------------------------- demo
    "demo_start": {
        "ru": "Это демонстрация: настроек Telegram нет (их сделает ./jobs setup).\n"
        "Работает настоящая программа, но Telegram встроенный, только на этой машине. Всё исчезнет, когда вы выйдете.",
        "en": "This is the demo: there are no Telegram settings (./jobs setup makes them).\n"
        "The real program runs against a built-in Telegram, on this machine only. All of it is gone when you leave.",
    },
    "demo_scripted": {
        "ru": "Отвечает сценарий, а не модель: ключа нет. Он понимает десяток просьб; спросите «что ты умеешь?».",
        "en": "A script answers, not a model: there is no credential. It understands a dozen requests; ask “what can you do?”.",
    },
    "demo_real_model": {
        "ru": "Отвечает настоящая модель, по вашему ключу: это стоит денег.",
        "en": "The real model answers, on your credential: this costs money.",
    },
    "demo_how": {
        "ru": "Вы владелец, {owner}. Ещё есть {others}: /as {first} — писать от имени этого человека, /as owner — снова от своего. /quit — выйти.",
        "en": "You are the owner, {owner}. There are also {others}: /as {first} writes as that person, /as owner as yourself again. /quit leaves.",
    },
    "demo_now_you_are": {"ru": "Теперь вы пишете как {name}.", "en": "You now write as {name}."},
    "demo_nobody": {
        "ru": "Здесь нет никого с именем {name}. Есть: {names}.",
        "en": "There is no {name} here. There are: {names}.",
    },
    "demo_unknown": {"ru": "Есть команды /as ИМЯ и /quit.", "en": "The commands are /as NAME and /quit."},
    "demo_up": {"ru": "Jobs запущен. Пишите.", "en": "Jobs is up. Write something."},
    "demo_died": {"ru": "Программа остановилась. Последние строки:", "en": "The program has stopped. Its last lines:"},
}


def say(key: str, language: Language, **values: object) -> str:
    """The text `key` in a language, with its values filled in."""
    return CATALOGUE[key][language].format(**values)


def say_time(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    """A moment for people: "среда, 25 ноября, 18:00 (Europe/Moscow)"."""
    local = moment.astimezone(zone)
    pattern = "EEEE, d MMMM, HH:mm" if language == "ru" else "EEEE, MMMM d, HH:mm"
    return f"{format_datetime(local, pattern, locale=language)} ({zone.key})"


def language_of(text: str) -> Language | None:
    """The language of a text by its letters: Russian when at least 3 in 10 are Cyrillic; None without letters."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return None
    cyrillic = sum("\u0400" <= character <= "\u04ff" for character in letters)
    return "ru" if cyrillic * 10 >= len(letters) * 3 else "en"


def language_from_code(code: str | None) -> Language | None:
    """Telegram's language code as one of ours; None when it gives no hint."""
    if not code:
        return None
    return "ru" if code.lower().split("-")[0] in ("ru", "be", "uk", "kk") else "en"
