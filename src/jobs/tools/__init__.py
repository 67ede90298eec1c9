"""Which tools each role gets, and the scheduler."""
