using System.Text.Json;
using Registry.Core.Oci;

namespace Registry.Images.Layouts;

/// <summary>Reads and writes the two JSON files of a layout (OCI image-spec, image-layout.md).</summary>
internal static class LayoutIndex
{
    public const string MarkerFile = "oci-layout";
    public const string IndexFile = "index.json";

    /// <summary>Annotation by which skopeo, podman and buildah find an image in a layout.</summary>
    public const string RefNameKey = "org.opencontainers.image.ref.name";

    /// <summary>Annotation in which docker and containerd put a full name.</summary>
    public const string ImageNameKey = "io.containerd.image.name";

    // Some ten thousand images. A larger file is not an index.
    private const int MaxIndexSize = 4 * 1024 * 1024;
    private const int MaxMarkerSize = 4096;

    /// <summary>Content of <c>oci-layout</c>.</summary>
    public static ReadOnlyMemory<byte> Marker { get; } = """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray();

    /// <summary>Path of a blob or manifest in a layout.</summary>
    public static string BlobPath(Digest digest) => $"blobs/{digest.Algorithm.Name}/{digest.Hex}";

    /// <summary>Reads the entries of a layout.</summary>
    /// <exception cref="LayoutException">The source is not a layout, or cannot be understood.</exception>
    public static IReadOnlyList<LayoutEntry> Read(ILayoutSource source)
    {
        if (source.Find(MarkerFile) is null)
        {
            throw new LayoutException(source.Find("manifest.json") is null
                ? "is not an OCI image layout: there is no file oci-layout in it"
                : "is an archive of an older 'docker save', which is not an OCI image layout; convert it with 'skopeo copy docker-archive:FILE oci:FOLDER:TAG', or save it with Docker 25 or later");
        }

        try
        {
            using var marker = JsonDocument.Parse(ReadFile(source, MarkerFile, MaxMarkerSize));
            var version = Text(marker.RootElement, "imageLayoutVersion");
            if (version?.StartsWith("1.", StringComparison.Ordinal) != true)
            {
                throw new LayoutException($"is an OCI image layout of version '{version}'; this version reads 1.0.0");
            }

            using var index = JsonDocument.Parse(ReadFile(source, IndexFile, MaxIndexSize));
            return [.. index.RootElement.GetProperty("manifests").EnumerateArray().Select(ReadEntry)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new LayoutException($"has an {IndexFile} or {MarkerFile} that cannot be understood: {e.Message}", e);
        }
    }

    /// <summary>Reads a small file as a whole.</summary>
    /// <exception cref="LayoutException">The file does not exist, or is larger than <paramref name="maxSize"/> bytes.</exception>
    public static byte[] ReadFile(ILayoutSource source, string path, long maxSize)
    {
        var size = source.Find(path) ?? throw new LayoutException($"has no {path}");
        if (size > maxSize)
        {
            throw new LayoutException($"has a {path} of {size} bytes, more than the {maxSize} allowed");
        }

        using var stream = source.Open(path);
        var content = new byte[size];
        stream.ReadExactly(content);
        return content;
    }

    /// <summary>Writes the index of a layout.</summary>
    public static ReadOnlyMemory<byte> Write(IEnumerable<LayoutEntry> entries)
    {
        var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("schemaVersion", 2);
            json.WriteString("mediaType", MediaTypes.OciIndex);
            json.WriteStartArray("manifests");
            foreach (var entry in entries)
            {
                WriteEntry(json, entry);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void WriteEntry(Utf8JsonWriter json, LayoutEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("mediaType", entry.Descriptor.MediaType);
        json.WriteString("digest", entry.Descriptor.Digest.Value);
        json.WriteNumber("size", entry.Descriptor.Size);
        if (entry.ArtifactType is not null)
        {
            json.WriteString("artifactType", entry.ArtifactType);
        }

        if (entry.RefName is not null)
        {
            json.WriteStartObject("annotations");
            json.WriteString(ImageNameKey, entry.ImageName);
            json.WriteString(RefNameKey, entry.RefName);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static LayoutEntry ReadEntry(JsonElement element)
    {
        var annotations = element.TryGetProperty("annotations", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        return new LayoutEntry(
            new Descriptor(
                Text(element, "mediaType") ?? string.Empty,
                Digest.Parse(Text(element, "digest") ?? string.Empty),
                element.GetProperty("size").GetInt64()),
            Text(annotations, RefNameKey),
            Text(annotations, ImageNameKey));
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
