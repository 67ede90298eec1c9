"""What commands say at the terminal, most of it why they cannot do what they are asked."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "lock_closed": {
        "ru": "{path} не открывается ({why}); проверьте владельца DATA_DIR",
        "en": "{path} cannot be opened ({why}); check the owner of DATA_DIR",
    },
    "lock_taken": {
        "ru": "Jobs уже работает с {folder} (процесс {holder}); сначала остановите его",
        "en": "Jobs is already running on {folder} (process {holder}); stop that one first",
    },
    "lock_out_of_reach": {
        "ru": "Jobs работает с {folder}, но отсюда его не достать; запустите это там же, где он (в его контейнере), или сначала "
        "остановите его",
        "en": "Jobs is running on {folder}, but cannot be reached from here; run this where it runs (in its container), "
        "or stop it first",
    },
    "db_not_writable": {
        "ru": "{path} не открывается для записи ({why}); проверьте владельца папки и диск",
        "en": "{path} cannot be opened for writing ({why}); check the folder's owner and disk",
    },
    "db_disk_full": {
        "ru": "диск, на котором {path}, заполнен; освободите место и запустите снова",
        "en": "the disk that holds {path} is full; make room and start again",
    },
    "db_not_written": {
        "ru": "{path} не записывается ({why}); проверьте владельца папки и диск",
        "en": "{path} cannot be written ({why}); check the folder's owner and disk",
    },
    "db_damaged": {
        "ru": "{path} повреждён ({why}); ничего не изменено: поставьте на его место резервную копию или уберите его, чтобы начать "
        "заново",
        "en": "{path} is damaged ({why}); nothing was changed: put a backup in its place, or move it away to start anew",
    },
    "db_not_opened": {
        "ru": "{path} не открывается ({why}); проверьте владельца и права",
        "en": "{path} cannot be opened ({why}); check its owner and mode",
    },
    "db_not_read": {
        "ru": "{path} не читается ({why}); проверьте, не заполнен ли диск, иначе восстановите копию: ./jobs restore ФАЙЛ",
        "en": "{path} cannot be read ({why}); check whether the disk is full, else restore a backup: ./jobs restore FILE",
    },
    "db_none": {
        "ru": "{path} ещё нет: Jobs ни разу не запускали с этим DATA_DIR",
        "en": "there is no {path} yet: Jobs was never started with this DATA_DIR",
    },
    "db_other_version": {
        "ru": "у {path} версия {version}, а эта программа знает {newest}: запустите её один раз или обновите",
        "en": "{path} has version {version}, this program knows {newest}: start it once, or update it",
    },
    "db_newer": {
        "ru": "{path} записан более новым Jobs (версия {version}, эта знает {newest}); обновите программу или восстановите копию, "
        "сделанную перед обновлением",
        "en": "{path} was written by a newer Jobs (version {version}, this one knows {newest}); update the program, "
        "or restore the backup made before the upgrade",
    },
    "db_foreign": {
        "ru": "{path} — база другой программы; укажите в DATA_DIR отдельную папку для Jobs",
        "en": "{path} is a database of another program; set DATA_DIR to a folder of Jobs' own",
    },
    "db_no_copy": {
        "ru": "{path} надо обновить, а скопировать его перед этим не удалось ({why}); освободите место и запустите снова",
        "en": "{path} has to be upgraded, and could not be copied before ({why}); make room and start again",
    },
    "folder_not_made": {
        "ru": "папка {path} не создаётся ({why}); проверьте DATA_DIR и WORKSPACE_DIR",
        "en": "{path} cannot be made ({why}); check DATA_DIR and WORKSPACE_DIR",
    },
    "login_none": {
        "ru": "входа в Telegram ещё нет: запустите ./jobs setup",
        "en": "there is no Telegram login yet: run ./jobs setup",
    },
    "login_not_signed_in": {
        "ru": "Jobs не вошёл в Telegram; запустите ./jobs setup",
        "en": "Jobs is not signed in to Telegram; run ./jobs setup",
    },
    "login_not_accepted": {
        "ru": "Telegram больше не принимает этот вход; запустите ./jobs setup",
        "en": "Telegram does not accept the login any more; run ./jobs setup",
    },
    "login_ended": {
        "ru": "Telegram завершил вход; чтобы войти снова, запустите ./jobs setup",
        "en": "Telegram has ended the login; run ./jobs setup to sign in again",
    },
    "login_damaged": {
        "ru": "{path} повреждён ({why}): уберите его и запустите ./jobs setup или восстановите (./jobs restore) копию, в которой есть "
        "вход",
        "en": "{path} is damaged ({why}): move it away and run ./jobs setup, or ./jobs restore a backup that has the login",
    },
    "part_failed": {
        "ru": "часть Jobs отказала, в журнале написано какая; запустите снова",
        "en": "a part of Jobs has failed, the log says which; start it again",
    },
    "socks_serves_telegram": {
        "ru": "HTTP_PROXY — прокси SOCKS: он служит только для Telegram, не для модели и не для других запросов по HTTP",
        "en": "HTTP_PROXY is a SOCKS proxy: it serves Telegram only, not the model or other HTTP calls",
    },
    "up_as": {"ru": "Jobs работает как {account}", "en": "Jobs is up as {account}"},
    "hooks_wrong": {"ru": "{path}: {where}: {why}", "en": "{path}: {where}: {why}"},
    "hooks_unreadable": {"ru": "{path} не читается: {why}", "en": "{path} cannot be read: {why}"},
    "memory_query_or_file": {
        "ru": "укажите либо вопрос, либо --queries ФАЙЛ",
        "en": "give either a query or --queries FILE",
    },
    "memory_queries_unreadable": {"ru": "{path} не читается ({why})", "en": "{path} cannot be read ({why})"},
    "memory_no_index": {
        "ru": "индекс в {path} не годится ({why}); его папка задана в DATA_DIR",
        "en": "the index in {path} cannot be used ({why}); DATA_DIR names its folder",
    },
    "memory_no_day": {
        "ru": "«{text}» — не день; день выглядит так: 2026-11-22",
        "en": "“{text}” names no day; one looks like 2026-11-22",
    },
    "memory_nothing": {"ru": "Об этом ничего не запомнено.", "en": "Nothing is remembered about that."},
    "memory_left": {"ru": "осталось прочесть: {left} …", "en": "{left} passages left to read …"},
    "memory_count_memory": {"ru": "MEMORY.md: {count}", "en": "MEMORY.md: {count}"},
    "memory_count_day": {"ru": "записи по дням: {count}", "en": "day logs: {count}"},
    "memory_count_note": {"ru": "заметки: {count}", "en": "notes: {count}"},
    "memory_count_conversation": {"ru": "дни разговоров: {count}", "en": "days of conversations: {count}"},
    "memory_counts": {
        "ru": "отрывков: {passages}, в них пунктов: {units}, с векторами: {vectors}\n{path}: {bytes} байт",
        "en": "passages: {passages}, of items: {units}, with vectors: {vectors}\n{path}: {bytes} bytes",
    },
    "memory_embedder": {"ru": "модель: {name}", "en": "embedder: {name}"},
    "memory_words_only": {
        "ru": "модели нет, поиск только по словам; почему, скажет ./jobs doctor",
        "en": "no embedder, words only; ./jobs doctor says why",
    },
    "backup_exists": {
        "ru": "{path} уже есть; назовите другой файл или уберите этот",
        "en": "{path} is there already; name another file, or move it away",
    },
    "backup_not_written": {
        "ru": "{path} не записывается ({why}); проверьте папку и её диск",
        "en": "{path} cannot be written ({why}); check the folder and its disk",
    },
    "backup_not_copied": {
        "ru": "{path} не копируется ({why}); ./jobs doctor скажет, что не так",
        "en": "{path} cannot be copied ({why}); ./jobs doctor says what is wrong",
    },
    "backup_no_file": {
        "ru": "файла {path} нет; ничего не изменено",
        "en": "there is no file {path}; nothing was changed",
    },
    "backup_unusable": {"ru": "{path} не годится ({why})", "en": "{path} cannot be used ({why})"},
    "backup_not_whole": {
        "ru": "{path} — не целая копия Jobs ({why}); ничего не изменено",
        "en": "{path} is no whole backup of Jobs ({why}); nothing was changed",
    },
    "backup_newer": {
        "ru": "{path} сделан более новым Jobs ({version}); сначала обновите этот",
        "en": "{path} was made by a newer Jobs ({version}); update this one first",
    },
    "backup_damaged": {
        "ru": "{path} повреждён ({name}); ничего не изменено",
        "en": "{path} is damaged ({name}); nothing was changed",
    },
    "backup_no_database": {
        "ru": "в этой копии нет базы; ничего не изменено",
        "en": "there is no database in this backup; nothing was changed",
    },
    "backup_bad_database": {
        "ru": "база из копии не годится ({why})",
        "en": "the backup's database cannot be used ({why})",
    },
}
