using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Lifecycle;

/// <summary>Kind of content to push: manifests with everything that they reference.</summary>
internal sealed record ContentKind
{
    /// <summary>Manifests, each after those that it lists. Children are added automatically.</summary>
    public required IReadOnlyList<TestImage> Manifests { get; init; }

    /// <summary>The algorithm of every digest.</summary>
    public string Algorithm { get; init; } = "sha256";

    /// <summary>True when the push by digest sets tags, in its query.</summary>
    public bool TagsInQuery { get; init; }

    /// <summary>Blobs that are never pushed.</summary>
    public IReadOnlyCollection<TestBlob> MissingBlobs { get; init; } = [];

    /// <summary>Every manifest, children first.</summary>
    public IEnumerable<TestImage> All => Manifests.SelectMany(Flatten).DistinctBy(image => image.Digest);

    /// <summary>The kinds by name. Each call creates unique content.</summary>
    public static IReadOnlyDictionary<string, Func<ContentKind>> ByName { get; } = new Dictionary<string, Func<ContentKind>>
    {
        ["an image"] = () => Of(TestImage.Create(layers: 3)),
        ["an image with uncompressed layers"] = () => Of(TestImage.Create(json => json["layers"]![0]!["mediaType"] = "application/vnd.oci.image.layer.v1.tar")),
        ["a large manifest"] = () => Of(TestImage.Create(json => json["annotations"] = new JsonObject(
            Enumerable.Range(0, 390).Select(i => KeyValuePair.Create($"large-{i}", (JsonNode?)new string('A', 10_000)))))),
        ["a Docker image"] = () => Of(TestImage.Create(mediaType: TestImage.DockerManifest)),
        ["a Docker manifest list"] = () => Of(TestImage.Index([TestImage.Create(mediaType: TestImage.DockerManifest)], mediaType: TestImage.DockerManifestList)),
        ["an index of two platforms"] = () => Of(Index()),
        ["an index of indexes"] = () => Of(TestImage.Index([Index(), Index()])),
        ["an empty index"] = () => Of(TestImage.Index([])),
        ["an artifact"] = () => Of(TestImage.Artifact("application/vnd.example.type.v1")),
        ["an index of artifacts"] = () => Of(TestImage.Index(
            [TestImage.Artifact("application/vnd.example.type.v1"), TestImage.Artifact("application/vnd.example.type.v2")],
            json => json["artifactType"] = "application/vnd.example.type.v1")),
        ["an artifact without content"] = () => Of(TestImage.Artifact(
            "application/vnd.example.type.v1", edit: json => json["layers"] = new JsonArray(TestImage.Descriptor(TestBlob.OfText("{}"), TestImage.EmptyType)))),
        ["an image with artifacts that refer to it"] = () => WithReferrers(TestImage.Create()),
        ["an index with an artifact that refers to it"] = () => WithReferrers(Index()),
        ["an artifact whose subject is missing"] = () => Of(TestImage.Artifact("application/vnd.example.type.v1", TestImage.Create())),
        ["an image with data in its descriptors"] = () => Of(TestImage.Create(json =>
        {
            json["config"]!["data"] = "e30=";
            json["layers"]![0]!["data"] = "aGVsbG8=";
        })),
        ["an image with layers from elsewhere"] = () => Of(TestImage.Create(json =>
        {
            foreach (var type in new[] { "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "application/vnd.oci.image.layer.nondistributable.v1.tar" })
            {
                var layer = TestImage.Descriptor(TestBlob.Random(), type);
                layer["urls"] = new JsonArray("https://store.example.com/layer");
                json["layers"]!.AsArray().Add((JsonNode)layer);
            }
        })),
        ["manifests with keys of their own"] = () => Of(TestImage.Index(
            [TestImage.Create(json => json["org.example.custom"] = Guid.NewGuid().ToString())],
            json => (json["org.example.custom"], json["manifests"]![0]!["org.example.custom"]) = ("x", new JsonObject { ["a"] = 1 }))),
        ["an image without layers"] = () => Of(TestImage.Create(layers: 0)),
        ["an index in sha512"] = () => InSha512(tagsInQuery: false),
        ["an index with tags in the query"] = () => Of(Index()) with { TagsInQuery = true },
        ["an index in sha512 with tags in the query"] = () => InSha512(tagsInQuery: true),
    };

    /// <summary>The kinds that only REGISTRY_MANIFEST_REFERENCES=sparse takes, or sparse-index.</summary>
    public static IReadOnlyDictionary<string, Func<ContentKind>> SparseByName { get; } = new Dictionary<string, Func<ContentKind>>
    {
        ["an image with a missing layer"] = () =>
        {
            var image = TestImage.Create(layers: 2);
            return Of(image) with { MissingBlobs = [image.Blobs[1]] };
        },
        ["an index with a missing child"] = () => Of(TestImage.Index(
            [TestImage.Create()], json => json["manifests"]!.AsArray().Add((JsonNode)TestImage.Create().Describe()))),
    };

    private static ContentKind Of(params TestImage[] manifests) => new() { Manifests = manifests };

    private static TestImage Index() => TestImage.Index([TestImage.Create(), TestImage.Create()], json =>
    {
        json["manifests"]![0]!["platform"] = new JsonObject { ["os"] = "linux", ["architecture"] = "amd64" };
        json["manifests"]![1]!["platform"] = new JsonObject { ["os"] = "linux", ["architecture"] = "arm64", ["variant"] = "v8" };
    });

    private static ContentKind WithReferrers(TestImage subject) => Of(
        subject,
        TestImage.Create(json => json["subject"] = subject.Describe()),
        TestImage.Artifact("application/vnd.example.type.v1", subject, json => json["annotations"] = new JsonObject { ["org.example"] = "one" }),
        TestImage.Artifact("application/vnd.example.type.v2", subject, json => json["annotations"] = new JsonObject { ["org.example"] = "two" }),
        TestImage.Index(
            [TestImage.Artifact("application/vnd.example.type.v1")],
            json => (json["subject"], json["artifactType"]) = (subject.Describe(), "application/vnd.example.type.v1")));

    private static ContentKind InSha512(bool tagsInQuery) =>
        Of(TestImage.Index([TestImage.Create(algorithm: "sha512"), TestImage.Create(algorithm: "sha512")], algorithm: "sha512"))
        with
        { Algorithm = "sha512", TagsInQuery = tagsInQuery };

    private static IEnumerable<TestImage> Flatten(TestImage image) => [.. image.Children.SelectMany(Flatten), image];
}
