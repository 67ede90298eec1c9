"""`./jobs demo`, in the terminal."""

from jobs.texts.language import Texts

TEXTS: Texts = {
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
        "ru": "Вы владелец, {owner}. Ещё есть {others}: /as {first} — писать от имени этого человека, /as owner — снова от своего. /quit — выйти. Остальное, и команды тоже (/help), — для Jobs.",
        "en": "You are the owner, {owner}. There are also {others}: /as {first} writes as that person, /as owner as yourself again. /quit leaves. All else is for Jobs, commands too (/help).",
    },
    "demo_now_you_are": {"ru": "Теперь вы пишете как {name}.", "en": "You now write as {name}."},
    "demo_nobody": {
        "ru": "Здесь нет никого с именем {name}. Есть: {names}.",
        "en": "There is no {name} here. There are: {names}.",
    },
    "demo_up": {"ru": "Jobs запущен. Пишите.", "en": "Jobs is up. Write something."},
    "demo_died": {"ru": "Программа остановилась. Последние строки:", "en": "The program has stopped. Its last lines:"},
}
