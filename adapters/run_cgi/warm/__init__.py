"""Run Python CGI programs in processes forked from an interpreter that is already started."""
