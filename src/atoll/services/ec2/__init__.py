"""Amazon EC2: one resource family a file. Importing this package registers its handlers."""
