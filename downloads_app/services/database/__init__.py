"""What statements need beside the models: transactions of their own, the database's clock."""
