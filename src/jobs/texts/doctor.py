"""`./jobs doctor`, `backup`, `restore` and `migrate`, in the terminal."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "backup_made": {
        "ru": "Копия: {path}, файлов {files}, {size} МБ. Секретов и входа в Telegram в ней нет (--secrets).",
        "en": "Backup: {path}, {files} files, {size} MB. Without secrets and the Telegram login (--secrets).",
    },
    "backup_made_secrets": {
        "ru": "Копия: {path}, файлов {files}, {size} МБ. В ней ключи и вход в Telegram: храните её как их.",
        "en": "Backup: {path}, {files} files, {size} MB. It holds the keys and the Telegram login: keep it as you keep them.",
    },
    "backup_left_out": {
        "ru": "В копию не попало или попало не целиком: {name} ({reason}). Дайте Jobs его читать и сделайте копию снова.",
        "en": "Not in the backup, or not whole: {name} ({reason}). Let Jobs read it, and make the backup again.",
    },
    "restored": {
        "ru": "Восстановлено: копия от {made_at}, файлов {files}.",
        "en": "Restored: the backup of {made_at}, {files} files.",
    },
    "restored_kept": {
        "ru": "Что было раньше, лежит в {path}: удалите, когда убедитесь, что всё на месте.",
        "en": "What was there before is in {path}: remove it once you have seen that all is well.",
    },
    "restored_no_login": {
        "ru": "Входа в Telegram в копии нет: ./jobs setup.",
        "en": "There is no Telegram login in the backup: ./jobs setup.",
    },
    "migrate_none": {
        "ru": "{path} ещё нет: его создаст первый запуск.",
        "en": "There is no {path} yet: the first start makes it.",
    },
    "migrate_new": {"ru": "База уже версии {version}.", "en": "The database is at version {version} already."},
    "migrate_newer": {
        "ru": "база версии {version}, эта программа знает только {newest}: обновите программу или восстановите копию",
        "en": "the database has version {version}, this program knows {newest}: update it, or restore a backup",
    },
    "migrate_pending": {
        "ru": "База версии {version}, нужна {newest}: следующий запуск обновит её, сделав копию.",
        "en": "The database has version {version}, {newest} is needed: the next start upgrades it, after a copy.",
    },
    "migrated": {
        "ru": "База обновлена с версии {version} до {newest}. Как было: {copy}",
        "en": "The database was upgraded from version {version} to {newest}. As it was: {copy}",
    },
    "doctor_end": {
        "ru": "Не в порядке: {failed}, стоит посмотреть: {warned}.",
        "en": "Failed: {failed}, worth a look: {warned}.",
    },
    "doctor_fixable": {
        "ru": "Из этого {count} исправит ./jobs doctor --fix.",
        "en": "{count} of these ./jobs doctor --fix mends.",
    },
    "doctor_fixed": {"ru": "исправлено: {path}", "en": "mended: {path}"},
    "doctor_check_failed": {
        "ru": "проверить не вышло ({reason}): похоже на ошибку в Jobs, сообщите о ней",
        "en": "could not be checked ({reason}): it looks like a fault of Jobs', please report it",
    },
    "doctor_not_fixed": {"ru": "исправить не удалось ({reason})", "en": "could not be mended ({reason})"},
    "doctor_settings": {
        "ru": "все нужные настройки есть ({root}/.env и окружение)",
        "en": "all that is needed is set ({root}/.env and the environment)",
    },
    "doctor_settings_wrong": {"ru": "{line}", "en": "{line}"},
    "doctor_versions": {
        "ru": "Jobs {jobs}, Python {python}, Claude CLI {cli}, SQLite {sqlite}",
        "en": "Jobs {jobs}, Python {python}, Claude CLI {cli}, SQLite {sqlite}",
    },
    "doctor_disk": {"ru": "{free} ГБ свободно для {path}", "en": "{free} GB free for {path}"},
    "doctor_disk_low": {
        "ru": "осталось {free} ГБ для {path}: освободите место",
        "en": "{free} GB left for {path}: make room",
    },
    "doctor_disk_full": {
        "ru": "осталось {free} ГБ для {path}: Jobs скоро не сможет ничего сохранить, освободите место",
        "en": "{free} GB left for {path}: soon Jobs can store nothing, make room",
    },
    "doctor_folder_none": {
        "ru": "папки {path} нет: её создаст первый запуск",
        "en": "there is no {path}: the first start makes it",
    },
    "doctor_files": {"ru": "секреты не может прочитать никто другой", "en": "nobody else may read what is secret"},
    "doctor_file_open": {
        "ru": "{path} могут прочитать другие пользователи машины: chmod {change} {path}",
        "en": "other users of this machine may read {path}: chmod {change} {path}",
    },
    "doctor_database": {
        "ru": "цела, {size} МБ, версия {version}",
        "en": "whole, {size} MB, version {version}",
    },
    "doctor_database_none": {
        "ru": "{path} ещё нет: Jobs не запускался с этим DATA_DIR",
        "en": "there is no {path} yet: Jobs was never started with this DATA_DIR",
    },
    "doctor_database_closed": {
        "ru": "{path} не открывается ({reason}): проверьте, чей это файл и что с ним разрешено",
        "en": "{path} cannot be opened ({reason}): check its owner and mode",
    },
    "doctor_database_old": {
        "ru": "версия {version}, программе нужна {newest}: следующий запуск обновит её, или ./jobs migrate",
        "en": "version {version}, the program needs {newest}: the next start upgrades it, or ./jobs migrate",
    },
    "doctor_database_bad": {
        "ru": "{reason}; остановите Jobs и восстановите копию: ./jobs restore ФАЙЛ",
        "en": "{reason}; stop Jobs and restore a backup: ./jobs restore FILE",
    },
    "doctor_given_up": {
        "ru": "{what}\n  попробовать снова: ./jobs retry ИМЯ",
        "en": "{what}\n  to try it again: ./jobs retry ID",
    },
    "doctor_rows": {
        "ru": "ждут обработки: {inbox}, ждут отправки: {outbox}",
        "en": "waiting to be handled: {inbox}, to be sent: {outbox}",
    },
    "doctor_rows_old": {
        "ru": "сообщение ждёт уже {minutes} мин: /status в чате и журнал скажут, почему",
        "en": "a message has waited for {minutes} min: /status in the chat and the log say why",
    },
    "doctor_rows_unsent": {
        "ru": "сообщение не удаётся отправить уже {minutes} мин: журнал скажет, почему; Jobs пробует дальше",
        "en": "a message could not be sent for {minutes} min: the log says why; Jobs goes on trying",
    },
    "doctor_backups": {
        "ru": "{count}, последняя {hours} ч назад",
        "en": "{count}, the last one {hours} h ago",
    },
    "doctor_backups_none": {
        "ru": "копий ещё нет: Jobs делает их раз в день, или ./jobs backup ФАЙЛ",
        "en": "there is none yet: Jobs makes one a day, or ./jobs backup FILE",
    },
    "doctor_backups_old": {
        "ru": "последней {days} дн.: Jobs давно не работал, или нет места; ./jobs backup ФАЙЛ сделает сейчас",
        "en": "the last one is {days} days old: Jobs has not run, or has no room; ./jobs backup FILE makes one now",
    },
    "doctor_backups_left_out": {
        "ru": "не читается и в копию не попадёт: {name} ({reason}), всего таких {count}; дайте Jobs это читать",
        "en": "cannot be read, so no backup has it: {name} ({reason}), {count} in all; let Jobs read it",
    },
    "doctor_backups_off": {
        "ru": "выключены (BACKUPS_KEPT=0): делайте сами, ./jobs backup ФАЙЛ",
        "en": "turned off (BACKUPS_KEPT=0): make them yourself, ./jobs backup FILE",
    },
    "doctor_mcp": {
        "ru": "настроены: {names}; как они работают, покажет /mcp в чате",
        "en": "configured: {names}; how they are, /mcp in the chat tells",
    },
    "doctor_mcp_server": {"ru": "{name}: не запустится, {reason}", "en": "{name}: it cannot be started, {reason}"},
    "doctor_mcp_none": {"ru": "серверов нет", "en": "no servers"},
    "doctor_mcp_bad": {
        "ru": "{path} не используется: {reason}; поправьте файл",
        "en": "{path} is not used: {reason}; mend the file",
    },
    "wall_no_user": {
        "ru": "на этой машине нет пользователя {names} (AGENT_USER, EXTERNAL_USER)",
        "en": "this machine has no user {names} (AGENT_USER, EXTERNAL_USER)",
    },
    "wall_no_switch": {
        "ru": "Jobs не может менять пользователя: у него нет права {names}",
        "en": "Jobs may not switch users: it lacks the capability {names}",
    },
    "wall_one_user": {
        "ru": "все сессии работают от того же пользователя, что и Jobs: AGENT_USER и EXTERNAL_USER не заданы",
        "en": "all sessions run as the same Unix user as Jobs: AGENT_USER and EXTERNAL_USER are not set",
    },
    "wall_no_landlock": {"ru": "в этом ядре нет Landlock", "en": "this kernel has no Landlock"},
    "wall_no_cover": {
        "ru": "эта машина не даёт пользовательских пространств имён: процессы сессии могут менять права и времена файлов Jobs и "
        "обращаться к тому, что слушает на сокете того же пользователя (tmux, D-Bus рабочего стола, Docker)",
        "en": "this machine allows no user namespaces: a session's processes can change the modes and times of Jobs' files, "
        "and speak to what listens on a socket of the same user (tmux, the desktop's D-Bus, Docker)",
    },
    "doctor_wall_missing": {
        "ru": "одной стены нет: {why} (docs/security.md)",
        "en": "one wall is missing: {why} (docs/security.md)",
    },
    "doctor_wall_owner": {
        "ru": "стена вокруг агента владельца стоит: {kinds}; попыток: {count}",
        "en": "the wall around the owner's agent stands: {kinds}; {count} tries",
    },
    "doctor_wall_external": {
        "ru": "стена вокруг остальных сессий стоит: {kinds}; попыток: {count}",
        "en": "the wall around all other sessions stands: {kinds}; {count} tries",
    },
    "doctor_wall_open_owner": {
        "ru": "стена вокруг агента владельца пропускает: {tries}",
        "en": "the wall around the owner's agent lets through: {tries}",
    },
    "doctor_wall_open_external": {
        "ru": "стена вокруг остальных сессий пропускает: {tries}",
        "en": "the wall around all other sessions lets through: {tries}",
    },
    "doctor_wall_tight_owner": {
        "ru": "агент владельца не может того, что должен: {tries}; проверьте, чьи WORKSPACE_DIR и AGENT_FOLDERS",
        "en": "the owner's agent cannot do what it has to: {tries}; check the owner of WORKSPACE_DIR and AGENT_FOLDERS",
    },
    "doctor_wall_tight_external": {
        "ru": "остальные сессии не могут того, что должны: {tries}; журнал скажет больше",
        "en": "other sessions cannot do what they have to: {tries}; the log says more",
    },
    "doctor_wall_untried_owner": {
        "ru": "стену вокруг агента владельца не удалось проверить: {reason}",
        "en": "the wall around the owner's agent could not be tried: {reason}",
    },
    "doctor_wall_untried_external": {
        "ru": "стену вокруг остальных сессий не удалось проверить: {reason}",
        "en": "the wall around all other sessions could not be tried: {reason}",
    },
    "doctor_clock": {"ru": "верны, пояс {zone}", "en": "right, zone {zone}"},
    "doctor_clock_unknown": {
        "ru": "сверить не с чем, служба модели времени не сообщила; пояс {zone}. Проверьте сеть, или сверьте часы сами",
        "en": "nothing to compare it with, the model's service told no time; zone {zone}. Check the network, or the clock yourself",
    },
    "doctor_clock_off": {
        "ru": "ошибка {seconds} с: включите синхронизацию времени",
        "en": "off by {seconds} s: turn time synchronisation on",
    },
    "doctor_clock_wrong": {
        "ru": "ошибка {seconds} с: Telegram такое не принимает, включите синхронизацию времени",
        "en": "off by {seconds} s: Telegram does not take that, turn time synchronisation on",
    },
    "doctor_telegram": {"ru": "вход есть: {account}", "en": "signed in as {account}"},
    "doctor_telegram_up": {"ru": "Jobs работает и на связи", "en": "Jobs runs and is connected"},
    "doctor_telegram_unasked": {
        "ru": "Jobs работает; HTTP_PORT=0, спросить его о связи нельзя: /status в чате",
        "en": "Jobs runs; HTTP_PORT=0, so it cannot be asked about the connection: /status in the chat",
    },
    "doctor_telegram_deaf": {
        "ru": "Jobs работает, но не отвечает на порту {port} ({reason}): порт занят другой программой, или Jobs завис",
        "en": "Jobs runs, but does not answer on port {port} ({reason}): another program has it, or Jobs hangs",
    },
    "doctor_telegram_down": {
        "ru": "Jobs работает, но людям не отвечает: {reason}; журнал скажет, почему",
        "en": "Jobs runs, but people are not answered: {reason}; the log says why",
    },
    "doctor_telegram_none": {"ru": "входа ещё нет: ./jobs setup", "en": "not signed in yet: ./jobs setup"},
    "doctor_telegram_damaged": {"ru": "{reason}", "en": "{reason}"},
    "doctor_telegram_out": {
        "ru": "Telegram больше не принимает этот вход: ./jobs setup",
        "en": "Telegram does not accept the login any more: ./jobs setup",
    },
    "doctor_telegram_away": {
        "ru": "Telegram недоступен ({reason}): проверьте сеть и HTTP_PROXY",
        "en": "Telegram cannot be reached ({reason}): check the network and HTTP_PROXY",
    },
    "doctor_memory": {"ru": "поиск по словам и по смыслу", "en": "searches by words and by meaning"},
    "doctor_model": {"ru": "{model} отвечает (${cost})", "en": "{model} answers (${cost})"},
    "doctor_model_refused": {
        "ru": "сервис модели отказывает ({reason}): проверьте ключ, баланс и CLAUDE_MODEL, или ./jobs setup",
        "en": "the model's service refuses ({reason}): check the key, the balance and CLAUDE_MODEL, or ./jobs setup",
    },
    "doctor_model_away": {
        "ru": "модель не ответила ({reason}): проверьте сеть и HTTP_PROXY, попробуйте позже",
        "en": "the model did not answer ({reason}): check the network and HTTP_PROXY, try later",
    },
}
