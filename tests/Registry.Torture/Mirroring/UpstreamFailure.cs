namespace Registry.Torture.Mirroring;

/// <summary>What an upstream does in place of a good answer.</summary>
internal enum UpstreamFailure
{
    /// <summary>Closes the connection without an answer.</summary>
    NoAnswer,

    /// <summary>Closes the connection at some byte of the body.</summary>
    Cut,

    /// <summary>Changes a byte of the body.</summary>
    WrongByte,

    /// <summary>Sends a shorter body, with its length, in good order.</summary>
    Short,

    /// <summary>Sends nothing for some seconds, and then the answer.</summary>
    LateHead,

    /// <summary>Sends nothing more after some byte of the body, for longer than a mirror waits.</summary>
    Silence,

    /// <summary>429 with Retry-After.</summary>
    TooManyRequests,

    /// <summary>500.</summary>
    ServerError,

    /// <summary>503.</summary>
    Overloaded,

    /// <summary>No token counts any more.</summary>
    ExpiredTokens,
}
