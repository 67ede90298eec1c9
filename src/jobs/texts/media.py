"""How a message that is not text is put into words."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "forwarded": {"ru": "[переслано, слова не мои, от: {name}]", "en": "[forwarded, not my words, from: {name}]"},
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
}
