"""Who sees it: the commands. Each group of commands is a file; `cli` puts them together and says what went wrong."""
