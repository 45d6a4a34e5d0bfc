"""The methods to compute the gradients of an update: alone, in threads, in several processes, with little memory.

Each file has one of them. All implement `method.GradientMethod`, and all give the same gradients.
"""
