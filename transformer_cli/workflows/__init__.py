"""One folder or file a command, as functions without a terminal; `transformer_cli` exports them."""
