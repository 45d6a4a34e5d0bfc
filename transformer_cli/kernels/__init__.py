"""The fast ways of computing what the model and the loss say plainly. Imports torch alone."""
