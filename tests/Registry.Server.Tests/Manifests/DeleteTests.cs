namespace Registry.Server.Tests.Manifests;

/// <summary>OCI distribution-spec, "Content Management".</summary>
public sealed class DeleteTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Fact]
    public async Task By_tag_the_tag_goes_and_everything_else_stays()
    {
        var image = await fixture.Client.PushAsync("delete/tag", TestImage.Create(), "a", "b");

        Check.Status(202, await DeleteAsync("delete/tag/manifests/a"));

        Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await fixture.Client.GetAnswerAsync("/v2/delete/tag/manifests/a"));
        Check.Status(404, await fixture.Client.HeadAnswerAsync("/v2/delete/tag/manifests/a"));
        Check.Status(200, await fixture.Client.GetAnswerAsync("/v2/delete/tag/manifests/b"));
        Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/delete/tag/manifests/{image.Digest}"));
        Assert.Equal(["b"], (await fixture.Client.GetAnswerAsync("/v2/delete/tag/tags/list")).Strings("tags"));
        Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await DeleteAsync("delete/tag/manifests/a"));
    }

    [Fact]
    public async Task By_digest_the_manifest_goes_with_all_its_tags()
    {
        var image = await fixture.Client.PushAsync("delete/digest", TestImage.Create(), "a", "b");
        var other = await fixture.Client.PushAsync("delete/digest", TestImage.Create(), "c");

        Check.Status(202, await DeleteAsync($"delete/digest/manifests/{image.Digest}"));

        foreach (var reference in new[] { image.Digest, "a", "b" })
        {
            Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await fixture.Client.GetAnswerAsync($"/v2/delete/digest/manifests/{reference}"));
            Check.Status(404, await DeleteAsync($"delete/digest/manifests/{reference}"));
        }

        Assert.Equal(["c"], (await fixture.Client.GetAnswerAsync("/v2/delete/digest/tags/list")).Strings("tags"));
        Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/delete/digest/manifests/{other.Digest}"));
        Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/delete/digest/blobs/{image.Blobs[0].Digest}"));
    }

    [Fact]
    public async Task A_tag_that_has_moved_on_survives_its_old_manifest()
    {
        var old = await fixture.Client.PushAsync("delete/moved", TestImage.Create(), "latest");
        var young = await fixture.Client.PushAsync("delete/moved", TestImage.Create(), "latest");

        Check.Status(202, await DeleteAsync($"delete/moved/manifests/{old.Digest}"));

        Assert.Equal(young.Digest, (await fixture.Client.HeadAnswerAsync("/v2/delete/moved/manifests/latest"))["Docker-Content-Digest"]);
    }

    [Fact]
    public async Task The_same_bytes_in_another_algorithm_are_another_manifest()
    {
        var image = await fixture.Client.PushAsync("delete/algorithms", TestImage.Create(), "a");
        Check.Status(201, await fixture.Client.PutManifestAsync("delete/algorithms", $"{image.Manifest.Sha512}?tag=b", image));

        Check.Status(202, await DeleteAsync($"delete/algorithms/manifests/{image.Digest}"));

        Check.Status(404, await fixture.Client.HeadAnswerAsync("/v2/delete/algorithms/manifests/a"));
        Check.Status(200, await fixture.Client.HeadAnswerAsync("/v2/delete/algorithms/manifests/b"));
        Check.Status(202, await DeleteAsync($"delete/algorithms/manifests/{image.Manifest.Sha512}"));
    }

    [Fact]
    public async Task A_child_of_an_index_may_be_deleted()
    {
        var child = TestImage.Create();
        var index = await fixture.Client.PushAsync("delete/child", TestImage.Index([child]));

        Check.Status(202, await DeleteAsync($"delete/child/manifests/{child.Digest}"));

        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/delete/child/manifests/{child.Digest}"));
        Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/delete/child/manifests/{index.Digest}"));
    }

    [Fact]
    public async Task A_deleted_manifest_can_be_pushed_again()
    {
        var image = await fixture.Client.PushAsync("delete/again", TestImage.Create(), "latest");
        Check.Status(202, await DeleteAsync($"delete/again/manifests/{image.Digest}"));

        Check.Status(201, await fixture.Client.PutManifestAsync("delete/again", "latest", image));

        Assert.Equal(image.Manifest.Bytes, (await fixture.Client.GetAnswerAsync("/v2/delete/again/manifests/latest")).Body);
    }

    [Fact]
    public async Task What_is_missing_is_404()
    {
        await fixture.Client.PushAsync("delete/missing", TestImage.Create());
        var digest = TestBlob.Random().Digest;

        foreach (var repository in new[] { "delete/missing", "delete/unknown" })
        {
            Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await DeleteAsync($"{repository}/manifests/{digest}"));
            Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await DeleteAsync($"{repository}/manifests/latest"));
            Check.Error(404, "BLOB_UNKNOWN", "blob unknown", await DeleteAsync($"{repository}/blobs/{digest}"));
        }
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task A_blob_is_unlinked_from_its_repository_only(string algorithm)
    {
        var blob = TestBlob.Random();
        await fixture.Client.PushBlobAsync("delete/blob", blob, algorithm);
        await fixture.Client.PushBlobAsync("delete/other", blob, algorithm);

        Check.Status(202, await DeleteAsync($"delete/blob/blobs/{blob.In(algorithm)}"));

        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/delete/blob/blobs/{blob.In(algorithm)}"));
        Check.Error(404, "BLOB_UNKNOWN", "blob unknown", await fixture.Client.GetAnswerAsync($"/v2/delete/blob/blobs/{blob.In(algorithm)}"));
        Check.Error(404, "BLOB_UNKNOWN", "blob unknown", await DeleteAsync($"delete/blob/blobs/{blob.In(algorithm)}"));
        Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/delete/other/blobs/{blob.In(algorithm)}"));
        await fixture.Client.PushBlobAsync("delete/blob", blob, algorithm);
        Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/delete/blob/blobs/{blob.In(algorithm)}"));
    }

    [Fact]
    public async Task A_blob_that_manifests_need_is_405_and_names_them()
    {
        var image = await fixture.Client.PushAsync("delete/needed", TestImage.Create());
        var artifact = await fixture.Client.PushAsync("delete/needed", TestImage.Create(json =>
            json["layers"]!.AsArray().Add((System.Text.Json.Nodes.JsonNode)TestImage.Descriptor(image.Blobs[1], TestImage.LayerType))));

        var answer = await DeleteAsync($"delete/needed/blobs/{image.Blobs[1].Digest}");

        Check.Error(405, "UNSUPPORTED", "blob is needed by manifests of this repository; delete those first", answer);
        Assert.Equal("GET, HEAD", answer["Allow"]);
        Assert.Contains(image.Digest, Assert.Single(Check.Details(answer)), StringComparison.Ordinal);
        Assert.Contains(artifact.Digest, Assert.Single(Check.Details(answer)), StringComparison.Ordinal);
        Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/delete/needed/blobs/{image.Blobs[1].Digest}"));

        Check.Status(202, await DeleteAsync($"delete/needed/manifests/{image.Digest}"));
        Check.Status(405, await DeleteAsync($"delete/needed/blobs/{image.Blobs[1].Digest}"));
        Check.Status(202, await DeleteAsync($"delete/needed/manifests/{artifact.Digest}"));
        Check.Status(202, await DeleteAsync($"delete/needed/blobs/{image.Blobs[1].Digest}"));
        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/delete/needed/blobs/{image.Blobs[1].Digest}"));
    }

    [Fact]
    public async Task A_blob_that_only_another_repository_needs_can_be_deleted()
    {
        var image = await fixture.Client.PushAsync("delete/needs", TestImage.Create());
        await fixture.Client.PushBlobAsync("delete/needs-not", image.Blobs[0]);

        Check.Status(202, await DeleteAsync($"delete/needs-not/blobs/{image.Blobs[0].Digest}"));

        Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/delete/needs/blobs/{image.Blobs[0].Digest}"));
    }

    [Fact]
    public async Task What_was_deleted_stays_deleted_after_a_restart()
    {
        await using var registry = await TestRegistry.StartAsync();
        var gone = await registry.Client.PushAsync("delete/restart", TestImage.Create(), "gone");
        var kept = await registry.Client.PushAsync("delete/restart", TestImage.Create(), "kept", "untagged");
        Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/delete/restart/manifests/{gone.Digest}"));
        Check.Status(202, await registry.Client.RequestAsync("DELETE", "/v2/delete/restart/manifests/untagged"));
        Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/delete/restart/blobs/{gone.Blobs[0].Digest}"));

        await registry.RestartAsync();

        foreach (var path in new[] { "manifests/gone", $"manifests/{gone.Digest}", "manifests/untagged", $"blobs/{gone.Blobs[0].Digest}" })
        {
            Check.Status(404, await registry.Client.GetAnswerAsync($"/v2/delete/restart/{path}"));
        }

        Check.Status(200, await registry.Client.GetAnswerAsync($"/v2/delete/restart/manifests/{kept.Digest}"));
        Assert.Equal(["kept"], (await registry.Client.GetAnswerAsync("/v2/delete/restart/tags/list")).Strings("tags"));
    }

    private Task<Answer> DeleteAsync(string path) => fixture.Client.RequestAsync("DELETE", $"/v2/{path}");
}
