using System.Text.Json;

namespace Registry.Core.Oci;

/// <summary>
/// Reads a manifest that is already stored, perhaps by another registry. Accepts all that can be understood: it matches keys as Go does and
/// combines duplicates, so that it misses no reference that any client may follow.
/// </summary>
public static class StoredManifestReader
{
    private static readonly string[] ManifestKeys =
        ["schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations", "fsLayers", "blobs"];

    private static readonly string[] DescriptorKeys = ["mediaType", "digest", "size", "blobSum"];

    /// <summary>Reads a manifest; null if the bytes are not one, so that its references are unknown.</summary>
    public static Manifest? Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object ? ReadRoot(document.RootElement) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static Manifest ReadRoot(JsonElement root)
    {
        string? mediaType = null, artifactType = null, annotations = null;
        Descriptor? config = null, subject = null;
        List<Descriptor> layers = [], manifests = [];
        var schemaVersion = 2;
        var hasManifests = false;
        foreach (var property in root.EnumerateObject())
        {
            var value = property.Value;
            switch (KnownKey(property.Name, ManifestKeys))
            {
                case "schemaVersion" when value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number):
                    schemaVersion = number;
                    break;
                case "mediaType" when value.ValueKind == JsonValueKind.String:
                    mediaType = value.GetString();
                    break;
                case "artifactType" when value.ValueKind == JsonValueKind.String:
                    artifactType = value.GetString();
                    break;
                case "annotations" when value.ValueKind == JsonValueKind.Object:
                    annotations = value.GetRawText();
                    break;
                case "config" when value.ValueKind == JsonValueKind.Object:
                    if (config is not null)
                    {
                        layers.Add(config);
                    }

                    var configs = ReadDescriptors(value);
                    config = configs[^1];
                    layers.AddRange(configs[..^1]);
                    break;
                case "subject" when value.ValueKind == JsonValueKind.Object:
                    subject = ReadDescriptors(value)[^1];
                    break;
                case "layers" or "fsLayers" or "blobs" when value.ValueKind == JsonValueKind.Array:
                    layers.AddRange(value.EnumerateArray().SelectMany(ReadDescriptors));
                    break;
                case "manifests" when value.ValueKind == JsonValueKind.Null:
                    // Go writes an index without children this way.
                    hasManifests = true;
                    break;
                case "manifests" when value.ValueKind == JsonValueKind.Array:
                    hasManifests = true;
                    manifests.AddRange(value.EnumerateArray().SelectMany(ReadDescriptors));
                    break;
            }
        }

        return new Manifest
        {
            MediaType = DecideType(mediaType, schemaVersion, manifests.Count > 0 || (hasManifests && config is null)),
            Config = config,
            Layers = layers,
            Manifests = manifests,
            Subject = subject,
            ArtifactType = string.IsNullOrEmpty(artifactType) ? config?.MediaType : artifactType,
            Annotations = annotations,
        };
    }

    private static string DecideType(string? declared, int schemaVersion, bool hasManifests)
    {
        if (!string.IsNullOrEmpty(declared))
        {
            return MediaTypes.FindManifest(declared) ?? declared;
        }

        if (schemaVersion == 1)
        {
            return MediaTypes.DockerSchema1;
        }

        return hasManifests ? MediaTypes.OciIndex : MediaTypes.OciManifest;
    }

    // One for each digest of the descriptor; Go takes the last one. A digest that cannot be read makes the whole manifest unreadable
    // (FormatException), since its references are unknown.
    private static List<Descriptor> ReadDescriptors(JsonElement element)
    {
        var mediaType = string.Empty;
        List<Digest> digests = [];
        long size = 0;
        foreach (var property in element.EnumerateObject())
        {
            switch (KnownKey(property.Name, DescriptorKeys))
            {
                case "mediaType" when property.Value.ValueKind == JsonValueKind.String:
                    mediaType = property.Value.GetString()!;
                    break;
                case "digest" or "blobSum" when property.Value.ValueKind == JsonValueKind.String:
                    digests.Add(Digest.Parse(property.Value.GetString()!));
                    break;
                case "size" when property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt64(out var number):
                    size = number;
                    break;
            }
        }

        return digests.Count > 0
            ? digests.ConvertAll(digest => new Descriptor(mediaType, digest, size))
            : throw new FormatException("A descriptor has no digest.");
    }

    private static string KnownKey(string key, string[] knownKeys) => GoJson.FoldsInto(key, knownKeys) ?? key;
}
