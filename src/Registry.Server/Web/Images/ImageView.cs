using System.Text;
using System.Text.Json;
using Registry.Core.Oci;

namespace Registry.Server.Web.Images;

/// <summary>What a page shows of a manifest. The bytes come from a client: what is not understood is left out.</summary>
internal sealed record ImageView
{
    private const string HelmConfig = "application/vnd.cncf.helm.config.v1+json";
    private const string Title = "org.opencontainers.image.title";

    /// <summary>What it is, in words.</summary>
    public required string Kind { get; init; }

    /// <summary>The members that the registry uses; null if the bytes are no manifest.</summary>
    public Manifest? Manifest { get; private init; }

    /// <summary>Manifests of an index.</summary>
    public IReadOnlyList<ImageChild> Children { get; private init; } = [];

    /// <summary>Layers, or files of an artifact.</summary>
    public IReadOnlyList<ImageLayer> Layers { get; private init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Annotations { get; private init; } = [];

    /// <summary>Config of an image; null for everything else, and if it cannot be read.</summary>
    public ImageConfig? Config { get; private init; }

    /// <summary>Size of config and layers, in bytes.</summary>
    public long ContentSize => Sum(Layers.Select(layer => layer.Blob.Size).Prepend(Manifest?.Config?.Size ?? 0));

    /// <summary>Reads a manifest.</summary>
    public static ImageView Read(ReadOnlyMemory<byte> bytes)
    {
        if (StoredManifestReader.Read(bytes) is not { } manifest)
        {
            return new ImageView { Kind = "Unreadable manifest" };
        }

        using var document = LenientJson.Parse(bytes);
        var root = document?.RootElement ?? default;
        return new ImageView
        {
            Kind = KindOf(manifest),
            Manifest = manifest,
            Children = [.. manifest.Manifests.Zip(Entries(root, "manifests", manifest.Manifests.Count), (child, entry) => new ImageChild(child, ImageConfig.PlatformOf(entry.Member("platform") ?? default)))],
            Layers = [.. manifest.Layers.Zip(Entries(root, "layers", manifest.Layers.Count), (layer, entry) => new ImageLayer(layer, (entry.Member("annotations") ?? default).Text(Title), null))],
            Annotations = ReadAnnotations(manifest.Annotations),
        };
    }

    /// <summary>Adds sizes, which are what a client has claimed: the sum may be more than any number.</summary>
    public static long Sum(IEnumerable<long> sizes) => sizes.Aggregate(0L, (sum, size) => Math.Max(size, 0) > long.MaxValue - sum ? long.MaxValue : sum + Math.Max(size, 0));

    /// <summary>Adds the config of the image, whose steps say which one made which layer.</summary>
    public ImageView With(ImageConfig config)
    {
        var makers = config.History.Where(step => step.HasLayer).Select(step => step.Instruction).ToList();
        var isWhole = makers.Count == Layers.Count;
        return this with { Config = config, Layers = [.. Layers.Select((layer, i) => layer with { Instruction = isWhole ? makers[i] : null })] };
    }

    private static string KindOf(Manifest manifest) => manifest switch
    {
        { IsIndex: true } => "Index",
        { Config.MediaType: HelmConfig } => "Helm chart",
        { Config: { } config } when ImageConfig.IsOfImage(config.MediaType) && manifest.ArtifactType == config.MediaType => "Image",
        _ => "Artifact",
    };

    // As many as there are descriptors: the lenient reader combines duplicate keys, and then the entries would not match.
    private static IEnumerable<JsonElement> Entries(JsonElement root, string name, int count) =>
        root.Member(name) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == count ? list.EnumerateArray() : Enumerable.Repeat<JsonElement>(default, count);

    private static IReadOnlyList<KeyValuePair<string, string>> ReadAnnotations(string? json)
    {
        using var document = json is null ? null : LenientJson.Parse(Encoding.UTF8.GetBytes(json));
        return document is null ? [] : LenientJson.PairsOf(document.RootElement);
    }
}
