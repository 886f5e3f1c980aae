using System.Text;
using Registry.Core.Oci;

namespace Registry.Bench.Scale;

/// <summary>
/// Content of a database before it is multiplied: a team of repositories with a few images and a signature each, a repository with many tags,
/// and some with content that is costly to delete or to list. Every run has the same content.
/// </summary>
internal static class ScaleContent
{
    public const int Repositories = 100;
    public const int ImagesPerRepository = 9;
    public const int ManifestsPerRepository = ImagesPerRepository + 1;
    public const int ManifestsWithTags = 10_000;
    public const int TagsOfManifest = 10;
    public const int Tags = ManifestsWithTags * TagsOfManifest;
    public const int Costly = 100;
    public const int TagsOfCostly = 100;
    public const int LayersOfCostly = 20;
    public const int Referrers = 1000;
    public const int Layers = 3;

    /// <summary>Number of times that the first tag of <see cref="Moved"/> has moved, for each copy of the team: 99,900 of a million changes.</summary>
    public const int MovesPerCopy = 100;

    /// <summary>Prefix of the names of the team's repositories and of those of its copies; a number follows.</summary>
    public const string Team = "team";

    private const string Base = "the base of all";

    private const string Layer = "application/vnd.oci.image.layer.v1.tar+gzip";
    private const string Config = "application/vnd.oci.image.config.v1+json";

    /// <summary>The one blob that all repositories have.</summary>
    public static readonly Digest BaseDigest = DigestOf(Encoding.UTF8.GetBytes(Base));

    public static readonly RepositoryName ManyTags = RepositoryName.Parse("platform/nightly");
    public static readonly RepositoryName CostlyToDelete = RepositoryName.Parse("platform/releases");
    public static readonly RepositoryName Moved = Name(7);
    public static readonly RepositoryName ManyReferrers = RepositoryName.Parse("platform/signed");

    /// <summary>The team's repositories.</summary>
    public static IEnumerable<ScaleRepository> OfTeam() => Enumerable.Range(0, Repositories).Select(i => TeamRepository(Name(i)));

    /// <summary>The repositories beside the team: with many tags, with manifests that are costly to delete, and with many signatures.</summary>
    /// <param name="manifestsWithTags">Number of manifests of the first one, with ten tags each.</param>
    public static IEnumerable<ScaleRepository> BesideTeam(int manifestsWithTags) =>
    [
        new(ManyTags, [.. Images(ManyTags, manifestsWithTags, TagsOfManifest)]),
        new(CostlyToDelete,
        [
            .. Images(CostlyToDelete, Costly, TagsOfCostly),
            .. Enumerable.Range(Costly, Costly).Select(i => ImageOf(CostlyToDelete, i, LayersOfCostly, [])),
        ]),
        new(ManyReferrers, [ImageOf(ManyReferrers, 0, Layers, []), .. Enumerable.Range(0, Referrers).Select(i => SignatureOf(ManyReferrers, Image(ManyReferrers, 0), i))]),
    ];

    public static RepositoryName Name(int i) => RepositoryName.Parse($"{Team}/app-{i:d2}");

    /// <summary>Name of a repository of the team in a copy of the team; 0 is the team itself.</summary>
    public static RepositoryName CopyOf(RepositoryName name, int copy) =>
        copy == 0 ? name : RepositoryName.Parse($"{Team}-{copy:d4}{name.Value[Team.Length..]}");

    /// <summary>Digest in a copy of the team that replaces a digest of the team.</summary>
    public static Digest CopyOf(Digest digest, int copy) =>
        copy == 0 ? digest : Digest.Parse($"{digest.Algorithm.Name}:{(uint)(copy * 2654435761):x8}{digest.Hex[8..]}");

    public static Tag TagOf(int i) => Tag.Parse($"build-{i:d6}");

    /// <summary>Image with a config and a layer of its own, a layer shared within the repository, and a layer shared by all repositories.</summary>
    public static byte[] Image(RepositoryName repository, int i, int layers = Layers) => ImageOf(repository, i, layers, []).Bytes;

    public static Digest DigestOf(byte[] content) => DigestAlgorithm.Sha256.Compute(content);

    private static ScaleRepository TeamRepository(RepositoryName name) =>
        new(name, [.. Images(name, ImagesPerRepository, 1), SignatureOf(name, Image(name, 0), 0)]);

    private static IEnumerable<ScaleManifest> Images(RepositoryName repository, int count, int tagsOfEach) =>
        Enumerable.Range(0, count).Select(i => ImageOf(repository, i, Layers, [.. Enumerable.Range(i * tagsOfEach, tagsOfEach).Select(TagOf)]));

    private static ScaleManifest ImageOf(RepositoryName repository, int i, int layers, IReadOnlyList<Tag> tags)
    {
        var config = $"{repository} config {i}";
        List<string> blobs =
        [
            .. Enumerable.Range(0, layers).Select(layer => layer switch
            {
                0 => Base,
                1 => $"{repository} base",
                _ => $"{repository} layer {i} {layer}",
            }),
        ];
        var bytes = Encoding.UTF8.GetBytes(
            $$"""
            {"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Blob(Config, config)}},"layers":[
            {{string.Join(",\n", blobs.Select(blob => Blob(Layer, blob)))}}]}
            """);
        return new ScaleManifest(bytes, [config, .. blobs], tags);
    }

    private static ScaleManifest SignatureOf(RepositoryName repository, byte[] image, int i)
    {
        const string EmptyConfig = "{}";
        var signature = $"{repository} signature {i}";
        var bytes = Encoding.UTF8.GetBytes(
            $$$"""
            {"schemaVersion":2,"mediaType":"{{{MediaTypes.OciManifest}}}","artifactType":"application/vnd.example.signature",
            "config":{{{Blob("application/vnd.oci.empty.v1+json", EmptyConfig)}}},"layers":[{{{Blob(Layer, signature)}}}],
            "subject":{"mediaType":"{{{MediaTypes.OciManifest}}}","digest":"{{{DigestOf(image)}}}","size":{{{image.Length}}}},
            "annotations":{"org.opencontainers.image.created":"2026-01-01T00:00:00Z"}}
            """);
        return new ScaleManifest(bytes, [EmptyConfig, signature], []);
    }

    private static string Blob(string mediaType, string content) =>
        $$"""{"mediaType":"{{mediaType}}","digest":"{{DigestOf(Encoding.UTF8.GetBytes(content))}}","size":{{content.Length}}}""";
}
