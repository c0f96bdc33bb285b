#!/no/such/interpreter
printf 'Content-Type: text/plain\n\nhello\n'
