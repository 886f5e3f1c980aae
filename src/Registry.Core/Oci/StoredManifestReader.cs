using System.Text.Json;

namespace Registry.Core.Oci;

/// <summary>
/// Reads a manifest that is already stored, perhaps by another registry. It refuses nothing that could be understood: keys are matched
/// as Go matches them and duplicates add up, so that no reference which any client may follow is missed.
/// </summary>
public static class StoredManifestReader
{
    private static readonly string[] ManifestKeys =
        ["schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations", "fsLayers", "blobs"];

    private static readonly string[] DescriptorKeys = ["mediaType", "digest", "size", "blobSum"];

    /// <summary>Reads a manifest; null when the bytes are not one, so that nobody can tell what it refers to.</summary>
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

                    config = ReadDescriptor(value);
                    break;
                case "subject" when value.ValueKind == JsonValueKind.Object:
                    subject = ReadDescriptor(value);
                    break;
                case "layers" or "fsLayers" or "blobs" when value.ValueKind == JsonValueKind.Array:
                    layers.AddRange(value.EnumerateArray().Select(ReadDescriptor));
                    break;
                case "manifests" when value.ValueKind == JsonValueKind.Array:
                    manifests.AddRange(value.EnumerateArray().Select(ReadDescriptor));
                    break;
            }
        }

        return new Manifest
        {
            MediaType = DecideType(mediaType, schemaVersion, manifests.Count > 0),
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
            return declared;
        }

        if (schemaVersion == 1)
        {
            return MediaTypes.DockerSchema1;
        }

        return hasManifests ? MediaTypes.OciIndex : MediaTypes.OciManifest;
    }

    // A reference whose digest cannot be read makes the whole manifest unreadable (FormatException): what it needs is unknown.
    private static Descriptor ReadDescriptor(JsonElement element)
    {
        string mediaType = string.Empty, digest = string.Empty;
        long size = 0;
        foreach (var property in element.EnumerateObject())
        {
            switch (KnownKey(property.Name, DescriptorKeys))
            {
                case "mediaType" when property.Value.ValueKind == JsonValueKind.String:
                    mediaType = property.Value.GetString()!;
                    break;
                case "digest" or "blobSum" when property.Value.ValueKind == JsonValueKind.String:
                    digest = property.Value.GetString()!;
                    break;
                case "size" when property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt64(out var number):
                    size = number;
                    break;
            }
        }

        return new Descriptor(mediaType, Digest.Parse(digest), size);
    }

    private static string KnownKey(string key, string[] knownKeys) => GoJson.FoldsInto(key, knownKeys) ?? key;
}
