"""What the record says: figures, statistics, verdicts and doubts. Computes; measures nothing."""
