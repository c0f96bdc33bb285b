"""The charts of a comparison: what they show, where that lies, and how it is drawn in SVG."""
