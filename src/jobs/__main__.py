"""`python -m jobs`: the same as the `jobs` command."""

from jobs.cli import main

main()
