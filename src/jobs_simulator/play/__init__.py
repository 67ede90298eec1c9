"""Parts of the scenario of `demo --play`, a file each."""
