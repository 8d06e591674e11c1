"""The sentences that answers are made of."""
