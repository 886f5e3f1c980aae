namespace Registry.Mirror.Upstreams.Requests;

/// <summary>Limits on what is waited for, and read, from an upstream.</summary>
internal sealed record UpstreamLimits
{
    /// <summary>Longest time until a connection is open, with TLS.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest time until the head of an answer.</summary>
    public TimeSpan Head { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest time for which a range of a blob waits for its turn: who wants it can follow the whole blob.</summary>
    public TimeSpan Range { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest time without a byte of a body.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time for a request with its repetitions, other than for a blob.</summary>
    public TimeSpan Whole { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time until the head of a blob, with repetitions. An upstream may be a cache, which gets the blob first.</summary>
    public TimeSpan Blob { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Number of attempts for a request, the first one included.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Size of the largest manifest in bytes.</summary>
    public int ManifestSize { get; init; } = 4 * 1024 * 1024;

    /// <summary>Size of the largest list in bytes: a page of tags, or all referrers.</summary>
    public int ListSize { get; init; } = 4 * 1024 * 1024;

    /// <summary>Largest number of pages of referrers.</summary>
    public int ReferrerPages { get; init; } = 20;
}
