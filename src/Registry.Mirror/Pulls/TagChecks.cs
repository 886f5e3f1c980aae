using Registry.Core.Oci;
using Registry.Mirror.Configuration;

namespace Registry.Mirror.Pulls;

/// <summary>Decides when a tag is asked for again upstream, and for how long it is what it was while the upstream does not answer.</summary>
/// <param name="record">Times of the checks.</param>
/// <param name="time">The clock.</param>
internal sealed class TagChecks(PullRecord record, TimeProvider time)
{
    /// <summary>True if the period since the last check has passed (<see cref="UpstreamSettings.Check"/>), or there was none.</summary>
    public async ValueTask<bool> IsDueAsync(MirroredName name, Tag tag)
    {
        // A time in the future is of a clock that was set back.
        var age = await record.FindCheckAsync(name.Local, tag) is { } at ? time.GetUtcNow() - at : (TimeSpan?)null;
        return !(age >= TimeSpan.Zero && age < name.Upstream.Check);
    }

    /// <summary>True if a tag may be answered that cannot be checked now (<see cref="UpstreamSettings.Stale"/>).</summary>
    public async ValueTask<bool> MayServeStaleAsync(MirroredName name, Tag tag)
    {
        var checkedAt = await record.FindCheckAsync(name.Local, tag) ?? DateTimeOffset.MinValue;
        return name.Upstream.Stale is not { } longest || time.GetUtcNow() - checkedAt <= longest;
    }

    /// <summary>Notes that the upstream has answered about a tag.</summary>
    public void Note(MirroredName name, Tag tag) => record.NoteCheck(name.Local, tag);
}
