"""Parts of the scenario of `demo --play`, a file for each."""
