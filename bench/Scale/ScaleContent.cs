using System.Text;
using Registry.Core.Indexing;
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
    public static IEnumerable<TreeRepository> OfTeam() => Enumerable.Range(0, Repositories).Select(i => TeamRepository(Name(i)));

    /// <summary>The repository with many tags.</summary>
    /// <param name="manifests">Number of manifests, with ten tags each.</param>
    public static TreeRepository WithManyTags(int manifests) => Images(ManyTags, manifests, TagsOfManifest);

    /// <summary>A repository with manifests that have many tags, and as many that have many layers.</summary>
    public static TreeRepository WithCostlyManifests()
    {
        var tagged = Images(CostlyToDelete, Costly, TagsOfCostly);
        return Add(tagged, Enumerable.Range(0, Costly).Select(i => Image(CostlyToDelete, Costly + i, LayersOfCostly)));
    }

    /// <summary>A repository with an image that has many signatures.</summary>
    public static TreeRepository WithManyReferrers()
    {
        var image = Image(ManyReferrers, 0);
        return Add(
            Add(new TreeRepository { Name = ManyReferrers }, [image]),
            Enumerable.Range(0, Referrers).Select(i => Signature(ManyReferrers, image, i)));
    }

    public static RepositoryName Name(int i) => RepositoryName.Parse($"{Team}/app-{i:d2}");

    /// <summary>Name of a repository of the team in a copy of the team; 0 is the team itself.</summary>
    public static RepositoryName CopyOf(RepositoryName name, int copy) =>
        copy == 0 ? name : RepositoryName.Parse($"{Team}-{copy:d4}{name.Value[Team.Length..]}");

    /// <summary>Digest in a copy of the team that replaces a digest of the team.</summary>
    public static Digest CopyOf(Digest digest, int copy) =>
        copy == 0 ? digest : Digest.Parse($"{digest.Algorithm.Name}:{(uint)(copy * 2654435761):x8}{digest.Hex[8..]}");

    public static Tag TagOf(int i) => Tag.Parse($"build-{i:d6}");

    /// <summary>Image with a config and a layer of its own, a layer shared within the repository, and a layer shared by all repositories.</summary>
    public static byte[] Image(RepositoryName repository, int i, int layers = 3) => Encoding.UTF8.GetBytes(
        $$"""
        {"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Blob(Config, $"{repository} config {i}")}},"layers":[
        {{string.Join(",\n", Enumerable.Range(0, layers).Select(layer => Blob(Layer, layer switch
        {
            0 => Base,
            1 => $"{repository} base",
            _ => $"{repository} layer {i} {layer}",
        })))}}]}
        """);

    /// <summary>A signature of an image.</summary>
    public static byte[] Signature(RepositoryName repository, byte[] image, int i) => Encoding.UTF8.GetBytes(
        $$$"""
        {"schemaVersion":2,"mediaType":"{{{MediaTypes.OciManifest}}}","artifactType":"application/vnd.example.signature",
        "config":{{{Blob("application/vnd.oci.empty.v1+json", "{}")}}},"layers":[{{{Blob(Layer, $"{repository} signature {i}")}}}],
        "subject":{"mediaType":"{{{MediaTypes.OciManifest}}}","digest":"{{{DigestOf(image)}}}","size":{{{image.Length}}}},
        "annotations":{"org.opencontainers.image.created":"2026-01-01T00:00:00Z"}}
        """);

    public static Digest DigestOf(byte[] content) => DigestAlgorithm.Sha256.Compute(content);

    private static TreeRepository TeamRepository(RepositoryName name) =>
        Add(Images(name, ImagesPerRepository, 1), [Signature(name, Image(name, 0), 0)]);

    private static TreeRepository Images(RepositoryName name, int count, int tagsOfEach) => Add(
        new TreeRepository { Name = name },
        Enumerable.Range(0, count).Select(i => Image(name, i)),
        i => Enumerable.Range(i * tagsOfEach, tagsOfEach).Select(TagOf));

    private static TreeRepository Add(TreeRepository repository, IEnumerable<byte[]> manifests, Func<int, IEnumerable<Tag>>? tagsOf = null)
    {
        var added = manifests.Select(bytes => new TreeManifest(DigestOf(bytes), bytes.Length, ManifestReader.Read(bytes, null).Value)).ToList();
        var tags = tagsOf is null
            ? []
            : added.SelectMany((manifest, i) => tagsOf(i).Select(tag => KeyValuePair.Create(tag, manifest.Digest))).ToList();
        var layers = added.SelectMany(manifest => manifest.Manifest.Blobs).DistinctBy(blob => blob.Digest)
            .Select(blob => KeyValuePair.Create(blob.Digest, blob.Size));
        return repository with
        {
            Manifests = [.. repository.Manifests, .. added],
            Layers = [.. repository.Layers, .. layers],
            Tags = [.. repository.Tags, .. tags],
            TagHistory = [.. repository.TagHistory, .. tags],
        };
    }

    private static string Blob(string mediaType, string content) =>
        $$"""{"mediaType":"{{mediaType}}","digest":"{{DigestOf(Encoding.UTF8.GetBytes(content))}}","size":{{content.Length}}}""";
}
