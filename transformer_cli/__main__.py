"""``python -m transformer_cli`` is ``tfm``."""

from transformer_cli.cli.app import main

if __name__ == "__main__":
    main()
