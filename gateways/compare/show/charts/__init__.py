"""The charts of a comparison: their data, their scales, and their SVG."""
