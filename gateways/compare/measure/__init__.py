"""Measure: start the servers, put load on one after the other, and add each measurement to the record."""
