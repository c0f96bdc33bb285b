"""The benchmarks behind README's figures: contenders are measured in turns in one run; figures are medians and their
ratios.
"""
