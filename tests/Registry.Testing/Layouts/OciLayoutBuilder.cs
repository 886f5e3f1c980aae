using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Registry.Testing.Layouts;

/// <summary>A descriptor of the image specification.</summary>
public sealed record OciDescriptor(string MediaType, string Digest, long Size)
{
    public JsonObject ToJson() => new() { ["mediaType"] = MediaType, ["digest"] = Digest, ["size"] = Size };
}

/// <summary>A layer, and its digest before compression.</summary>
public sealed record OciLayer(OciDescriptor Descriptor, string DiffId);

/// <summary>Images and indexes of the OCI image specification, built in memory, to be written as an image layout or pushed.</summary>
public sealed class OciLayoutBuilder
{
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    public const string IndexType = "application/vnd.oci.image.index.v1+json";
    public const string ConfigType = "application/vnd.oci.image.config.v1+json";
    public const string LayerType = "application/vnd.oci.image.layer.v1.tar";

    private readonly Dictionary<string, byte[]> _blobs = [];
    private readonly Dictionary<string, string> _architectures = [];

    /// <summary>Every blob and manifest, by digest.</summary>
    public IReadOnlyDictionary<string, byte[]> Content => _blobs;

    public static string DigestOf(ReadOnlySpan<byte> content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    public OciDescriptor AddBlob(byte[] content, string mediaType)
    {
        string digest = DigestOf(content);
        _blobs[digest] = content;
        return new OciDescriptor(mediaType, digest, content.Length);
    }

    public OciLayer AddLayer(byte[] tar) => new(AddBlob(tar, LayerType), DigestOf(tar));

    public OciLayer AddGzipLayer(byte[] tar)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(tar);
        }
        return AddCompressedLayer(tar, compressed.ToArray(), "+gzip");
    }

    /// <summary>Adds a compressed layer; its media type ends with the suffix, such as <c>+zstd</c>.</summary>
    public OciLayer AddCompressedLayer(byte[] tar, byte[] compressed, string suffix) =>
        new(AddBlob(compressed, LayerType + suffix), DigestOf(tar));

    /// <summary>Creates an image for Linux whose command is a shell line.</summary>
    public OciDescriptor AddImage(IEnumerable<OciLayer> layers, string architecture = "amd64", string command = "sha256sum /payload")
    {
        OciLayer[] all = [.. layers];
        var config = new JsonObject
        {
            ["created"] = "2024-01-01T00:00:00Z",
            ["architecture"] = architecture,
            ["os"] = "linux",
            ["config"] = new JsonObject
            {
                ["Cmd"] = new JsonArray("/bin/sh", "-c", command),
                ["Env"] = new JsonArray("PATH=/bin"),
            },
            ["rootfs"] = new JsonObject
            {
                ["type"] = "layers",
                ["diff_ids"] = new JsonArray([.. all.Select(layer => JsonValue.Create(layer.DiffId))]),
            },
            ["history"] = new JsonArray([.. all.Select(_ => new JsonObject { ["created_by"] = "a test" })]),
        };
        OciDescriptor manifest = AddManifest(AddBlob(Bytes(config), ConfigType), all.Select(layer => layer.Descriptor));
        _architectures[manifest.Digest] = architecture;
        return manifest;
    }

    public OciDescriptor AddManifest(OciDescriptor config, IEnumerable<OciDescriptor> layers) =>
        AddBlob(
            Bytes(new JsonObject
            {
                ["schemaVersion"] = 2,
                ["mediaType"] = ManifestType,
                ["config"] = config.ToJson(),
                ["layers"] = new JsonArray([.. layers.Select(layer => layer.ToJson())]),
            }),
            ManifestType);

    public OciDescriptor AddIndex(params IEnumerable<OciDescriptor> images) =>
        AddBlob(
            Bytes(new JsonObject
            {
                ["schemaVersion"] = 2,
                ["mediaType"] = IndexType,
                ["manifests"] = new JsonArray([.. images.Select(Platform)]),
            }),
            IndexType);

    /// <summary>Writes an image layout (oci-layout, index.json, blobs/sha256/*) in which one image or index has a tag.</summary>
    public void Write(string folder, OciDescriptor tagged, string tag)
    {
        string blobs = Directory.CreateDirectory(Path.Combine(folder, "blobs", "sha256")).FullName;
        foreach ((string digest, byte[] content) in _blobs)
        {
            File.WriteAllBytes(Path.Combine(blobs, digest["sha256:".Length..]), content);
        }
        File.WriteAllText(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        JsonObject entry = tagged.ToJson();
        entry["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = tag };
        var index = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = IndexType, ["manifests"] = new JsonArray(entry) };
        File.WriteAllBytes(Path.Combine(folder, "index.json"), Bytes(index));
    }

    private static byte[] Bytes(JsonObject json) => System.Text.Encoding.UTF8.GetBytes(json.ToJsonString());

    private JsonObject Platform(OciDescriptor image)
    {
        JsonObject entry = image.ToJson();
        entry["platform"] = new JsonObject { ["architecture"] = _architectures[image.Digest], ["os"] = "linux" };
        return entry;
    }
}
