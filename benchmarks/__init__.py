"""What README's figures come from: side by side in one run, in turns, medians and their ratios."""
