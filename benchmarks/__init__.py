"""The benchmarks behind the figures in README.

Contenders are measured in turns in one run. The figures are medians, and ratios of them.
"""
