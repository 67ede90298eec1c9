"""The numbered answers to a task, what they are called, the words that say the same, and what code answers to each."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    # ------------------------------------------------------------------- the question
    "replies": {"ru": "Можно просто цифрой: {replies}.", "en": "Or just answer with a number: {replies}."},
    "replies_item": {"ru": "{n} — {label}", "en": "{n}: {label}"},
    "replies_which_of": {
        "ru": "Можно просто номером задачи ({numbers}): спрошу, что с ней.",
        "en": "Or just answer with a task's number ({numbers}): I ask how it stands.",
    },
    "reply_accept_task": {"ru": "беру", "en": "I take it"},
    "reply_accept_question": {"ru": "отвечу позже", "en": "I answer later"},
    "reply_accept_meeting": {"ru": "приду", "en": "I will be there"},
    "reply_decline_task": {"ru": "не могу", "en": "I can't"},
    "reply_decline_question": {"ru": "не могу ответить", "en": "I can't answer"},
    "reply_decline_meeting": {"ru": "не смогу", "en": "I can't come"},
    "reply_later": {"ru": "другое время", "en": "another time"},
    "reply_ask": {"ru": "есть вопрос", "en": "a question"},
    "reply_done": {"ru": "сделано", "en": "done"},
    "reply_slots": {"ru": "время из списка", "en": "a time of the list"},
    # ------------------- whole messages that say the same, separated by commas
    "reply_words_accept": {
        "ru": "беру, берусь, возьму, принимаю, принято, приду",
        "en": "accept, accepted, i accept, i'll take it, i'll be there",
    },
    "reply_words_decline": {
        "ru": "не могу, не смогу, не возьму, не возьмусь, отказываюсь",
        "en": "can't, cannot, i cannot, decline, i decline",
    },
    "reply_words_later": {"ru": "другое время, в другое время, другой срок", "en": "another time, another deadline"},
    "reply_words_ask": {"ru": "вопрос, есть вопрос, у меня вопрос", "en": "question, i have a question"},
    # --------------------------------------------------------------- what is answered
    "replied_accept": {
        "ru": "Записал: задача {id} «{title}» за вами, {owner} узнает.",
        "en": "Noted: you take task {id} “{title}”; {owner} is told.",
    },
    "replied_decline": {
        "ru": "Записал: задачу {id} «{title}» вы не берёте, {owner} узнает. Почему? Напишите одной фразой, я передам.",
        "en": "Noted: you do not take task {id} “{title}”; {owner} is told. Why? One sentence is enough, I pass it on.",
    },
    "replied_later": {
        "ru": "Задача {id} «{title}»: на какой день и час её перенести? Напишите, я передам.",
        "en": "Task {id} “{title}”: to which day and time should it be moved? Tell me, and I pass it on.",
    },
    "replied_ask": {
        "ru": "Задача {id} «{title}»: какой у вас вопрос? Напишите, я передам.",
        "en": "Task {id} “{title}”: what is your question? Tell me, and I pass it on.",
    },
    "replied_done": {
        "ru": "Записал: задача {id} «{title}» сделана, {owner} узнает.",
        "en": "Noted: task {id} “{title}” is done; {owner} is told.",
    },
    "replied_about": {"ru": "Задача {id} «{title}» ({status}).", "en": "Task {id} “{title}” ({status})."},
    "reply_too_late": {
        "ru": "Задача {id} «{title}» сейчас {status}, так ответить на неё уже нельзя.",
        "en": "Task {id} “{title}” is {status} now, and can no longer be answered like that.",
    },
    "reply_too_often": {
        "ru": "На задачу {id} «{title}» вы уже много раз ответили за этот час. Попробуйте позже.",
        "en": "You have answered task {id} “{title}” many times within this hour. Please try again later.",
    },
    "reply_slot_gone": {
        "ru": "Это время для «{title}» уже занято или прошло. Выберите другое.",
        "en": "That time for “{title}” is taken or has passed. Please choose another.",
    },
    "reply_not_theirs": {
        "ru": "Такой задачи у вас нет. Ваши задачи: /tasks",
        "en": "You have no such task. Your tasks: /tasks",
    },
    "reply_which": {
        "ru": "О какой задаче речь? Ответьте её номером:",
        "en": "Which task is that? Answer with its number:",
    },
    "reply_which_line": {"ru": "{id} — {title}", "en": "{id}: {title}"},
}
