"""Draw the charts of a comparison: compute their data and scales, and write SVG."""
