"""Take the measurements: start servers, run the load client in turns, fill the record."""
