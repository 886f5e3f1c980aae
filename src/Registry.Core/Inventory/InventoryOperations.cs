using System.Buffers;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.Inventory.Records;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Inventory;

/// <summary>Answers what is in the registry: its repositories, their tags and manifests.</summary>
/// <param name="inventory">The lists.</param>
/// <param name="metadata">The repositories.</param>
/// <param name="platforms">Platforms of images.</param>
/// <param name="forecast">What expires when.</param>
/// <param name="defaultLimit">Size of a page if the client does not give one.</param>
/// <param name="maxLimit">Size of the largest page; a larger limit counts as this one.</param>
public sealed class InventoryOperations(
    IInventory inventory, IMetadataStore metadata, PlatformReader platforms, CollectionForecast forecast, int defaultLimit, int maxLimit)
{
    /// <summary>Number at which the tags and manifests of a repository in a list are no longer counted.</summary>
    public const int LargestCount = 1000;

    /// <summary>Number of tags of a manifest in a list.</summary>
    public const int MostTags = 10;

    /// <summary>Number of tags, and of parents, of one manifest.</summary>
    public const int MostNamed = 100;

    /// <summary>Number of digits of a digest that is searched for; as many as pages show. No client can make many digests that begin with the same ones.</summary>
    public const int ShortestDigest = 12;

    /// <summary>Number of repositories in which a manifest is searched.</summary>
    public const int MostHolders = 1000;

    /// <summary>Number of repositories in which a tag is searched.</summary>
    public const int MostSearched = Few;

    // Content of an image for a dozen platforms. A page of them is read in a few milliseconds.
    private const int MostReferences = 1000;

    // Repositories, or tags, that are read and sorted to answer a page. More of them are so frequent that reading in the order of the list finds them soon.
    private const int Few = 2000;

    // After names that the caller may not see, many more may follow.
    private const int BatchSize = 1000;

    // Manifests whose bytes are read at the same time, for a store that takes its time for each.
    private const int Readers = 8;

    private const int ShortestIndexed = 3;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-/");
    private static readonly SearchValues<char> TagCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    /// <summary>Largest number of entries on a page.</summary>
    /// <param name="limit">Number that the client requests, 1 or more; null for none.</param>
    public int PageSize(int? limit) => Math.Min(limit ?? defaultLimit, maxLimit);

    /// <summary>Lists the repositories that have a manifest.</summary>
    /// <returns>The page; BAD_REQUEST for a cursor of another list; or the refusal while a tree is indexed.</returns>
    public async Task<Result<InventoryPage<RepositoryEntry>>> ListRepositoriesAsync(RepositoryQuery query, Viewer viewer)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(viewer);
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        var after = ListPosition.First;
        if (query.Order != RepositoryOrder.Name && query.After is { } cursor && !ListPosition.Parse(cursor).TryGet(out after, out var malformed))
        {
            return malformed;
        }

        var part = query.Part.ToLowerInvariant();
        if (part.AsSpan().ContainsAnyExcept(NameCharacters) || query.Prefix.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            return new InventoryPage<RepositoryEntry>([], Next: null);
        }

        // No index has so short a part, and reading all names would find a rare one late. Most people mean the beginning.
        var isShort = part.Length is > 0 and < ShortestIndexed;
        viewer = viewer.Within(query.Prefix).Within(isShort ? part : string.Empty);
        part = isShort ? string.Empty : part;
        var size = PageSize(query.Limit);
        var rows = await FindFewAsync(query.Order, part, viewer) is { } few
            ? Sort(few, query.Order, query.After, after).Take(size + 1).ToList()
            : await ReadInOrderAsync(query, part, viewer, after, size + 1);
        var shown = rows.Take(size).ToList();
        var counts = shown.Count == 0 ? [] : (await inventory.CountAsync([.. shown.Select(row => row.Id)], LargestCount + 1)).ToDictionary(row => row.Id);
        return new InventoryPage<RepositoryEntry>(
            [.. shown.Select(row => EntryOf(row, counts.GetValueOrDefault(row.Id)))],
            rows.Count > size ? CursorOf(query.Order, shown[^1]) : null);
    }

    /// <summary>Lists the tags of a repository. The caller may pull from it.</summary>
    /// <returns>The page; NAME_UNKNOWN; or BAD_REQUEST for a cursor of another list.</returns>
    public async Task<Result<InventoryPage<TagEntry>>> ListTagsAsync(RepositoryName repository, TagQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (!await ExistsAsync(repository))
        {
            return RegistryErrorCode.NameUnknown;
        }

        var after = ListPosition.First;
        if (query.Order == TagOrder.Time && query.After is { } cursor && !ListPosition.Parse(cursor).TryGet(out after, out var malformed))
        {
            return malformed;
        }

        if (query.Prefix.AsSpan().ContainsAnyExcept(TagCharacters))
        {
            return new InventoryPage<TagEntry>([], Next: null);
        }

        var size = PageSize(query.Limit);
        var rows = query.Order == TagOrder.Name
            ? await inventory.ListTagsAsync(repository, TagRange.Of(query.Prefix, query.After), size + 1)
            : await ListNewestTagsAsync(repository, query.Prefix, after, size + 1);
        var shown = rows.Take(size).ToList();
        var manifests = (await DescribeAsync(repository, [.. shown.Select(row => row.ManifestId).Distinct()], cancellationToken)).ToDictionary();

        // A manifest that was deleted between the two reads is left out, with its tags.
        return new InventoryPage<TagEntry>(
            [.. shown.Where(row => manifests.ContainsKey(row.ManifestId)).Select(row => EntryOf(row, manifests[row.ManifestId]))],
            rows.Count > size ? query.Order == TagOrder.Name ? shown[^1].Name : new ListPosition(shown[^1].SetAt, shown[^1].Name).ToString() : null);
    }

    /// <summary>Lists the manifests of a repository, with a tag or without: also those of platforms, and signatures. The caller may pull from it.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="after">Cursor of the page, which is the digest of a manifest; null for the first one.</param>
    /// <param name="limit">Number of manifests, 1 or more; null for the default.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    /// <returns>The page; or NAME_UNKNOWN.</returns>
    public async Task<Result<InventoryPage<ManifestEntry>>> ListManifestsAsync(
        RepositoryName repository, Digest? after, int? limit, CancellationToken cancellationToken)
    {
        if (!await ExistsAsync(repository))
        {
            return RegistryErrorCode.NameUnknown;
        }

        var size = PageSize(limit);
        var ids = await inventory.ListManifestsAsync(repository, after, size + 1);
        var manifests = (await DescribeAsync(repository, [.. ids.Take(size)], cancellationToken)).ToDictionary();
        var shown = ids.Take(size).Where(manifests.ContainsKey).Select(id => manifests[id]).ToList();

        // A page whose manifests were all deleted meanwhile has none to continue after.
        return new InventoryPage<ManifestEntry>(shown, ids.Count > size && shown.Count > 0 ? shown[^1].Digest.Value : null);
    }

    /// <summary>Finds manifests by the beginning of their digest, in the repositories that the caller may see.</summary>
    /// <param name="start">The algorithm and at least <see cref="ShortestDigest"/> digits. Fewer find nothing: the search would read what others have.</param>
    /// <param name="viewer">The caller.</param>
    /// <returns>Repositories with the manifest of each, by name; at most a page, from the first <see cref="MostHolders"/> that have one.</returns>
    public async Task<IReadOnlyList<DigestRow>> FindDigestsAsync(string start, Viewer viewer)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(viewer);
        return BeginsDigest(start)
            ? [.. (await inventory.FindDigestsAsync(start, MostHolders)).Where(row => viewer.Sees(row.Repository)).OrderBy(row => row.Repository, StringComparer.Ordinal).Take(PageSize(null))]
            : [];
    }

    /// <summary>
    /// Finds blobs by the beginning of their digest, among the repositories that the caller may see: all, or the <see cref="MostSearched"/> that were pushed to last. What the others
    /// have is not read, except for who may know it.
    /// </summary>
    /// <param name="start">The algorithm and at least <see cref="ShortestDigest"/> digits. Fewer find nothing.</param>
    /// <param name="viewer">The caller.</param>
    /// <returns>A page of repositories; or the refusal while a tree is indexed.</returns>
    public async Task<Result<BlobHolders>> FindBlobsAsync(string start, Viewer viewer)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(viewer);
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!BeginsDigest(start))
        {
            return new BlobHolders([], HasMore: false, IsWhole: true);
        }

        var size = PageSize(null);
        var (searched, isWhole) = viewer.SeesAll ? ([], true) : await FindSearchedAsync(viewer);
        var found = viewer.SeesAll ? await inventory.FindBlobsAsync(start, MostHolders) : await inventory.FindBlobsAsync(start, [.. searched.Select(row => row.Id)]);
        return new BlobHolders([.. found.OrderBy(row => row.Repository, StringComparer.Ordinal).Take(size)], found.Count > size, isWhole);
    }

    /// <summary>Finds repositories that have a tag, among those that the caller may see: all, or the <see cref="MostSearched"/> that were pushed to last.</summary>
    /// <param name="prefix">The tag, or its beginning.</param>
    /// <param name="viewer">The caller.</param>
    /// <returns>A page of repositories; or the refusal while a tree is indexed.</returns>
    public async Task<Result<TagHolders>> FindTagsAsync(string prefix, Viewer viewer)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(viewer);
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        if (prefix.AsSpan().ContainsAnyExcept(TagCharacters))
        {
            return new TagHolders([], HasMore: false, IsWhole: true);
        }

        // No index begins with the tag, so each repository is asked.
        var (searched, isWhole) = await FindSearchedAsync(viewer);
        var tags = (await inventory.FindTagsAsync([.. searched.Select(row => row.Id)], TagRange.Of(prefix, after: null))).ToDictionary(row => row.Id, row => row.Tag);
        var size = PageSize(null);
        var found = Sort(searched.Where(row => tags.ContainsKey(row.Id)), RepositoryOrder.Pushed, last: null, ListPosition.First).Take(size + 1).ToList();
        return new TagHolders(
            [.. found.Take(size).Select(row => (RepositoryName.Parse(row.Name), Tag.Parse(tags[row.Id])))], found.Count > size, isWhole);
    }

    /// <summary>Finds a manifest, with what refers to it and why it is kept. The caller may pull from the repository. Nothing is promised.</summary>
    /// <returns>The manifest; or MANIFEST_UNKNOWN.</returns>
    public async Task<Result<ManifestDetail>> FindManifestAsync(RepositoryName repository, Reference reference, CancellationToken cancellationToken)
    {
        if (await metadata.FindManifestAsync(repository, reference) is not { } stored
            || await inventory.FindManifestAsync(repository, stored.Digest, MostNamed + 1, LargestCount + 1) is not { } row
            || await DescribeAsync(repository, [row.Id], cancellationToken) is not [var (_, manifest)])
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        return new ManifestDetail
        {
            Manifest = manifest,
            Tags = [.. row.Tags.Take(MostNamed).Select(tag => new ManifestTag(Tag.Parse(tag.Name), TimeOf(tag), tag.SetBy))],
            HasMoreTags = row.Tags.Count > MostNamed,
            Parents = [.. row.Parents.Take(MostNamed)],
            HasMoreParents = row.Parents.Count > MostNamed,
            Referrers = CountOf(row.Referrers),
            Keep = ManifestKeep.Of(row.Explanation, row.Parents.Count > 0, row.DeletedParents.Count > 0, forecast),
        };
    }

    /// <summary>Finds a blob, with the manifests of the repository that need it. The caller may pull from the repository. Nothing is promised.</summary>
    /// <returns>The blob; or BLOB_UNKNOWN.</returns>
    public async Task<Result<BlobDetail>> FindBlobAsync(RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        if (await inventory.FindBlobAsync(repository, digest, MostNamed + 1) is not { } row)
        {
            return RegistryErrorCode.BlobUnknown;
        }

        var manifests = await DescribeAsync(repository, [.. row.Manifests.Take(MostNamed)], cancellationToken);
        return new BlobDetail
        {
            Digest = digest,
            Size = row.Size,
            Manifests = [.. manifests.Select(manifest => manifest.Value).OrderByDescending(manifest => manifest.PushedAt)],
            HasMoreManifests = row.Manifests.Count > MostNamed,
            DeletedManifests = [.. row.DeletedManifests.Take(MostNamed)],
            IsPinned = row.Link.IsPinned,
            ExpiresAfterSeconds = forecast.ExpiresAfter(row.Link),
        };
    }

    private static bool BeginsDigest(string start) =>
        start.AsSpan(start.IndexOf(':', StringComparison.Ordinal) + 1) is { Length: >= ShortestDigest } digits && !digits.ContainsAnyExcept(HexDigits) && Digest.LooksLikeDigest(start);

    private async Task<bool> ExistsAsync(RepositoryName repository) => await metadata.ListTagsAsync(repository, last: null, limit: 1) is not null;

    // All repositories that may be on a page, if they are few and need to be searched or sorted; null for the others, which are read in the order of the list.
    private async Task<IEnumerable<RepositoryRow>?> FindFewAsync(RepositoryOrder order, string part, Viewer viewer)
    {
        if (!viewer.IsUnlimited && (order != RepositoryOrder.Name || part.Length > 0)
            && await inventory.ListRepositoriesAsync(viewer.Ranges, after: null, string.Empty, Few + 1) is { Count: <= Few } visible)
        {
            return visible.Where(row => row.Name.Contains(part, StringComparison.Ordinal) && viewer.Sees(row.Name));
        }

        return part.Length >= ShortestIndexed && await inventory.SearchRepositoriesAsync(part, Few + 1) is { Count: <= Few } found
            ? found.Where(row => viewer.Sees(row.Name))
            : null;
    }

    // Repositories that are asked one by one: all that the caller may see, if they are few, or those that were pushed to last.
    private async Task<(List<RepositoryRow> Rows, bool AreAll)> FindSearchedAsync(Viewer viewer)
    {
        if (await FindFewAsync(RepositoryOrder.Pushed, string.Empty, viewer) is { } few)
        {
            return ([.. few], true);
        }

        var newest = await inventory.ListRepositoriesAsync(RepositoryOrder.Pushed, ListPosition.First, string.Empty, MostSearched + 1);
        return ([.. newest.Take(MostSearched).Where(row => viewer.Sees(row.Name))], newest.Count <= MostSearched);
    }

    private async Task<List<RepositoryRow>> ReadInOrderAsync(RepositoryQuery query, string part, Viewer viewer, ListPosition after, int wanted)
    {
        var (shown, last) = (new List<RepositoryRow>(), query.After);
        for (var batchSize = wanted; ; batchSize = Math.Max(wanted, BatchSize))
        {
            var batch = query.Order == RepositoryOrder.Name
                ? await inventory.ListRepositoriesAsync(viewer.Ranges, last, part, batchSize)
                : await inventory.ListRepositoriesAsync(query.Order, after, part, batchSize);
            shown.AddRange(batch.Where(row => viewer.Sees(row.Name)).Take(wanted - shown.Count));
            if (shown.Count == wanted || batch.Count < batchSize)
            {
                return shown;
            }

            (last, after) = (batch[^1].Name, PositionOf(query.Order, batch[^1]));
        }
    }

    private async Task<IReadOnlyList<TagRow>> ListNewestTagsAsync(RepositoryName repository, string prefix, ListPosition after, int limit) =>
        prefix.Length > 0 && await inventory.ListTagsAsync(repository, TagRange.Of(prefix, after: null), Few + 1) is { Count: <= Few } few
            ? [.. few.OrderByDescending(row => row.SetAt).ThenByDescending(row => row.Name, StringComparer.Ordinal)
                .Where(row => IsAfter(new ListPosition(row.SetAt, row.Name), after)).Take(limit)]
            : await inventory.ListNewestTagsAsync(repository, prefix, after, limit);

    private async Task<List<KeyValuePair<long, ManifestEntry>>> DescribeAsync(RepositoryName repository, IReadOnlyCollection<long> ids, CancellationToken cancellationToken)
    {
        var rows = ids.Count == 0 ? [] : await inventory.DescribeAsync(ids, MostTags + 1, MostReferences);
        var entries = new KeyValuePair<long, ManifestEntry>[rows.Count];
        await Parallel.ForAsync(
            0,
            rows.Count,
            new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
            async (place, token) => entries[place] = KeyValuePair.Create(rows[place].Id, await DescribeAsync(repository, rows[place], token)));
        return [.. entries];
    }

    private async Task<ManifestEntry> DescribeAsync(RepositoryName repository, ListedManifest row, CancellationToken cancellationToken)
    {
        var kind = KindOf(row);
        return new ManifestEntry
        {
            Digest = row.Digest,
            MediaType = row.MediaType,
            ArtifactType = row.ArtifactType,
            Kind = kind,
            Size = row.TotalSize,
            PushedAt = DateTimeOffset.FromUnixTimeSeconds(row.PushedAt),
            Platforms = kind == ManifestKind.Artifact ? [] : await platforms.ReadAsync(repository, row, cancellationToken),
            Tags = [.. row.Tags.Take(MostTags).Select(Tag.Parse)],
            HasMoreTags = row.Tags.Count > MostTags,
            Subject = row.Subject,
        };
    }

    // An image without a type was pushed by a version that did not record it.
    private static ManifestKind KindOf(ListedManifest row) => MediaTypes.IsIndex(row.MediaType) ? ManifestKind.Index
        : row.Subject is null && row.ArtifactType is null or MediaTypes.OciImageConfig or MediaTypes.DockerImageConfig ? ManifestKind.Image
        : ManifestKind.Artifact;

    private static IEnumerable<RepositoryRow> Sort(IEnumerable<RepositoryRow> rows, RepositoryOrder order, string? last, ListPosition after) =>
        order == RepositoryOrder.Name
            ? rows.Where(row => last is null || string.CompareOrdinal(row.Name, last) > 0).OrderBy(row => row.Name, StringComparer.Ordinal)
            : rows.Where(row => IsAfter(PositionOf(order, row), after))
                .OrderByDescending(row => PositionOf(order, row).Value).ThenByDescending(row => row.Name, StringComparer.Ordinal);

    private static bool IsAfter(ListPosition position, ListPosition other) =>
        position.Value < other.Value || (position.Value == other.Value && string.CompareOrdinal(position.Name, other.Name) < 0);

    private static ListPosition PositionOf(RepositoryOrder order, RepositoryRow row) => new(order == RepositoryOrder.Size ? row.Size : row.PushedAt, row.Name);

    private static string CursorOf(RepositoryOrder order, RepositoryRow row) => order == RepositoryOrder.Name ? row.Name : PositionOf(order, row).ToString();

    private static RepositoryEntry EntryOf(RepositoryRow row, RepositoryCounts counts) => new()
    {
        Name = RepositoryName.Parse(row.Name),
        PushedAt = row.PushedAt == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.PushedAt),
        PushedBy = row.PushedBy,
        Tags = CountOf(counts.Tags),
        Manifests = CountOf(counts.Manifests),
        Size = row.Size,
    };

    private static TagEntry EntryOf(TagRow row, ManifestEntry manifest) => new()
    {
        Tag = Tag.Parse(row.Name),
        Manifest = manifest,
        SetAt = TimeOf(row),
        SetBy = row.SetBy,
    };

    private static DateTimeOffset? TimeOf(TagRow row) => row.SetAt == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.SetAt);

    private static UpTo CountOf(long count) => new(Math.Min(count, LargestCount), count > LargestCount);
}
