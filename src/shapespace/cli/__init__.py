"""The command line: one thin function a command, one file a noun; parses and prints, decides nothing."""
