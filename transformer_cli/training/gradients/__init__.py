"""The ways to the gradients of an update, one a file: alone, in threads, in several processes; and with little memory.

All have the one method of `method.GradientMethod`, and all come to the same gradients.
"""
