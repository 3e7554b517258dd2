"""The search for the loosest bound that passes every test, codec by codec and level by level."""
