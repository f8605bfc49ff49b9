"""Data of your own: from a folder of files and a table to a data set that was looked at."""
