"""`python -m jobs`, and the `jobs` command."""

from jobs import garbage


def main() -> None:
    garbage.loading()
    from jobs.cli import main as run

    run()


if __name__ == "__main__":
    main()
