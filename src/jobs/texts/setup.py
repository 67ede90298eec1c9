"""`./jobs setup`, in the terminal."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "setup_from_environment": {"ru": "окружение", "en": "the environment"},
    "setup_kept": {"ru": "Уже задано: {names}.", "en": "Set already: {names}."},
    "setup_environment_wins": {
        "ru": "{name} задан в окружении, а оно важнее файла .env: исправьте его там и запустите ./jobs setup снова.",
        "en": "{name} is set in the environment, which wins over .env: mend it there and run ./jobs setup again.",
    },
    "setup_not_written": {"ru": "Не получилось записать {path}: {error}.", "en": "{path} cannot be written: {error}."},
    "setup_running": {
        "ru": "Jobs сейчас работает на {path}; сначала остановите его.",
        "en": "Jobs is running on {path}; stop it first.",
    },
    "setup_left": {
        "ru": "Настройка не закончена; всё, что сделано, сохранено. Чтобы продолжить: ./jobs setup.",
        "en": "Setup is not finished; what is done is kept. To go on: ./jobs setup.",
    },
    "setup_where_api": {
        "ru": "Нужны ключи приложения Telegram. Откройте https://my.telegram.org, войдите и выберите API development "
        "tools: там App api_id и App api_hash.",
        "en": "An application's keys for Telegram are needed. Open https://my.telegram.org, sign in and choose API "
        "development tools: App api_id and App api_hash are there.",
    },
    "setup_ask_tg_api_id": {"ru": "App api_id (TG_API_ID):", "en": "App api_id (TG_API_ID):"},
    "setup_ask_tg_api_hash": {"ru": "App api_hash (TG_API_HASH):", "en": "App api_hash (TG_API_HASH):"},
    "setup_ask_http_proxy": {
        "ru": "Прокси, если он нужен: http://имя:пароль@адрес:порт или socks5://… ({enter}):",
        "en": "A proxy, if one is needed: http://name:password@host:port or socks5://… ({enter}):",
    },
    "setup_proxy_none": {"ru": "Enter: без прокси", "en": "Enter: none"},
    "setup_proxy_keep": {"ru": "Enter: попробовать как есть, -: без прокси", "en": "Enter: try as it is, -: none"},
    "setup_ask_tz": {
        "ru": "Часовой пояс владельца, например Europe/Moscow (Enter: {zone}):",
        "en": "The owner's time zone, such as Europe/London (Enter: {zone}):",
    },
    "setup_ask_anthropic_api_key": {"ru": "Ключ API (ANTHROPIC_API_KEY):", "en": "API key (ANTHROPIC_API_KEY):"},
    "setup_ask_claude_code_oauth_token": {
        "ru": "Токен, который показал claude setup-token (CLAUDE_CODE_OAUTH_TOKEN):",
        "en": "The token that claude setup-token has shown (CLAUDE_CODE_OAUTH_TOKEN):",
    },
    "setup_wrong_tg_api_id": {
        "ru": "TG_API_ID — это целое число больше нуля.",
        "en": "TG_API_ID has to be a whole number above 0.",
    },
    "setup_wrong_tg_api_hash": {
        "ru": "TG_API_HASH — это 32 символа из 0-9 и a-f; скопируйте его с my.telegram.org.",
        "en": "TG_API_HASH has to be 32 characters of 0-9 and a-f; copy it from my.telegram.org.",
    },
    "setup_wrong_tg_bot_token": {
        "ru": "TG_BOT_TOKEN выглядит как 123456:ABC-DEF…; скопируйте его у @BotFather.",
        "en": "TG_BOT_TOKEN has to look like 123456:ABC-DEF…; copy it from @BotFather.",
    },
    "setup_wrong_tg_user_id": {
        "ru": "TG_USER_ID — это целое число больше нуля: номер владельца в Telegram.",
        "en": "TG_USER_ID has to be a whole number above 0: the owner's number in Telegram.",
    },
    "setup_wrong_http_proxy": {
        "ru": "HTTP_PROXY выглядит как http://имя:пароль@адрес:порт или socks5://имя:пароль@адрес:порт.",
        "en": "HTTP_PROXY has to look like http://name:password@host:port or socks5://name:password@host:port.",
    },
    "setup_wrong_tz": {
        "ru": "Такого часового пояса нет; нужно имя вроде Europe/Moscow или UTC.",
        "en": "There is no such time zone; a name such as Europe/London or UTC is needed.",
    },
    "setup_wrong_anthropic_api_key": {"ru": "Это не похоже на ключ.", "en": "This does not look like a key."},
    "setup_wrong_claude_code_oauth_token": {"ru": "Это не похоже на токен.", "en": "This does not look like a token."},
    "setup_telegram_unreachable": {
        "ru": "До Telegram не достучаться: проверьте сеть и прокси.",
        "en": "Telegram cannot be reached: check the network and the proxy.",
    },
    "setup_telegram_lost": {
        "ru": "Связь с Telegram прервалась; всё, что сделано, сохранено. Чтобы продолжить: ./jobs setup.",
        "en": "The connection to Telegram was lost; what is done is kept. To go on: ./jobs setup.",
    },
    "setup_login_failed": {
        "ru": "Вход в Telegram не состоялся; всё, что сделано, сохранено. Чтобы продолжить: ./jobs setup.",
        "en": "The sign-in to Telegram did not succeed; what is done is kept. To go on: ./jobs setup.",
    },
    "setup_login_lost": {
        "ru": "Telegram больше не принимает прежний вход, нужен новый.",
        "en": "Telegram no longer accepts the login of before; a new one is needed.",
    },
    "setup_login_damaged": {
        "ru": "Файл прежнего входа в Telegram повреждён, нужен новый вход.",
        "en": "The file with the Telegram login of before is damaged; a new login is needed.",
    },
    "setup_signed_in": {"ru": "Вход в Telegram выполнен: {account}.", "en": "Signed in to Telegram as {account}."},
    "setup_token_of_another": {
        "ru": "TG_BOT_TOKEN от другого бота. Чтобы сменить аккаунт, удалите {path} и запустите ./jobs setup снова.",
        "en": "TG_BOT_TOKEN is another bot's. To change the account, delete {path} and run ./jobs setup again.",
    },
    "setup_ask_owner": {
        "ru": "Кто владелец? Его @имя или телефон в Telegram; «я», если это ваш собственный аккаунт:",
        "en": "Who is the owner? Their @username or phone in Telegram; “me” if this account is your own:",
    },
    "setup_ask_owner_bot": {
        "ru": "Кто владелец? Его @имя или номер id в Telegram; или нажмите Enter и напишите боту {bot} со своего аккаунта:",
        "en": "Who is the owner? Their @username or id number in Telegram; or press Enter and write to {bot} from your own account:",
    },
    "setup_owner_waiting": {
        "ru": "Напишите боту {bot} что угодно со своего аккаунта; жду.",
        "en": "Write anything to {bot} from your own account; waiting.",
    },
    "setup_owner_right": {
        "ru": "{owner}: это владелец? (Enter: да, n: нет)",
        "en": "{owner}: is this the owner? (Enter: yes, n: no)",
    },
    "setup_owner_not_found": {
        "ru": "Такой аккаунт не найден. Проверьте; если телефон скрыт, поможет @имя.",
        "en": "There is no such account. Check it; where the phone is hidden, the @username helps.",
    },
    "setup_owner_no_person": {"ru": "Это не аккаунт человека.", "en": "This is not a person's account."},
    "setup_owner_unknown": {
        "ru": "Владельца с номером {id} (TG_USER_ID) этот аккаунт ещё не знает.",
        "en": "The owner with the number {id} (TG_USER_ID) is not known to this account yet.",
    },
    "setup_owner_must_write": {
        "ru": "Владелец ещё не писал боту, а боты первыми не пишут: пусть напишет ему.",
        "en": "The owner has not written to the bot yet, and a bot cannot write first: have them write to it.",
    },
    "setup_owner_not_added": {
        "ru": "Добавить владельца в контакты не получилось; это не помешает.",
        "en": "The owner could not be put into the contacts; this does no harm.",
    },
    "setup_model_how": {
        "ru": "Чем платить за модель? 1: ключ API с console.anthropic.com, 2: подписка Claude, вход в браузере.",
        "en": "How is the model paid for? 1: an API key from console.anthropic.com, 2: a Claude subscription, signing in in the browser.",
    },
    "setup_model_how_none": {"ru": "3: {url} ключа не требует.", "en": "3: {url} needs no key."},
    "setup_model_how_again": {
        "ru": "Enter: попробовать с тем же ещё раз.",
        "en": "Enter: try the same again.",
    },
    "setup_oauth_starts": {
        "ru": "Сейчас войдёте через claude setup-token; токен, который он покажет, вставьте сюда.",
        "en": "You now sign in with claude setup-token; paste the token that it shows here.",
    },
    "setup_oauth_elsewhere": {
        "ru": "Выполните в терминале: {command}",
        "en": "Run this in a terminal: {command}",
    },
    "setup_model_checking": {"ru": "Проверяю модель одним вызовом…", "en": "Checking the model with one call…"},
    "setup_model_answers": {
        "ru": "Модель отвечает: {model}. Проверка стоила ${cost}.",
        "en": "The model answers: {model}. The check cost ${cost}.",
    },
    "setup_model_refused": {
        "ru": "Сервис модели не принимает этот ключ или токен (ошибка {status}).",
        "en": "The model's service refuses this key or token (error {status}).",
    },
    "setup_model_busy": {
        "ru": "Сервис модели сейчас не отвечает как надо (ошибка {status}); ключ может быть верным.",
        "en": "The model's service is in trouble right now (error {status}); the key may be right.",
    },
    "setup_model_unreachable": {
        "ru": "До сервиса модели ({address}) не достучаться: проверьте сеть, прокси и адрес.",
        "en": "The model's service ({address}) cannot be reached: check the network, the proxy and the address.",
    },
    "setup_model_failed": {
        "ru": "Проверка модели не удалась: {error}.",
        "en": "The check of the model failed: {error}.",
    },
    "setup_nothing_changed": {
        "ru": "Всё уже на месте; ничего не изменено.",
        "en": "Everything is in place; nothing was changed.",
    },
    "setup_done": {
        "ru": "Теперь Jobs — {account}. Владелец: {owner}. Запуск: ./jobs up",
        "en": "Jobs is now {account}. Owner: {owner}. Start it with ./jobs up",
    },
}
