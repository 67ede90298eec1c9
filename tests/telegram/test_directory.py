"""People whom Jobs does not know yet are found in Telegram by what the owner calls them."""

from pathlib import Path

import pytest
from tests.telegram.post import Post

from jobs_simulator.telegram import Account, TelegramSimulator


@pytest.mark.parametrize("query", ["@maria_i", "+7 900 000-11-22", "8 (900) 000-11-22", "79000001122"])
async def test_somebody_unknown_is_found_by_username_and_by_a_phone_in_any_form(
    sim: TelegramSimulator, jobs: Account, owner: Account, tmp_path: Path, query: str
) -> None:
    maria = sim.add_user("Мария", username="maria_i", phone="79000001122")
    async with Post(sim, tmp_path, jobs, owner) as post:
        assert await post.directory.look_up(query) == maria.id
        assert await post.directory.look_up("9000001122") is None, "so short a number may be an account's id"
