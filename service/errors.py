"""What can go wrong between people, storage and runs, in the service's own words; HTTP is not among them."""


class ServiceError(Exception):
    """Anything a caller of the service is told; the message says what was expected and what came."""


class NotSignedInError(ServiceError):
    """Nobody is signed in, or what was shown no longer lets anyone in."""


class NotAllowedError(ServiceError):
    """Whoever asks may not do this."""


class NotFoundError(ServiceError):
    """There is no such thing, or none that the caller may know of."""


class ConflictError(ServiceError):
    """What was asked for does not fit with what stands."""


class StaleError(ServiceError):
    """The thing was changed since the caller read it."""


class VersionMissingError(ServiceError):
    """A change has to say which version of the thing it is meant for."""


class TooLargeError(ServiceError):
    """More was sent than is read."""


class TooManyError(ServiceError):
    """The same was asked for too often; ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotReadyError(ServiceError):
    """What it takes is still being made; ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class KeyReusedError(ServiceError):
    """An idempotency key came again with another request."""
