using Registry.Core.Caching;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;

namespace Registry.Mirror.Pulls;

/// <summary>
/// Tags and digests that upstreams did not have just now, so that clients which ask for them in a row cost one request. The time is short, since what is pushed there is to be seen here.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class MissingManifests(TimeProvider time)
{
    private const int Most = 10_000;

    // A name, a tag and a reason.
    private const int EntrySize = 600;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly BoundedCache<(RepositoryName, Reference), Missing> _missing = new((long)Most * EntrySize, Most);

    /// <summary>Reason for which a manifest is not asked for now; null if it may be.</summary>
    public string? Find(MirroredName name, Reference reference) =>
        _missing.Find((name.Local, reference)) is { } missing && time.GetElapsedTime(missing.At) < PeriodOf(name) ? missing.Reason : null;

    /// <summary>Notes that the upstream does not have a manifest.</summary>
    public void Note(MirroredName name, Reference reference, string reason) =>
        _missing.Set((name.Local, reference), new Missing(reason, time.GetTimestamp()), EntrySize);

    private static TimeSpan PeriodOf(MirroredName name) => name.Upstream.Check < Longest ? name.Upstream.Check : Longest;

    private sealed record Missing(string Reason, long At);
}
