"""Instance metadata: what 169.254.169.254 says to an instance, from the model alone. Sockets are the app's affair."""

from atoll.services.metadata.answers import Answer, Asked, answer

__all__ = ["Answer", "Asked", "answer"]
