using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Testing;

/// <summary>Image or index with all content that its push needs.</summary>
public sealed class TestImage
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string ConfigType = "application/vnd.oci.image.config.v1+json";
    public const string LayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string EmptyType = "application/vnd.oci.empty.v1+json";

    private TestImage(JsonObject json, string mediaType, IReadOnlyList<TestBlob> blobs, IReadOnlyList<TestImage> children)
        : this(json.ToJsonString(), mediaType, blobs, children)
    {
    }

    private TestImage(string manifest, string mediaType, IReadOnlyList<TestBlob> blobs, IReadOnlyList<TestImage> children)
    {
        Manifest = TestBlob.OfText(manifest);
        MediaType = mediaType;
        Blobs = blobs;
        Children = children;
    }

    /// <summary>Bytes of the manifest.</summary>
    public TestBlob Manifest { get; }

    /// <summary>Media type of the manifest.</summary>
    public string MediaType { get; }

    /// <summary>Config and layers.</summary>
    public IReadOnlyList<TestBlob> Blobs { get; }

    /// <summary>Children of an index.</summary>
    public IReadOnlyList<TestImage> Children { get; }

    /// <summary>SHA-256 digest of the manifest.</summary>
    public string Digest => Manifest.Digest;

    /// <summary>Creates a unique image.</summary>
    /// <param name="edit">Changes the manifest before it is serialised.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="algorithm">The algorithm of the digests in it.</param>
    /// <param name="mediaType">Its type.</param>
    /// <param name="layerSize">The size of each layer in bytes.</param>
    public static TestImage Create(
        Action<JsonObject>? edit = null, int layers = 1, string algorithm = "sha256", string mediaType = OciManifest, int layerSize = 1000) =>
        Create([.. Enumerable.Range(0, layers).Select(_ => TestBlob.Random(layerSize))], edit, algorithm, mediaType);

    /// <summary>Creates an image with a config of its own and these layers.</summary>
    public static TestImage Of(IReadOnlyList<TestBlob> layers) => Create([.. layers], null, "sha256", OciManifest);

    /// <summary>Creates an image of a config and layers.</summary>
    public static TestImage Of(TestBlob config, IReadOnlyList<TestBlob> layers, Action<JsonObject>? edit = null) =>
        Create(config, [.. layers], edit, "sha256", OciManifest);

    /// <summary>Creates an image with the layers of another and one more.</summary>
    public static TestImage On(TestImage image, int layerSize = 1000)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Create([.. image.Blobs.Skip(1), TestBlob.Random(layerSize)], null, "sha256", OciManifest);
    }

    /// <summary>Creates the image of a manifest that another program has written.</summary>
    public static TestImage Written(string manifest, IReadOnlyList<TestBlob> blobs, IReadOnlyList<TestImage> children) =>
        new(manifest, (string)JsonNode.Parse(manifest)!["mediaType"]!, blobs, children);

    /// <summary>Creates an artifact: an empty config and a type.</summary>
    public static TestImage Artifact(string artifactType, TestImage? subject = null, Action<JsonObject>? edit = null)
    {
        var empty = TestBlob.OfText("{}");
        var content = TestBlob.Random();
        var json = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = OciManifest,
            ["artifactType"] = artifactType,
            ["config"] = Descriptor(empty, EmptyType),
            ["layers"] = new JsonArray(Descriptor(content, artifactType)),
        };
        if (subject is not null)
        {
            json["subject"] = subject.Describe();
        }

        edit?.Invoke(json);
        return new TestImage(json, OciManifest, [empty, content], []);
    }

    /// <summary>Creates an index of images.</summary>
    public static TestImage Index(
        IEnumerable<TestImage> children, Action<JsonObject>? edit = null, string algorithm = "sha256", string mediaType = OciIndex)
    {
        List<TestImage> list = [.. children];
        var json = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = mediaType,
            ["manifests"] = new JsonArray([.. list.Select(child => child.Describe(algorithm))]),
            ["annotations"] = new JsonObject { ["id"] = Guid.NewGuid().ToString() },
        };
        edit?.Invoke(json);
        return new TestImage(json, mediaType, [], list);
    }

    /// <summary>The descriptor of a blob.</summary>
    public static JsonObject Descriptor(TestBlob blob, string mediaType, string algorithm = "sha256")
    {
        ArgumentNullException.ThrowIfNull(blob);
        return new JsonObject { ["mediaType"] = mediaType, ["digest"] = blob.In(algorithm), ["size"] = blob.Bytes.Length };
    }

    /// <summary>The descriptor of this manifest.</summary>
    public JsonObject Describe(string algorithm = "sha256") => Descriptor(Manifest, MediaType, algorithm);

    /// <inheritdoc/>
    public override string ToString() => Encoding.UTF8.GetString(Manifest.Bytes);

    private static TestImage Create(List<TestBlob> content, Action<JsonObject>? edit, string algorithm, string mediaType) =>
        Create(TestBlob.OfText($$"""{"architecture":"amd64","os":"linux","id":"{{Guid.NewGuid()}}"}"""), content, edit, algorithm, mediaType);

    private static TestImage Create(TestBlob config, List<TestBlob> content, Action<JsonObject>? edit, string algorithm, string mediaType)
    {
        var json = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = mediaType,
            ["config"] = Descriptor(config, ConfigType, algorithm),
            ["layers"] = new JsonArray([.. content.Select(layer => Descriptor(layer, LayerType, algorithm))]),
        };
        edit?.Invoke(json);
        return new TestImage(json, mediaType, [config, .. content], []);
    }
}
