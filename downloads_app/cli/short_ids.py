"""How much of an id commands show: enough to tell the rows of a list apart, and to name one of them."""

SHORT_ID_LENGTH = 8
