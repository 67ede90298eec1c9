"""Signing in to Telegram, in the terminal."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "login_how": {
        "ru": "Как войти в Telegram? 1: по QR-коду, 2: по номеру телефона, 3: токеном бота.",
        "en": "How to sign in to Telegram? 1: by QR code, 2: by phone number, 3: with a bot token.",
    },
    "login_how_wrong": {"ru": "Введите 1, 2 или 3.", "en": "Enter 1, 2 or 3."},
    "login_qr": {
        "ru": "Отсканируйте код телефоном: Telegram → Настройки → Устройства → Подключить устройство.",
        "en": "Scan the code with your phone: Telegram → Settings → Devices → Link Desktop Device.",
    },
    "login_qr_new": {"ru": "Код истёк, вот новый.", "en": "The code has expired, here is a new one."},
    "login_qr_late": {
        "ru": "QR-код так и не отсканировали. Начните вход заново.",
        "en": "The QR code was not scanned. Start signing in again.",
    },
    "login_phone": {
        "ru": "Номер телефона с кодом страны, например +7 999 123-45-67:",
        "en": "Phone number with the country code, such as +44 7700 900123:",
    },
    "login_phone_wrong": {
        "ru": "Telegram не принимает этот номер.",
        "en": "Telegram does not accept this number.",
    },
    "login_phone_banned": {
        "ru": "Этот номер заблокирован в Telegram.",
        "en": "This number is banned from Telegram.",
    },
    "login_phone_unknown": {
        "ru": "На этот номер нет аккаунта. Сначала зарегистрируйте его в приложении Telegram.",
        "en": "There is no account with this number. Register it in a Telegram app first.",
    },
    "login_code": {"ru": "Код, который прислал Telegram{where}:", "en": "The code that Telegram sent{where}:"},
    "login_code_app": {"ru": " сообщением в приложение", "en": " as a message in the app"},
    "login_code_sms": {"ru": " в SMS", "en": " by SMS"},
    "login_code_call": {"ru": " звонком", "en": " by a call"},
    "login_code_email": {"ru": " на почту", "en": " by e-mail"},
    "login_code_wrong": {"ru": "Код не подошёл.", "en": "The code is wrong."},
    "login_code_expired": {
        "ru": "Код истёк, Telegram прислал новый.",
        "en": "The code has expired; Telegram has sent a new one.",
    },
    "login_password": {
        "ru": "Пароль двухэтапной аутентификации{hint}:",
        "en": "The password of two-step verification{hint}:",
    },
    "login_password_hint": {"ru": " (подсказка: {hint})", "en": " (hint: {hint})"},
    "login_password_wrong": {"ru": "Пароль не подошёл.", "en": "The password is wrong."},
    "login_token": {"ru": "Токен бота от @BotFather:", "en": "The bot's token from @BotFather:"},
    "login_token_wrong": {
        "ru": "Telegram не принимает этот токен бота.",
        "en": "Telegram does not accept this bot token.",
    },
    "login_attempts": {
        "ru": "Не получилось с трёх попыток. Начните вход заново.",
        "en": "Three attempts have failed. Start signing in again.",
    },
    "login_flood": {
        "ru": "Telegram просит подождать перед следующей попыткой: {time}.",
        "en": "Telegram asks to wait before the next attempt: {time}.",
    },
    "login_api_wrong": {
        "ru": "Telegram не принимает TG_API_ID и TG_API_HASH. Проверьте их на my.telegram.org.",
        "en": "Telegram does not accept TG_API_ID and TG_API_HASH. Check them at my.telegram.org.",
    },
    "login_refused": {"ru": "Telegram отказал во входе: {error}", "en": "Telegram refused the sign-in: {error}"},
    "login_hours": {"ru": "{n} ч", "en": "{n} h"},
    "login_minutes": {"ru": "{n} мин", "en": "{n} min"},
    "login_seconds": {"ru": "{n} с", "en": "{n} s"},
}
