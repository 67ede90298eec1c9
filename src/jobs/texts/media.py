"""How a message that is not text is put into words."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "media_photo": {"ru": "[фото]", "en": "[photo]"},
    "media_voice": {"ru": "[голосовое сообщение, {seconds} с]", "en": "[voice message, {seconds} s]"},
    "media_video_note": {"ru": "[видеосообщение, {seconds} с]", "en": "[video message, {seconds} s]"},
    "media_audio": {"ru": "[аудио, {seconds} с]", "en": "[audio, {seconds} s]"},
    "media_video": {"ru": "[видео, {seconds} с]", "en": "[video, {seconds} s]"},
    "media_sticker": {"ru": "[стикер {emoji}]", "en": "[sticker {emoji}]"},
    "media_document": {"ru": "[файл {name}, {size}]", "en": "[file {name}, {size}]"},
    "media_location": {"ru": "[место на карте: {lat}, {lon}]", "en": "[location: {lat}, {lon}]"},
    "media_contact": {"ru": "[контакт: {name}, {phone}]", "en": "[contact: {name}, {phone}]"},
    "media_poll": {"ru": "[опрос: {question}]", "en": "[poll: {question}]"},
    "media_dice": {"ru": "[кубик {emoji}: {value}]", "en": "[dice {emoji}: {value}]"},
    "media_too_large": {
        "ru": "{name} ({size}) больше {limit} МБ, поэтому скачивать не стану.",
        "en": "{name} ({size}) is larger than {limit} MB, so I will not download it.",
    },
    "media_failed": {
        "ru": "Не получилось скачать {name} ({size}); пришлите ещё раз, если это важно.",
        "en": "I could not download {name} ({size}); please send it again if it matters.",
    },
    "not_heard": {
        "ru": "Не смог разобрать голосовое, напишите, пожалуйста, текстом. Запись сохранена.",
        "en": "I could not make out the voice message, please write it. The recording is kept.",
    },
    "not_heard_reason": {
        "ru": "Не смог разобрать голосовое: {reason}. Запись сохранена в uploads.",
        "en": "I could not make out the voice message: {reason}. The recording is kept in uploads.",
    },
    "not_heard_of": {
        "ru": "Голосовое не разобрано ({name}): {reason}. Запись сохранена в uploads.",
        "en": "A voice message was not made out ({name}): {reason}. The recording is kept in uploads.",
    },
    "file_gone": {
        "ru": "Не отправлен файл {name}: его больше нет или его нельзя прочитать.",
        "en": "The file {name} was not sent: it is gone or cannot be read.",
    },
    "file_refused": {
        "ru": "Telegram не принял файл {name} ({reason}).",
        "en": "Telegram did not take the file {name} ({reason}).",
    },
    "long_answer": {"ru": "Ответ длинный, целиком он в файле.", "en": "This is long; all of it is in the file."},
    "long_answer_name": {"ru": "ответ.md", "en": "answer.md"},
    "media_unknown": {"ru": "[сообщение без текста: {kind}]", "en": "[a message without text: {kind}]"},
}
