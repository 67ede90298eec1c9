"""What is wrong with a setting, or with `.env`. A sentence begins with the variable's name in every language."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "setting_wrong": {
        "ru": "{name}: {what}. Исправьте в .env или в окружении",
        "en": "{name} {what}. Mend it in .env or in the environment",
    },
    "setting_whole": {"ru": "нужно целое число", "en": "has to be a whole number"},
    "setting_number": {"ru": "нужно число, например 1.50", "en": "has to be a number, such as 1.50"},
    "setting_flag": {"ru": "нужно 1 или 0", "en": "has to be 1 or 0"},
    "setting_one_of": {"ru": "нужно одно из: {expected}", "en": "has to be one of {expected}"},
    "setting_above": {"ru": "нужно больше 0", "en": "has to be above 0"},
    "setting_least": {"ru": "нужно не меньше {limit:.0f}", "en": "has to be {limit:.0f} or more"},
    "setting_most": {"ru": "нужно не больше {limit:.0f}", "en": "has to be {limit:.0f} or less"},
    "setting_other": {"ru": "не годится ({why})", "en": "cannot be ({why})"},
    "setting_server": {
        "ru": "должно быть вида 2@127.0.0.1:4430 (датацентр, адрес, порт)",
        "en": "has to look like 2@127.0.0.1:4430 (data centre, host, port)",
    },
    "setting_proxy": {
        "ru": "должно быть вида http://user:password@host:port или socks5://user:password@host:port",
        "en": "has to look like http://user:password@host:port or socks5://user:password@host:port",
    },
    "setting_zone": {
        "ru": "такого часового пояса нет; укажите, например, Europe/Moscow или UTC",
        "en": "is not a time zone's name; use one such as Europe/Moscow or UTC",
    },
    "setting_clock": {
        "ru": "нужно время суток, например 9:00, или off",
        "en": "has to be a time of day such as 9:00, or off",
    },
    "setting_quiet_hours": {
        "ru": "нужны два времени суток вида 21-9 или 21:30-08:00, или off",
        "en": "has to look like 21-9 or 21:30-08:00, each a time of day, or be off",
    },
    "setting_active_hours": {
        "ru": "нужны два времени суток вида 9-22 или 8:30-23:00, или always",
        "en": "has to look like 9-22 or 8:30-23:00, each a time of day, or be always",
    },
    "setting_folders": {
        "ru": "путь {path} не абсолютный; пишите так: /home/me/projects:/srv/files",
        "en": "names {path}, which is no absolute path; write it as /home/me/projects:/srv/files",
    },
    "setting_api_hash": {
        "ru": "нужны 32 знака 0-9 и a-f; скопируйте его с my.telegram.org",
        "en": "has to be 32 characters of 0-9 and a-f; copy it from my.telegram.org",
    },
    "setting_bot_token": {
        "ru": "должно быть вида 123456:ABC-DEF…; скопируйте его у @BotFather",
        "en": "has to look like 123456:ABC-DEF…; copy it from @BotFather",
    },
    "setting_url": {
        "ru": "нужен адрес, который начинается с http:// или https://",
        "en": "has to start with http:// or https:// and name a host",
    },
    "setting_home": {
        "ru": "указан домашний каталог пользователя, которого на этой машине нет",
        "en": "names the home of a user whom this machine does not know",
    },
    "setting_no_server_key": {
        "ru": "{name} не задан: для своего сервера нужен его открытый ключ RSA (файл PEM)",
        "en": "{name} is missing: a server of one's own needs its public RSA key (a PEM file)",
    },
    "setting_no_file": {"ru": "{name}: {path} — не файл", "en": "{name} names {path}, which is not a file"},
    "setting_no_key": {
        "ru": "{name}: в {path} нет ключа: он начинается с BEGIN RSA PUBLIC KEY",
        "en": "{name} names {path}, which holds no key: it begins with BEGIN RSA PUBLIC KEY",
    },
    "setting_both_users": {
        "ru": "{name} не задан: нужны оба или ни одного; задайте его или уберите {other}",
        "en": "{name} is missing: it is both or neither; set it, or take {other} away",
    },
    "setting_no_model_folder": {
        "ru": "{name}: {path} — не папка с моделью",
        "en": "{name} names {path}, which is not a folder with a model",
    },
    "setting_missing_tg_api_id": {
        "ru": "{name} не задан: он на my.telegram.org (API development tools); ./jobs setup его спросит",
        "en": "{name} is missing: get it at my.telegram.org (API development tools); ./jobs setup asks for it",
    },
    "setting_missing_tg_api_hash": {
        "ru": "{name} не задан: он рядом с TG_API_ID на my.telegram.org; ./jobs setup его спросит",
        "en": "{name} is missing: it stands beside TG_API_ID at my.telegram.org; ./jobs setup asks for it",
    },
    "setting_missing_tg_user_id": {
        "ru": "{name} не задан: это номер аккаунта владельца в Telegram; ./jobs setup найдёт его сам",
        "en": "{name} is missing: the number of the owner's Telegram account; ./jobs setup finds it for you",
    },
    "setting_missing_model": {
        "ru": "{name} не задан: задайте его или CLAUDE_CODE_OAUTH_TOKEN; ./jobs setup спросит то или другое",
        "en": "{name} is missing: set it, or CLAUDE_CODE_OAUTH_TOKEN; ./jobs setup asks for either",
    },
    "setting_data_no_folder": {"ru": "{name}: {path} — не папка", "en": "{name} names {path}, which is not a folder"},
    "setting_data_closed": {
        "ru": "{name}: {path} закрыт для этого пользователя; запустите от имени того же, что и Jobs (с systemd: jobsctl)",
        "en": "{name}: {path} is closed to this user: run it as the one Jobs runs as (with systemd: jobsctl)",
    },
    "setting_file_unreadable": {
        "ru": "{name} не читается ({why}); исправьте файл или уберите его",
        "en": "{name} cannot be read ({why}); mend the file or move it away",
    },
    "setting_file_no_text": {"ru": "это не текст в UTF-8", "en": "it is not UTF-8 text"},
    "setting_file_line": {
        "ru": "{name}, строка {line}: это не ИМЯ=значение (не закрыта кавычка?); исправьте",
        "en": "{name}, line {line}, is not NAME=value (a quote left open?); mend it",
    },
    "setting_file_folder": {
        "ru": "{name} — папка; уберите её, файл создаст ./jobs setup",
        "en": "{name} is a folder; move it away, ./jobs setup makes the file",
    },
    "setting_file_link": {
        "ru": "{name} — ссылка на файл, которого нет; исправьте её или уберите",
        "en": "{name} is a link to a file that is not there; mend it or take it away",
    },
}
