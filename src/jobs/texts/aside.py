"""`./jobs doctor` and `./jobs retry`, in the terminal."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "doctor_T": {
        "ru": "{name}  сообщение от {person}, {time}\n  не обработано: {reason}\n  «{text}»",
        "en": "{name}  a message from {person}, {time}\n  not dealt with: {reason}\n  “{text}”",
    },
    "doctor_O": {
        "ru": "{name}  сообщение для {person}, {time}\n  не доставлено: {reason}\n  «{text}»",
        "en": "{name}  a message to {person}, {time}\n  not delivered: {reason}\n  “{text}”",
    },
    "doctor_nothing": {"ru": "Ничего не отложено, всё доставлено.", "en": "Nothing is set aside or undelivered."},
    "retry_no_name": {
        "ru": "{name} — не имя из ./jobs doctor: нужно T и номер или O и номер, например T12.",
        "en": "{name} is no ID of ./jobs doctor: T or O and a number are needed, such as T12.",
    },
    "retry_unknown": {
        "ru": "{name} среди отложенного и недоставленного нет: ./jobs doctor покажет, что есть.",
        "en": "{name} is not among what was set aside or not delivered: ./jobs doctor shows what is.",
    },
    "retry_now": {"ru": "{name}: Jobs пробует снова.", "en": "{name}: Jobs is trying again."},
    "retry_later": {
        "ru": "{name}: Jobs попробует снова, когда будет запущен.",
        "en": "{name}: Jobs will try again when it is started.",
    },
}
