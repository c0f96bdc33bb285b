// What each kind of event is, in a sentence, for a reader who opens one.

export const KINDS = {
  request: "The CGI host takes the request from its server. No program runs yet.",
  environment: "RFC 3875, 4.1: the program is given the request’s head as environment variables.",
  process: "A new process: the program is started for this one request.",
  stdin: "RFC 3875, 4.2: the program reads the request’s body from its standard input.",
  stdout: "RFC 3875, 6: the program writes its head as lines, an empty line, and the body to its standard output.",
  stderr: "What the program writes to its standard error goes to a log, not to the client.",
  exit: "The program’s process has ended. 0 is success.",
  answer: "What the host made of the program’s head: a status and headers, for its server.",
  environ:
    "PEP 3333: the server calls app(environ, start_response). The environ is CGI’s environment, and wsgi.* besides.",
  read: "PEP 3333: the app reads the request’s body from environ['wsgi.input'], a file.",
  start_response: "PEP 3333: the app says its status and headers. The server holds them until the first block.",
  write: "PEP 3333: the app sends a block at once, by the function that start_response() returned.",
  block: "PEP 3333: the server has asked the app’s iterable for the next block, and sends it before it asks again.",
  file: "PEP 3333: the app returned the server’s own wsgi.file_wrapper.",
  close: "PEP 3333: the server calls close() of what the app returned, whatever happened before.",
  scope:
    "ASGI: the server calls app(scope, receive, send). The scope says what the connection is, and lives as long as it does.",
  receive: "ASGI: the app has awaited receive(), and was given this message.",
  send: "ASGI: the app awaits send() with this message.",
  returned: "The app has returned.",
  raised: "The app has raised an exception.",
};

/** Names for the parts of events whose data is a list. */
export const PARTS = {
  request: ["method", "path", "query", "HTTP version"],
  process: ["process id", "program"],
  start_response: ["status", "headers", "exc_info given"],
  answer: ["status", "headers"],
  read: ["method", "arguments", "result"],
  returned: ["type", "length"],
};
