"""The benchmarks behind the figures in README.

All contenders are measured in one run, in turns. The figures are medians. Ratios are
medians of the ratios of each round.
"""
