namespace Registry.Storage.S3.Requests;

/// <summary>End of a request to the store, for metrics.</summary>
internal enum S3Result
{
    /// <summary>The store has done it.</summary>
    Ok,

    /// <summary>There is no such object or upload. Some requests are made to find that out.</summary>
    NotFound,

    /// <summary>The store refuses it: rights, a signature, a quota, another status 4xx.</summary>
    ClientError,

    /// <summary>The store asks for fewer requests.</summary>
    Throttled,

    /// <summary>The store is broken: another status 5xx.</summary>
    ServerError,

    /// <summary>No answer: the store is silent, cannot be reached or is not trusted, or the connection broke.</summary>
    NoAnswer,

    /// <summary>The caller no longer wants the answer.</summary>
    Cancelled,
}
