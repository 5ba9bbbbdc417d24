"""The command and the whole product, as users meet them."""
