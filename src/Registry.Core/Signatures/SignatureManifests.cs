using System.Text.Json;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Signatures;

/// <summary>Reads the manifests that hold signatures, and verifies these. What clients have pushed is read up to limits, and never fails.</summary>
/// <param name="contents">Manifests and blobs.</param>
internal sealed class SignatureManifests(ContentInspection contents)
{
    // cosign adds a layer to the manifest of the tag for each further signature.
    private const int MaxLayers = 32;
    private const int MaxManifest = 256 * 1024;

    /// <summary>Verifies the signatures of a manifest until one counts.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="holder">The manifest with the signatures.</param>
    /// <param name="image">The manifest that they must be for.</param>
    /// <param name="keys">Keys of which one must have made it.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    /// <returns>The key, or why none of the signatures counts: the fault of the last one.</returns>
    public async Task<(SigningKey? Key, string? Fault)> VerifyAsync(
        RepositoryName repository, StoredManifest holder, Digest image, IReadOnlyList<SigningKey> keys, CancellationToken cancellationToken)
    {
        if (holder.Size > MaxManifest || await contents.ReadAsync(holder, cancellationToken) is not { } bytes)
        {
            return (null, "it cannot be read");
        }

        using var document = LenientJson.Parse(bytes);
        var layers = LayersOf(document);
        var fault = layers.Count == 0 ? "it holds no signature in a format that cosign writes" : null;
        foreach (var layer in layers)
        {
            var message = await ReadAsync(repository, layer, image, cancellationToken);
            if (message.Message?.FindKey(keys, image) is { } key)
            {
                return (key, null);
            }

            fault = message.Fault ?? $"it is by another key than {string.Join(" or ", keys.Select(one => one.Path))}, or altered";
        }

        return (null, fault);
    }

    private async Task<(SignedMessage? Message, string? Fault)> ReadAsync(RepositoryName repository, JsonElement layer, Digest image, CancellationToken cancellationToken)
    {
        if (!Digest.TryParse(layer.Text("digest"), out var digest) || await contents.ReadBlobAsync(repository, digest, SignatureNames.MaxLayer, cancellationToken) is not { } content)
        {
            return (null, "its layer cannot be read");
        }

        var message = layer.Text("mediaType") == SimpleSigning.MediaType
            ? SimpleSigning.Read(content, layer.Member("annotations")?.Text(SimpleSigning.Annotation), image, out var fault)
            : SigstoreBundle.Read(content, image, out fault);
        return (message, fault);
    }

    // The last ones first: cosign appends.
    private static List<JsonElement> LayersOf(JsonDocument? manifest) => manifest?.RootElement.Member("layers") is { ValueKind: JsonValueKind.Array } layers
        ? [.. layers.EnumerateArray().Where(layer => SignatureNames.IsLayer(layer.Text("mediaType"))).TakeLast(MaxLayers).Reverse()]
        : [];
}
