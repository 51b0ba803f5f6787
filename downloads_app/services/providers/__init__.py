"""Providers and their repositories, and what is known of them."""
