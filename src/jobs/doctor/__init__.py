"""`./jobs doctor`: everything that has to be right for Jobs to work, each with what to do where it is not."""

from jobs.doctor.run import doctor, wrong_settings

__all__ = ["doctor", "wrong_settings"]
