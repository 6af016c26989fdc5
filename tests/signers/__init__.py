"""Senders of signed webhooks, written from the platforms' documents. They import nothing of the product."""
