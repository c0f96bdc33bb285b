"""Run Python CGI programs in forks of an interpreter that is already running."""
