"""The tables: what a space is worth, beside rows that keep anyone from fooling themselves."""
