using System.Text.Json.Nodes;
using Registry.Core.Metadata;

namespace Registry.Server.Tests.Manifests;

/// <summary>REGISTRY_MANIFEST_REFERENCES: references that must exist when a manifest is pushed.</summary>
public sealed class ManifestReferenceTests
{
    [Theory]
    [InlineData(ManifestReferences.Strict, 400)]
    [InlineData(ManifestReferences.SparseIndex, 400)]
    [InlineData(ManifestReferences.Sparse, 201)]
    public async Task A_missing_layer(ManifestReferences references, int status)
    {
        await using var registry = await StartAsync(references);
        var image = TestImage.Create(layers: 3);
        await registry.Client.PushBlobAsync("refs", image.Blobs[0]);
        await registry.Client.PushBlobAsync("refs", image.Blobs[2]);

        await AssertPutAsync(registry, image, status, [image.Blobs[1].Digest, image.Blobs[3].Digest]);
    }

    [Theory]
    [InlineData(ManifestReferences.Strict, 400)]
    [InlineData(ManifestReferences.SparseIndex, 400)]
    [InlineData(ManifestReferences.Sparse, 201)]
    public async Task A_missing_config(ManifestReferences references, int status)
    {
        await using var registry = await StartAsync(references);
        var image = TestImage.Create();
        await registry.Client.PushBlobAsync("refs", image.Blobs[1]);

        await AssertPutAsync(registry, image, status, [image.Blobs[0].Digest]);
    }

    [Theory]
    [InlineData(ManifestReferences.Strict, 400)]
    [InlineData(ManifestReferences.SparseIndex, 201)]
    [InlineData(ManifestReferences.Sparse, 201)]
    public async Task A_missing_child_of_an_index(ManifestReferences references, int status)
    {
        await using var registry = await StartAsync(references);
        var (here, missing) = (await registry.Client.PushAsync("refs", TestImage.Create()), TestImage.Create());

        await AssertPutAsync(registry, TestImage.Index([here, missing]), status, [missing.Digest]);
    }

    [Theory]
    [InlineData(ManifestReferences.Strict)]
    [InlineData(ManifestReferences.SparseIndex)]
    [InlineData(ManifestReferences.Sparse)]
    public async Task A_missing_subject_never_matters(ManifestReferences references)
    {
        await using var registry = await StartAsync(references);
        var (subject, artifact) = (TestImage.Create(), (TestImage)null!);
        artifact = TestImage.Artifact("application/vnd.example", subject);

        await registry.Client.PushAsync("refs", artifact, "latest");
    }

