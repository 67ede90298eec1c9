"""The one catalogue of what people are told, in Russian and English, and how times are said.

Every text that code (not a model) shows to a person in Telegram or in the terminal stands here.
"""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

Language = Literal["ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ru", "en")

CATALOGUE: dict[str, dict[Language, str]] = {
    # -------------------------------------------------------- to whoever writes
    "model_unavailable": {
        "ru": "Сейчас не могу ответить: сервис модели недоступен. Сообщение сохранено, отвечу, как только он вернётся.",
        "en": "I can't answer right now: the model's service is unavailable. Your message is kept; I'll answer when it is back.",
    },
    "set_aside": {
        "ru": "С этим сообщением у меня не получилось справиться; владелец об этом узнает. Попробуйте написать иначе.",
        "en": "I could not deal with this message; the owner will hear of it. Please try putting it another way.",
    },
    "empty_reply": {"ru": "Готово.", "en": "Done."},
    # ---------------------------------------------------------------- progress
    "working": {"ru": "Работаю, {elapsed}", "en": "Working, {elapsed}"},
    "seconds": {"ru": "{n} с", "en": "{n} s"},
    "doing": {"ru": "{tool}", "en": "{tool}"},
    "doing_Bash": {"ru": "выполняю команду", "en": "running a command"},
    "doing_Read": {"ru": "читаю файл", "en": "reading a file"},
    "doing_Write": {"ru": "пишу файл", "en": "writing a file"},
    "doing_Edit": {"ru": "правлю файл", "en": "editing a file"},
    "doing_Glob": {"ru": "ищу файлы", "en": "looking for files"},
    "doing_Grep": {"ru": "ищу в файлах", "en": "searching files"},
    "doing_WebSearch": {"ru": "ищу в интернете", "en": "searching the web"},
    "doing_WebFetch": {"ru": "читаю страницу", "en": "reading a page"},
    "doing_Agent": {"ru": "поручаю помощнику", "en": "asking a helper"},
    "doing_send_to_user": {"ru": "пишу человеку", "en": "writing to a person"},
    "doing_create_user_task": {"ru": "поручаю", "en": "handing a task over"},
    "doing_get_user_tasks": {"ru": "смотрю задачи", "en": "looking at tasks"},
    "doing_cancel_user_task": {"ru": "отменяю задачу", "en": "cancelling a task"},
    "doing_resolve_user": {"ru": "ищу человека", "en": "looking for a person"},
    "doing_list_users": {"ru": "смотрю, кого знаю", "en": "looking whom I know"},
    "doing_memory_search": {"ru": "ищу в памяти", "en": "searching memory"},
    "doing_memory_append": {"ru": "запоминаю", "en": "remembering"},
    "doing_schedule_task": {"ru": "ставлю напоминание", "en": "setting a reminder"},
    # ---------------------------------------------------------------- commands
    "stopped": {"ru": "Остановлено. Ничего ещё не было сделано.", "en": "Stopped. Nothing had been done yet."},
    "stopped_after": {"ru": "Остановлено. Уже сделано: {done}.", "en": "Stopped. Already done: {done}."},
    "nothing_to_stop": {"ru": "Сейчас ничего не выполняется.", "en": "Nothing is running now."},
    "dropped": {"ru": "То, что ждало ответа, снято.", "en": "What was waiting for an answer is dropped."},
    "renewed": {
        "ru": "Начинаем новый разговор; последние сообщения я помню.",
        "en": "A new conversation begins; I remember the last messages.",
    },
    "busy_renewing": {"ru": "Сначала остановите текущую работу: /stop.", "en": "Stop the current work first: /stop."},
    "help_owner": {
        "ru": "Пишите как человеку. Команды:\n/stop — остановить работу (или просто «стоп»)\n/new — новый разговор\n"
        "/tasks — кто что должен\n/people — кого я знаю\n/status — как дела у программы\n/usage — сколько потрачено\n/help — это сообщение",
        "en": "Write as you would to a person. Commands:\n/stop: stop the work (or just “stop”)\n/new: a new conversation\n"
        "/tasks: who owes what\n/people: whom I know\n/status: how the program is\n/usage: what was spent\n/help: this message",
    },
    "help_external": {
        "ru": "Я ИИ-ассистент, мой владелец: {owner}. Передам ваши слова, покажу и отмечу ваши задачи.\n"
        "/tasks — ваши задачи\n/stop — остановить ответ\n/help — это сообщение",
        "en": "I am an AI assistant; I work for {owner}. I pass your words on, and show and note your tasks.\n"
        "/tasks: your tasks\n/stop: stop the answer\n/help: this message",
    },
    "no_tasks": {"ru": "Открытых задач нет.", "en": "There are no open tasks."},
    "task_line": {"ru": "{id}. {title} — {status}", "en": "{id}. {title}: {status}"},
    "task_line_due": {
        "ru": "{id}. {title} — {status}, срок {deadline}",
        "en": "{id}. {title}: {status}, due {deadline}",
    },
    "no_people": {"ru": "Пока никого не знаю.", "en": "I know nobody yet."},
    "never_wrote": {"ru": "ещё не писал(а)", "en": "has not written yet"},
    "status": {
        "ru": "Работаю с {since}.\nTelegram: {connection}.\nХодов сейчас: {busy}, сессий: {warm}.\n"
        "Ждут ответа: {waiting}, ждут отправки: {queued}, отложено: {set_aside}.\nПоследняя ошибка: {error}\n"
        "Следующее напоминание: {next}\nВерсия {version}.",
        "en": "Up since {since}.\nTelegram: {connection}.\nTurns now: {busy}, sessions: {warm}.\n"
        "Waiting for an answer: {waiting}, to be sent: {queued}, set aside: {set_aside}.\nLast error: {error}\n"
        "Next reminder: {next}\nVersion {version}.",
    },
    "connected": {"ru": "на связи", "en": "connected"},
    "disconnected": {"ru": "нет связи", "en": "not connected"},
    "none": {"ru": "нет", "en": "none"},
    "usage_head": {"ru": "Расход за {days} дн.:", "en": "Spent in {days} days:"},
    "usage_line": {
        "ru": "{what}: {turns} ход., {tokens} ток., ${cost:.2f}",
        "en": "{what}: {turns} turns, {tokens} tokens, ${cost:.2f}",
    },
    "usage_owner": {"ru": "Вы", "en": "You"},
    "usage_others": {"ru": "Остальные", "en": "Everyone else"},
    # ------------------------------------------------------------- to the owner
    "model_key_wrong": {
        "ru": "Модель не принимает ключ (ошибка {status}). Проверьте ANTHROPIC_API_KEY или CLAUDE_CODE_OAUTH_TOKEN "
        "в .env и перезапустите меня; ./jobs setup поможет. Сообщения сохранены и ждут.",
        "en": "The model refuses the key (error {status}). Check ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN in .env "
        "and restart me; ./jobs setup helps. Messages are kept and wait.",
    },
    "set_aside_owner": {
        "ru": "Не справился с сообщением от {name} (ход {turn}): {error}",
        "en": "I could not deal with a message from {name} (turn {turn}): {error}",
    },
    "undelivered": {
        "ru": "Не удалось доставить сообщение для {name} ({reason}). Вот оно:\n\n{text}",
        "en": "A message to {name} could not be delivered ({reason}). Here it is:\n\n{text}",
    },
    "word_for_owner": {"ru": "{name} просит передать:\n\n{text}", "en": "{name} asks to pass on:\n\n{text}"},
    "task_changed": {
        "ru": "{name}, задача {id} «{title}»: {status}.",
        "en": "{name}, task {id} “{title}”: {status}.",
    },
    "task_comment": {"ru": "Слова: {comment}", "en": "In their words: {comment}"},
    "reminder": {"ru": "Напоминание: {text}", "en": "Reminder: {text}"},
    # ------------------------------------------------- to the person with a task
    "task_intro": {
        "ru": "Здравствуйте! Пишет Jobs, ИИ-ассистент. Мой владелец: {owner}. Вам просят передать задачу.",
        "en": "Hello! This is Jobs, an AI assistant. I work for {owner}. I was asked to pass a task on to you.",
    },
    "task_next": {"ru": "Новая задача, её просит передать {owner}.", "en": "A new task from {owner}."},
    "task_body": {"ru": "Задача {id}: {title}", "en": "Task {id}: {title}"},
    "task_deadline": {"ru": "Срок: {deadline}", "en": "Due: {deadline}"},
    "task_how": {
        "ru": "Ответьте здесь своими словами: берёте ли, есть ли вопросы, когда будет готово.",
        "en": "Just answer here in your own words: whether you take it, any questions, and when it is done.",
    },
    "task_cancelled": {
        "ru": "Задача {id} «{title}» больше не нужна.",
        "en": "Task {id} “{title}” is no longer needed.",
    },
    # ------------------------------------------------------------------ statuses
    "status_new": {"ru": "новая", "en": "new"},
    "status_accepted": {"ru": "принята", "en": "accepted"},
    "status_in_progress": {"ru": "в работе", "en": "in progress"},
    "status_done": {"ru": "выполнена", "en": "done"},
    "status_declined": {"ru": "отклонена", "en": "declined"},
    "status_cancelled": {"ru": "отменена", "en": "cancelled"},
    # ---------------------------------------------- messages that are not text
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
    "media_too_large": {
        "ru": "{name} ({size}) больше {limit} МБ, поэтому скачивать не стану.",
        "en": "{name} ({size}) is larger than {limit} MB, so I will not download it.",
    },
    "media_failed": {
        "ru": "Не получилось скачать {name} ({size}); пришлите ещё раз, если это важно.",
        "en": "I could not download {name} ({size}); please send it again if it matters.",
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
    # --------------------------------------------------- signing in to Telegram
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
    # ------------------------------------------------------------------- setup
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
    # -------------------------------------------------------------------- demo
    "demo_start": {
        "ru": "Это демонстрация: настроек Telegram нет (их сделает ./jobs setup).\n"
        "Работает настоящая программа, но Telegram встроенный, только на этой машине. Всё исчезнет, когда вы выйдете.",
        "en": "This is the demo: there are no Telegram settings (./jobs setup makes them).\n"
        "The real program runs against a built-in Telegram, on this machine only. All of it is gone when you leave.",
    },
    "demo_scripted": {
        "ru": "Отвечает сценарий, а не модель: ключа нет. Он понимает десяток просьб; спросите «что ты умеешь?».",
        "en": "A script answers, not a model: there is no credential. It understands a dozen requests; ask “what can you do?”.",
    },
    "demo_real_model": {
        "ru": "Отвечает настоящая модель, по вашему ключу: это стоит денег.",
        "en": "The real model answers, on your credential: this costs money.",
    },
    "demo_how": {
        "ru": "Вы владелец, {owner}. Ещё есть {others}: /as {first} — писать от имени этого человека, /as owner — снова от своего. /quit — выйти.",
        "en": "You are the owner, {owner}. There are also {others}: /as {first} writes as that person, /as owner as yourself again. /quit leaves.",
    },
    "demo_now_you_are": {"ru": "Теперь вы пишете как {name}.", "en": "You now write as {name}."},
    "demo_nobody": {
        "ru": "Здесь нет никого с именем {name}. Есть: {names}.",
        "en": "There is no {name} here. There are: {names}.",
    },
    "demo_unknown": {"ru": "Есть команды /as ИМЯ и /quit.", "en": "The commands are /as NAME and /quit."},
    "demo_up": {"ru": "Jobs запущен. Пишите.", "en": "Jobs is up. Write something."},
    "demo_died": {"ru": "Программа остановилась. Последние строки:", "en": "The program has stopped. Its last lines:"},
}


def say(key: str, language: Language, **values: object) -> str:
    """The text `key` in a language, with its values filled in."""
    return CATALOGUE[key][language].format(**values)


def say_time(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    """A moment for people: "среда, 25 ноября, 18:00 (Europe/Moscow)"."""
    local = moment.astimezone(zone)
    pattern = "EEEE, d MMMM, HH:mm" if language == "ru" else "EEEE, MMMM d, HH:mm"
    return f"{format_datetime(local, pattern, locale=language)} ({zone.key})"


def language_of(text: str) -> Language | None:
    """The language of a text by its letters: Russian when at least 3 in 10 are Cyrillic; None without letters."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return None
    cyrillic = sum("\u0400" <= character <= "\u04ff" for character in letters)
    return "ru" if cyrillic * 10 >= len(letters) * 3 else "en"


def language_from_code(code: str | None) -> Language | None:
    """Telegram's language code as one of ours; None when it gives no hint."""
    if not code:
        return None
    return "ru" if code.lower().split("-")[0] in ("ru", "be", "uk", "kk") else "en"
