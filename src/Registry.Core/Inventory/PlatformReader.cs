using System.Text.Json;
using Registry.Core.Blobs;
using Registry.Core.Caching;
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

    // Of "os/architecture/variant". Longer ones, and those with other characters than letters and digits, are none (OCI image-spec, config.md: values of GOOS and GOARCH).
    private const int LongestPart = 32;

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
        if (!manifest.TryGetProperty("config", out var config) || config.ValueKind != JsonValueKind.Object || Text(config, "digest") is not { } text
            || !Digest.TryParse(text, out var digest))
        {
            return NoPlatforms;
        }

        if (await metadata.FindBlobAsync(repository, digest) is not { } blob)
        {
            return null;
        }

        using var document = await ReadJsonAsync(blob.Place, LargestConfig, cancellationToken);
        return document is not null && Platform(document.RootElement) is { } platform ? [platform] : NoPlatforms;
    }

    private async ValueTask<JsonDocument?> ReadJsonAsync(BlobPlace place, long largest, CancellationToken cancellationToken)
    {
        await using var source = await contents.OpenAsync(place, cancellationToken);
        if (source is null || source.Length > largest)
        {
            return null;
        }

        try
        {
            var document = JsonDocument.Parse(await source.ReadAsync(cancellationToken));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string[] OfIndex(JsonElement index) => index.TryGetProperty("manifests", out var manifests) && manifests.ValueKind == JsonValueKind.Array
        ? [.. manifests.EnumerateArray()
            .Select(entry => entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("platform", out var platform) ? Platform(platform) : null)
            .OfType<string>().Distinct(StringComparer.Ordinal).Take(Most)]
        : NoPlatforms;

    // Attestations of buildkit are listed for the platform unknown/unknown.
    private static string? Platform(JsonElement value) => value.ValueKind == JsonValueKind.Object && Text(value, "os") is { } os && os != "unknown"
        ? string.Join('/', new[] { os, Text(value, "architecture"), Text(value, "variant") }.Where(part => !string.IsNullOrEmpty(part)))
        : null;

    private static string? Text(JsonElement value, string name)
    {
        if (!value.TryGetProperty(name, out var found) || found.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            var text = found.GetString()!;
            return name == "digest" ? text : text.Length <= LongestPart && text.All(char.IsAsciiLetterOrDigit) ? text : null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair.
            return null;
        }
    }
}
