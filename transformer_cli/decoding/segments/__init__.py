"""The parts of lines that are searched: a segment of a line becomes token ids, a hypothesis of it becomes text."""
