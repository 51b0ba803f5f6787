"""Downloads as their owners see them: lifecycle, history, plans and listed files."""
