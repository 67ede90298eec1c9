"""What the owner is asked and told about MCP servers."""

from jobs.texts.language import Texts

TEXTS: Texts = {
    "mcp_ask": {
        "ru": "MCP-сервер «{name}» хочет запуститься в первый раз или в новом виде. Будет запущено:\n{what}\n"
        "Получит переменные: {variables}\n\nРазрешить? /mcp allow {name} — да, /mcp deny {name} — нет.",
        "en": "The MCP server “{name}” would be started for the first time, or in another form. What will be run:\n{what}\n"
        "It gets the variables: {variables}\n\nAllow it? /mcp allow {name}: yes; /mcp deny {name}: no.",
    },
    "mcp_headers": {"ru": "с заголовками: {names}", "en": "with the headers: {names}"},
    "mcp_changed": {
        "ru": "MCP-сервер «{name}» теперь предлагает не то, что вы разрешили, поэтому он отключён. Что изменилось:\n{difference}\n\n"
        "Разрешить? /mcp allow {name} — да, /mcp deny {name} — нет.",
        "en": "The MCP server “{name}” now offers something else than you allowed, so it is off. What has changed:\n{difference}\n\n"
        "Allow it? /mcp allow {name}: yes; /mcp deny {name}: no.",
    },
    "mcp_changed_before": {"ru": "(целиком — в файле выше)", "en": "(the whole difference is in the file above)"},
    "choice_deny": {"ru": "Не разрешать", "en": "Do not allow"},
    "mcp_allowed": {
        "ru": "MCP-сервер «{name}» разрешён, подключаю.",
        "en": "The MCP server “{name}” is allowed; connecting.",
    },
    "mcp_denied": {"ru": "MCP-сервер «{name}» выключен.", "en": "The MCP server “{name}” is off."},
    "mcp_not_asked": {
        "ru": "О сервере «{name}» сейчас ничего не спрашиваю. Все серверы: /mcp",
        "en": "I am asking nothing about the server “{name}” now. All servers: /mcp",
    },
    "mcp_unknown": {
        "ru": "MCP-сервера «{name}» нет. Все серверы: /mcp",
        "en": "There is no MCP server “{name}”. All: /mcp",
    },
    "mcp_none": {
        "ru": "MCP-серверов нет. Попросите: «найди MCP-сервер для …».",
        "en": "There are no MCP servers. Ask me: “find an MCP server for …”.",
    },
    "mcp_line": {"ru": "{name}: {state}, инструментов: {parts}", "en": "{name}: {state}, tools: {parts}"},
    "mcp_state_off": {"ru": "выключен", "en": "off"},
    "mcp_state_waits": {"ru": "ждёт вашего разрешения", "en": "waits for your yes"},
    "mcp_state_starting": {"ru": "запускается", "en": "starting"},
    "mcp_state_ready": {"ru": "работает", "en": "ready"},
    "mcp_state_broken": {"ru": "не работает", "en": "broken"},
    "mcp_state_changed": {"ru": "изменился, ждёт вашего разрешения", "en": "has changed, waits for your yes"},
    "mcp_reason_words": {"ru": "{words}", "en": "{words}"},
    "mcp_reason_line": {"ru": "строка {line}: {what}", "en": "line {line}: {what}"},
    "mcp_reason_no_utf8": {"ru": "это не текст в UTF-8", "en": "it is not UTF-8 text"},
    "mcp_reason_no_json": {"ru": "это не JSON ({what})", "en": "it is not JSON ({what})"},
    "mcp_reason_too_deep": {"ru": "вложенность слишком глубока", "en": "it is nested too deep"},
    "mcp_reason_form": {
        "ru": 'файл должен иметь вид {{"mcpServers": {{…}}}}',
        "en": 'it has to be {{"mcpServers": {{…}}}}',
    },
    "mcp_reason_unreadable": {
        "ru": "файл не читается ({why}); проверьте владельца и права",
        "en": "it cannot be read ({why}); check its owner and mode",
    },
    "mcp_reason_file": {
        "ru": "в mcp_servers.json ошибка ({what}); сначала исправьте файл",
        "en": "mcp_servers.json is broken ({what}); mend the file by hand first",
    },
    "mcp_reason_no_server": {"ru": "сервера «{name}» нет", "en": "there is no server '{name}'"},
    "mcp_reason_name": {
        "ru": "серверу «{name}» нужно другое имя: до 40 латинских букв, цифр, - и _, и не jobs",
        "en": "the server '{name}' needs another name: up to 40 letters, digits, - and _, and not 'jobs'",
    },
    "mcp_reason_no_object": {"ru": "сервер «{name}» — не объект", "en": "the server '{name}' is no object"},
    "mcp_reason_command_or_url": {
        "ru": "серверу «{name}» нужно одно из двух: command или url",
        "en": "the server '{name}' needs either a command or a url",
    },
    "mcp_reason_no_texts": {
        "ru": "у сервера «{name}» в {field} должны быть строки",
        "en": "the server '{name}' has a wrong '{field}': texts are wanted",
    },
    "mcp_reason_type": {
        "ru": "у сервера «{name}» тип {type} не подходит: для stdio нужен command, для http и sse — url",
        "en": "the server '{name}' has the type {type}, which does not fit: stdio takes a command, http and sse a url",
    },
    "mcp_reason_url": {
        "ru": "у сервера «{name}» url начинается не с http:// и не с https://",
        "en": "the server '{name}' has a url that does not begin with http:// or https://",
    },
    "mcp_reason_no_answer": {"ru": "не ответил за {seconds} с", "en": "it did not answer within {seconds} s"},
    "mcp_reason_silent": {"ru": "не отвечает", "en": "it does not answer"},
    "mcp_reason_lost": {"ru": "связь потеряна", "en": "the connection was lost"},
    "mcp_reason_away": {"ru": "недоступен ({kind})", "en": "it cannot be reached ({kind})"},
    "mcp_reason_answered": {"ru": "ответил {status}", "en": "it answered {status}"},
    "mcp_reason_answered_key": {
        "ru": "ответил {status}: ключа или токена нет, или он не тот",
        "en": "it answered {status}: the key or token it is given is missing or wrong",
    },
    "mcp_reason_unset": {
        "ru": "переменная {variable} не задана; попросите меня её задать",
        "en": "the variable {variable} is not set; set it with mcp_set_env",
    },
    "mcp_reason_empty": {
        "ru": "переменная {variable} пуста; попросите меня её задать",
        "en": "the variable {variable} is empty; set it with mcp_set_env",
    },
    "mcp_reason_no_program": {
        "ru": "на этой машине нет программы '{program}'",
        "en": "there is no program '{program}' on this machine",
    },
    "mcp_reason_no_npx": {
        "ru": "на этой машине нет программы '{program}'; установите Node.js",
        "en": "there is no program '{program}' on this machine; install Node.js",
    },
    "mcp_reason_no_uvx": {
        "ru": "на этой машине нет программы '{program}'; установите uv (pip install uv)",
        "en": "there is no program '{program}' on this machine; install uv (pip install uv)",
    },
    "mcp_file_broken": {
        "ru": "В файле MCP-серверов ошибка, остаётся прежний список. {reason}",
        "en": "The file of MCP servers has a mistake; the earlier list stays in force. {reason}",
    },
    "mcp_secret_ask": {
        "ru": "Серверу «{server}» нужна переменная {variable}. Пришлите её значение ответом на это сообщение: "
        "я сохраню его, модель его не увидит, а ваше сообщение я удалю из чата. Вопрос действует 15 минут.",
        "en": "The server “{server}” needs the variable {variable}. Send its value as a reply to this message: "
        "I store it, the model does not see it, and I delete your message from the chat. The question stands for 15 minutes.",
    },
    "mcp_secret_taken": {
        "ru": "Значение {variable} для «{server}» сохранено, сообщение с ним удаляю.",
        "en": "The value of {variable} for “{server}” is stored; I am deleting the message that held it.",
    },
    "mcp_secret_failed": {
        "ru": "Значение {variable} для «{server}» не сохранено: {reason}. Сообщение с ним удаляю.",
        "en": "The value of {variable} for “{server}” is not stored: {reason}. I am deleting the message that held it.",
    },
    "mcp_secret_which": {
        "ru": "Я жду несколько значений и не знаю, какое из них вы прислали, поэтому не сохраняю его и удаляю сообщение. "
        "Пришлите его ответом на тот вопрос, к которому оно относится.",
        "en": "I am waiting for several values and do not know which one this is, so I do not store it, and delete the message. "
        "Send it as a reply to the question it belongs to.",
    },
    "command_mcp_owner": {"ru": "MCP-серверы", "en": "MCP servers"},
}
