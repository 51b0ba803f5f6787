"""The page at 1,000 rows, and three ways of drawing them."""