    [Theory]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar")]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd")]
    [InlineData("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")]
    public async Task A_layer_that_is_fetched_from_elsewhere_need_not_be_here(string mediaType)
    {
        await using var registry = await StartAsync(ManifestReferences.Strict);
        var foreign = TestBlob.Random();
        var image = TestImage.Create(json =>
        {
            var layer = TestImage.Descriptor(foreign, mediaType);
            layer["urls"] = new JsonArray($"https://store.example.com/{foreign.Digest}");
            json["layers"]!.AsArray().Insert(0, layer);
        });

        await registry.Client.PushAsync("refs", image, "latest");

        Assert.Equal(image.Manifest.Bytes, (await registry.Client.GetAnswerAsync("/v2/refs/manifests/latest")).Body);
    }

    [Fact]
    public async Task A_blob_of_another_repository_is_missing_here()
    {
        await using var registry = await StartAsync(ManifestReferences.SparseIndex);
        var image = await registry.Client.PushAsync("elsewhere", TestImage.Create());

        await AssertPutAsync(registry, image, 400, image.Blobs.Select(blob => blob.Digest));
    }

    [Fact]
    public async Task A_child_of_another_repository_is_missing_here()
    {
        await using var registry = await StartAsync(ManifestReferences.Strict);
        var image = await registry.Client.PushAsync("elsewhere", TestImage.Create());

        await AssertPutAsync(registry, TestImage.Index([image]), 400, [image.Digest]);
    }

    [Fact]
    public async Task A_blob_that_was_deleted_is_missing()
    {
        await using var registry = await StartAsync(ManifestReferences.SparseIndex);
        var image = TestImage.Create();
        foreach (var blob in image.Blobs)
        {
            await registry.Client.PushBlobAsync("refs", blob);
        }

        Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/refs/blobs/{image.Blobs[1].Digest}"));

        await AssertPutAsync(registry, image, 400, [image.Blobs[1].Digest]);
    }

    [Fact]
    public async Task A_blob_that_is_named_twice_is_missed_once()
    {
        await using var registry = await StartAsync(ManifestReferences.SparseIndex);
        var layer = TestBlob.Random();
        var image = TestImage.Create(json => json["layers"] = new JsonArray(
            TestImage.Descriptor(layer, TestImage.LayerType), TestImage.Descriptor(layer, TestImage.LayerType)));
        await registry.Client.PushBlobAsync("refs", image.Blobs[0]);

        await AssertPutAsync(registry, image, 400, [layer.Digest]);
    }

    [Fact]
    public async Task An_index_may_list_blobs()
    {
        await using var registry = await StartAsync(ManifestReferences.Strict);
        var blob = await registry.Client.PushBlobAsync("refs", TestBlob.Random());
        var index = TestImage.Index([], json => json["manifests"]!.AsArray().Add((JsonNode)TestImage.Descriptor(blob, "text/plain")));

        await registry.Client.PushAsync("refs", index, "latest");
    }

    [Fact]
    public async Task A_sparse_manifest_is_completed_by_a_later_push()
    {
        await using var registry = await StartAsync(ManifestReferences.Sparse);
        var image = TestImage.Create();
        Check.Status(201, await registry.Client.PutManifestAsync("refs", "latest", image));
        Check.Status(404, await registry.Client.HeadAnswerAsync($"/v2/refs/blobs/{image.Blobs[0].Digest}"));

        await registry.Client.PushBlobAsync("refs", image.Blobs[0]);

        Check.Status(200, await registry.Client.HeadAnswerAsync($"/v2/refs/blobs/{image.Blobs[0].Digest}"));
        Check.Status(405, await registry.Client.RequestAsync("DELETE", $"/v2/refs/blobs/{image.Blobs[0].Digest}"));
    }

    private static Task<TestRegistry> StartAsync(ManifestReferences references) =>
        TestRegistry.StartAsync(options => options with { ManifestReferences = references });

    // Every missing digest has its entry, and a refused manifest leaves no trace.
    private static async Task AssertPutAsync(TestRegistry registry, TestImage image, int status, IEnumerable<string> missing)
    {
        foreach (var reference in new[] { "latest", image.Digest })
        {
            var answer = await registry.Client.PutManifestAsync("refs", reference, image);
            if (status == 201)
            {
                Check.Status(201, answer);
                Assert.Equal(image.Manifest.Bytes, Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/refs/manifests/{reference}")).Body);
                continue;
            }

            Check.Error(status, "MANIFEST_BLOB_UNKNOWN", "blob unknown", answer);
            Assert.Equal(missing.Order(StringComparer.Ordinal), Check.Details(answer).Order(StringComparer.Ordinal));
            Check.Status(404, await registry.Client.GetAnswerAsync($"/v2/refs/manifests/{reference}"));
        }

        if (status != 201 && TestRegistry.Stores is null)
        {
            var hex = image.Digest["sha256:".Length..];
            Assert.False(File.Exists(Path.Combine(registry.StoragePath, "blobs", "sha256", hex[..2], hex, "data")) && !await IsElsewhereAsync(registry, image));
        }
    }

    private static async Task<bool> IsElsewhereAsync(TestRegistry registry, TestImage image) =>
        (await registry.Client.HeadAnswerAsync($"/v2/elsewhere/manifests/{image.Digest}")).Status == 200;
}
