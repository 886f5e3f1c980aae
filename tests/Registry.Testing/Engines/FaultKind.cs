namespace Registry.Testing.Engines;

/// <summary>Kinds of faults.</summary>
public enum FaultKind
{
    /// <summary>The answer is 500 InternalError; the server does not get the request.</summary>
    InternalError,

    /// <summary>The answer is 503 SlowDown; the server does not get the request.</summary>
    SlowDown,

    /// <summary>The connection is reset; the server does not get the request.</summary>
    ResetRequest,

    /// <summary>The connection is reset within the answer, or before it.</summary>
    ResetAnswer,

    /// <summary>The connection ends within the answer, as if that were all.</summary>
    Truncate,

    /// <summary>The answer stops, and the connection stays.</summary>
    Stall,

    /// <summary>The answer is 403 AccessDenied; the server does not get the request.</summary>
    AccessDenied,
}
