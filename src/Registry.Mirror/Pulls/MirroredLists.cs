using System.Text;
using System.Text.Json;
using Registry.Core.Caching;
using Registry.Core.Errors;
using Registry.Core.Listings;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Pulls;

/// <summary>
/// Lists tags and referrers as the upstream has them, asked for once in the period of its checks; while it does not answer, those that are here.
/// </summary>
/// <param name="lists">Lists of tags that are here.</param>
/// <param name="referrers">Lists of referrers that are here.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Ends what no client waits for any more.</param>
internal sealed class MirroredLists(ListOperations lists, ReferrerOperations referrers, TimeProvider time, CancellationToken stopping)
{
    /// <summary>Largest number of tags on a page, whatever the upstream sends.</summary>
    public const int MaxTags = 10_000;

    // Of each kind, in bytes.
    private const long MaxKept = 16 * 1024 * 1024;

    // A tag and its string.
    private const int TagSize = 64;

    private readonly BoundedCache<(RepositoryName, string?, int?), Kept<Page<string>>> _tags = new(MaxKept, maxEntries: 1000);
    private readonly BoundedCache<(RepositoryName, Digest), Kept<List<Referrer>>> _referrers = new(MaxKept, maxEntries: 1000);
    private readonly SharedCalls<(RepositoryName, string?, int?), UpstreamResult<Page<string>>> _tagCalls = new();
    private readonly SharedCalls<(RepositoryName, Digest), UpstreamResult<List<Referrer>>> _referrerCalls = new();

    /// <summary>Lists tags of a repository.</summary>
    /// <param name="upstream">The upstream; null if it is not to be asked.</param>
    /// <param name="name">The repository.</param>
    /// <param name="last">The page begins after this tag.</param>
    /// <param name="limit">Number of tags; null for the default of the upstream.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async Task<Result<MirroredPage<string>>> ListTagsAsync(IUpstream? upstream, MirroredName name, string? last, int? limit, CancellationToken cancellationToken)
    {
        if (upstream is null || limit == 0)
        {
            return await ListOwnTagsAsync(name, last, limit, stale: null);
        }

        var key = (name.Local, last, limit);
        var asked = await _tagCalls.RunAsync(key, () => AskForTagsAsync(upstream, name, last, limit), cancellationToken);
        return asked.TryGet(out var page, out var fault) ? new MirroredPage<string>(page, Freshness.Fresh)
            : fault.Kind == UpstreamFaultKind.Missing ? new RegistryError(RegistryErrorCode.NameUnknown, fault.ForClients)
            : (await ListOwnTagsAsync(name, last, limit, fault.Reason)).TryGet(out var own, out _) ? own
            : new RegistryError(RegistryErrorCode.UpstreamAway, fault.ForClients);
    }

    /// <summary>Lists the referrers of a manifest.</summary>
    /// <param name="upstream">The upstream; null if it is not to be asked.</param>
    /// <param name="name">The repository.</param>
    /// <param name="subject">The manifest.</param>
    /// <param name="artifactType">Only those of this type; null for all.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async Task<Result<MirroredPage<Referrer>>> ListReferrersAsync(
        IUpstream? upstream, MirroredName name, Digest subject, string? artifactType, CancellationToken cancellationToken)
    {
        if (upstream is null)
        {
            return await ListOwnReferrersAsync(name, subject, artifactType, stale: null);
        }

        var asked = await _referrerCalls.RunAsync((name.Local, subject), () => AskForReferrersAsync(upstream, name, subject), cancellationToken);
        return asked.TryGet(out var all, out var fault)
            ? new MirroredPage<Referrer>(
                new Page<Referrer>([.. all.Where(referrer => artifactType is null || referrer.ArtifactType == artifactType)], false), Freshness.Fresh)
            : await ListOwnReferrersAsync(name, subject, artifactType, fault.Kind == UpstreamFaultKind.Missing ? null : fault.Reason);
    }

    private async Task<UpstreamResult<Page<string>>> AskForTagsAsync(IUpstream upstream, MirroredName name, string? last, int? limit)
    {
        var key = (name.Local, last, limit);
        if (_tags.Find(key) is { } kept && IsFresh(kept, upstream))
        {
            return kept.Value;
        }

        var asked = await upstream.ListTagsAsync(name.Name.Value, last, limit, stopping);
        if (!asked.TryGet(out var tags, out var fault))
        {
            return fault;
        }

        // The link to the next page names the last tag of this one.
        var shown = tags.Tags.Count > MaxTags ? [.. tags.Tags.Take(MaxTags)] : tags.Tags;
        var page = new Page<string>(shown, (tags.Last is not null || shown.Count < tags.Tags.Count) && shown.Count > 0);
        _tags.Set(key, new Kept<Page<string>>(page, time.GetTimestamp()), (long)shown.Count * TagSize);
        return page;
    }

    private async Task<UpstreamResult<List<Referrer>>> AskForReferrersAsync(IUpstream upstream, MirroredName name, Digest subject)
    {
        if (_referrers.Find((name.Local, subject)) is { } kept && IsFresh(kept, upstream))
        {
            return kept.Value;
        }

        var asked = await upstream.ListReferrersAsync(name.Name.Value, subject, stopping);
        if (!asked.TryGet(out var index, out var fault))
        {
            return fault;
        }

        var found = Read(index);
        _referrers.Set((name.Local, subject), new Kept<List<Referrer>>(found, time.GetTimestamp()), index.Length);
        return found;
    }

    private async Task<Result<MirroredPage<string>>> ListOwnTagsAsync(MirroredName name, string? last, int? limit, string? stale) =>
        (await lists.ListTagsAsync(name.Local, last, limit)).TryGet(out var page, out var error) ? new MirroredPage<string>(page, new Freshness(stale)) : error;

    private async Task<Result<MirroredPage<Referrer>>> ListOwnReferrersAsync(MirroredName name, Digest subject, string? artifactType, string? stale) =>
        (await referrers.ListAsync(name.Local, subject, artifactType, last: null)).TryGet(out var page, out var error)
            ? new MirroredPage<Referrer>(page with { HasMore = false }, new Freshness(stale))
            : error;

    private bool IsFresh<T>(Kept<T> kept, IUpstream upstream)
        where T : class => time.GetElapsedTime(kept.At) < upstream.Settings.Check;

    // What is no descriptor is left out: a client could not follow it either.
    private static List<Referrer> Read(ReadOnlyMemory<byte> index)
    {
        var found = new List<Referrer>();
        try
        {
            using var document = JsonDocument.Parse(index);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("manifests", out var manifests) && manifests.ValueKind == JsonValueKind.Array)
            {
                found.AddRange(manifests.EnumerateArray().Select(ReadOne).OfType<Referrer>());
            }
        }
        catch (JsonException)
        {
            // None.
        }

        return found;
    }

    private static Referrer? ReadOne(JsonElement descriptor) =>
        descriptor.ValueKind == JsonValueKind.Object
            && TextOf(descriptor, "mediaType") is { } mediaType
            && Digest.TryParse(TextOf(descriptor, "digest"), out var digest)
            && descriptor.TryGetProperty("size", out var size) && size.ValueKind == JsonValueKind.Number && size.TryGetInt64(out var bytes)
            ? new Referrer(
                digest,
                mediaType,
                bytes,
                TextOf(descriptor, "artifactType"),
                descriptor.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object
                    ? Encoding.UTF8.GetBytes(annotations.GetRawText())
                    : ReadOnlyMemory<byte>.Empty)
            : null;

    private static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? LenientJson.TextOf(value) : null;

    private sealed record Kept<T>(T Value, long At)
        where T : class;
}
