"""The page on which figures answer for themselves."""
