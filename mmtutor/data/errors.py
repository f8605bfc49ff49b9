"""What goes wrong with downloaded data."""


class DataError(RuntimeError):
    """Data could not be fetched, or are not what they should be; says what to do about it."""
