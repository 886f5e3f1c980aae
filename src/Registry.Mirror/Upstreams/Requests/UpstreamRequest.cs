using System.Net.Http.Headers;

namespace Registry.Mirror.Upstreams.Requests;

/// <summary>A request to an upstream, which can be repeated.</summary>
/// <param name="Kind">What it asks for, for metrics.</param>
/// <param name="Method">Its method.</param>
/// <param name="Repository">Name of the repository at the upstream.</param>
/// <param name="Path">What is asked for below the repository, with the query, such as <c>tags/list?n=10</c>.</param>
internal sealed record UpstreamRequest(UpstreamRequestKind Kind, HttpMethod Method, string Repository, string Path)
{
    /// <summary>Media types that are understood; none for any.</summary>
    public IReadOnlyList<string> Accept { get; init; } = [];

    /// <summary>Range to read; null for all bytes.</summary>
    public RangeHeaderValue? Range { get; init; }

    /// <summary>True for a status, beside 200, that is an answer and no fault.</summary>
    public Func<int, bool> IsExpected { get; init; } = _ => false;
}
