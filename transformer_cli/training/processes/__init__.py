"""The processes that train one model together: what each sees of the others, and how they meet."""
