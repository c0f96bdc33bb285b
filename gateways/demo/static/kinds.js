// One sentence on each kind of event, for the dialog.

export const KINDS = {
  request: "The CGI host gets the request from its server. No program runs yet.",
  environment: "RFC 3875, 4.1: the program gets the request headers as environment variables.",
  process: "A new process starts the program for this request only.",
  stdin: "RFC 3875, 4.2: the program reads the request’s body from its standard input.",
  stdout: "RFC 3875, 6: the program writes its headers, an empty line and the body to its standard output.",
  stderr: "The program’s standard error goes to a log, not to the client.",
  exit: "The program’s process has exited. 0 means success.",
  answer: "The host has parsed the program’s headers into a status and headers for its server.",
  environ:
    "PEP 3333: the server calls app(environ, start_response). The environ is CGI’s environment plus wsgi.* keys.",
  read: "PEP 3333: the app reads the request’s body from environ['wsgi.input'], a file.",
  start_response: "PEP 3333: the app sets status and headers. The server holds them until the first block.",
  write: "PEP 3333: the app sends a block immediately, with the function that start_response() returned.",
  block: "PEP 3333: the server takes the next block from the app’s iterable, and sends it before it takes another.",
  file: "PEP 3333: the app returned the server’s own wsgi.file_wrapper.",
  close: "PEP 3333: the server calls close() on the app’s iterable, even after an error.",
  scope:
    "ASGI: the server calls app(scope, receive, send). The scope describes the connection, and lasts as long as the connection.",
  receive: "ASGI: the app awaited receive() and got this message.",
  send: "ASGI: the app awaits send() with this message.",
  returned: "The app has returned.",
  raised: "The app has raised an exception.",
};

/** Names of the items of events whose data is a list. */
export const PARTS = {
  request: ["method", "path", "query", "HTTP version"],
  process: ["process id", "program"],
  start_response: ["status", "headers", "exc_info given"],
  answer: ["status", "headers"],
  read: ["method", "arguments", "result"],
  returned: ["type", "length"],
};
