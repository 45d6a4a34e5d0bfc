"""What is to be translated to make further training pairs."""
