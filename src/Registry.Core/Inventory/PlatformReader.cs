using System.Text.Json;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Inventory.Records;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Inventory;

/// <summary>Reads the platforms of images from their stored bytes, and remembers them: content never changes under its digest.</summary>
/// <param name="contents">Stored bytes.</param>
/// <param name="metadata">Blobs of repositories.</param>
public sealed class PlatformReader(IBlobReader contents, IMetadataStore metadata)
{
    /// <summary>Largest number of platforms of an image.</summary>
    public const int Most = 32;

    // A hundred bytes for each of ten thousand images.
    private const long Remembered = 1024 * 1024;
    private const int MostRemembered = 10_000;
    private const int Weight = 100;

    // A manifest is smaller by rule; a config may be anything.
    private const long LargestManifest = 4 * 1024 * 1024;
    private const long LargestConfig = 256 * 1024;

    private static readonly string[] NoPlatforms = [];

    private readonly BoundedCache<Digest, string[]> _known = new(Remembered, MostRemembered);

    /// <summary>Reads the platforms of an image or index; empty if it states none, or is unreadable.</summary>
    public async ValueTask<IReadOnlyList<string>> ReadAsync(RepositoryName repository, ListedManifest manifest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (_known.Find(manifest.Digest) is { } known)
        {
            return known;
        }

        if (await ReadJsonAsync(manifest.Place, LargestManifest, cancellationToken) is not { } document)
        {
            return NoPlatforms;
        }

        string[]? platforms;
        using (document)
        {
            platforms = MediaTypes.IsIndex(manifest.MediaType)
                ? OfIndex(document.RootElement)
                : await OfImageAsync(repository, document.RootElement, cancellationToken);
        }

        // A config that is missing now may be pushed later.
        if (platforms is not null)
        {
            _known.Set(manifest.Digest, platforms, Weight + platforms.Sum(platform => 2L * platform.Length));
        }

        return platforms ?? NoPlatforms;
    }

    private async ValueTask<string[]?> OfImageAsync(RepositoryName repository, JsonElement manifest, CancellationToken cancellationToken)
    {
        if (manifest.Member("config") is not { } config || !Digest.TryParse(config.Text("digest"), out var digest))
        {
            return NoPlatforms;
        }

        if (await metadata.FindBlobAsync(repository, digest) is not { } blob)
        {
            return null;
        }

        using var document = await ReadJsonAsync(blob.Place, LargestConfig, cancellationToken);
        return document is not null && ImagePlatform.Read(document.RootElement) is { } platform ? [platform] : NoPlatforms;
    }

    private async ValueTask<JsonDocument?> ReadJsonAsync(BlobPlace place, long largest, CancellationToken cancellationToken)
    {
        await using var source = await contents.OpenAsync(place, cancellationToken);
        return source is null || source.Length > largest ? null : LenientJson.Parse(await source.ReadAsync(cancellationToken));
    }

    private static string[] OfIndex(JsonElement index) =>
        [.. ImagePlatform.ReadIndex(index).Select(entry => entry.Platform).OfType<string>().Distinct(StringComparer.Ordinal).Take(Most)];
}
