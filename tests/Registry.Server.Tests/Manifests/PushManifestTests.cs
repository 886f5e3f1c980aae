using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Manifests;

/// <summary>OCI distribution-spec, "Pushing Manifests".</summary>
public sealed class PushManifestTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    public static TheoryData<string, bool> TypesAndReferences =>
    [
        (TestImage.OciManifest, true), (TestImage.OciManifest, false), (TestImage.DockerManifest, true), (TestImage.DockerManifest, false),
        (TestImage.OciIndex, true), (TestImage.OciIndex, false), (TestImage.DockerManifestList, true), (TestImage.DockerManifestList, false),
    ];

    [Theory]
    [MemberData(nameof(TypesAndReferences))]
    public async Task Every_type_is_stored_by_tag_and_by_digest_and_served_as_it_came(string mediaType, bool byTag)
    {
        var child = await fixture.Client.PushAsync("put/types", TestImage.Create());
        var image = mediaType is TestImage.OciIndex or TestImage.DockerManifestList
            ? TestImage.Index([child], mediaType: mediaType)
            : TestImage.Create(mediaType: mediaType);
        foreach (var blob in image.Blobs)
        {
            await fixture.Client.PushBlobAsync("put/types", blob);
        }

        var reference = byTag ? $"t{Guid.NewGuid():N}" : image.Digest;
        var put = Check.Status(201, await fixture.Client.PutManifestAsync("put/types", reference, image));

        Assert.Equal($"/v2/put/types/manifests/{image.Digest}", put.Location);
        Assert.Equal(image.Digest, put["Docker-Content-Digest"]);
        Assert.Null(put["OCI-Subject"]);
        Assert.Null(put["OCI-Tag"]);
        foreach (var path in new[] { put.Location, $"/v2/put/types/manifests/{reference}" })
        {
            var answer = Check.Status(200, await fixture.Client.GetAnswerAsync(path));
            Assert.Equal(image.Manifest.Bytes, answer.Body);
            Assert.Equal(mediaType, answer["Content-Type"]);
        }
    }

    // Null and the empty string stand for an absent value, as Go writes them; case has no meaning in a media type.
    [Theory]
    [InlineData("""{"schemaVersion":2,"manifests":null}""", TestImage.OciIndex, TestImage.OciIndex)]
    [InlineData("""{"schemaVersion":2,"mediaType":"","config":null,"layers":null,"manifests":null,"subject":null,"annotations":null,"artifactType":""}""",
        "application/vnd.OCI.image.index.v1+json; charset=utf-8", TestImage.OciIndex)]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.OCI.image.index.v1+JSON","manifests":[]}""", null, TestImage.OciIndex)]
    [InlineData("""{"schemaVersion":2,"mediaType":"","config":CONFIG,"layers":null,"manifests":null,"subject":null,"annotations":null,"artifactType":null}""",
        "APPLICATION/VND.OCI.IMAGE.MANIFEST.V1+JSON", TestImage.OciManifest)]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.V2+json","config":CONFIG}""",
        "Application/vnd.docker.distribution.manifest.v2+json", TestImage.DockerManifest)]
    public async Task Absent_values_and_case_are_taken_as_other_registries_take_them(string text, string? contentType, string served)
    {
        await fixture.Client.PushBlobAsync("put/absent", TestBlob.OfText(""));
        var config = $$"""{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{TestBlob.OfText("").Digest}}","size":0,"urls":null,"annotations":null,"platform":null,"data":null,"artifactType":""}""";
        var body = Encoding.UTF8.GetBytes(text.Replace("CONFIG", config, StringComparison.Ordinal));

        var put = Check.Status(201, await fixture.Client.RequestAsync(
            "PUT", "/v2/put/absent/manifests/latest", body, contentType is null ? [] : [("Content-Type", contentType)]));

        var answer = Check.Status(200, await fixture.Client.GetAnswerAsync(put.Location));
        Assert.Equal(body, answer.Body);
        Assert.Equal(served, answer["Content-Type"]);
    }

    [Theory]
    [InlineData("{0}\n")]
    [InlineData("  \r\n\t{0}  ")]
    [InlineData("{0}\n\n\n")]
    public async Task White_space_is_kept_to_the_byte(string format)
    {
        var image = await fixture.Client.PushAsync("put/bytes", TestImage.Create());
        var body = Encoding.UTF8.GetBytes(format.Replace("{0}", image.ToString(), StringComparison.Ordinal));

        var put = Check.Status(201, await PutAsync("put/bytes", "spaced", body, TestImage.OciManifest));

        Assert.NotEqual(image.Digest, put["Docker-Content-Digest"]);
        Assert.Equal(body, (await fixture.Client.GetAnswerAsync("/v2/put/bytes/manifests/spaced")).Body);
    }

    [Theory]
    [InlineData("{0}; charset=utf-8")]
    [InlineData("{0};charset=\"utf-8\"; x=y")]
    [InlineData("{0} ")]
    [InlineData("{0} ; q=1")]
    public async Task Parameters_of_the_Content_Type_are_ignored(string format)
    {
        var image = await fixture.Client.PushAsync("put/parameters", TestImage.Create());

        Check.Status(201, await PutAsync(
            "put/parameters", "latest", image.Manifest.Bytes, format.Replace("{0}", TestImage.OciManifest, StringComparison.Ordinal)));

        Assert.Equal(TestImage.OciManifest, (await fixture.Client.HeadAnswerAsync("/v2/put/parameters/manifests/latest"))["Content-Type"]);
    }

    [Fact]
    public async Task Without_a_Content_Type_the_body_decides()
    {
        var image = await fixture.Client.PushAsync("put/untyped", TestImage.Create(mediaType: TestImage.DockerManifest));
        var plainIndex = TestBlob.OfText("""{"schemaVersion":2,"manifests":[]}""");

        Check.Status(201, await PutAsync("put/untyped", "image", image.Manifest.Bytes, null));
        Check.Status(201, await PutAsync("put/untyped", "index", plainIndex.Bytes, null));

        Assert.Equal(TestImage.DockerManifest, (await fixture.Client.HeadAnswerAsync("/v2/put/untyped/manifests/image"))["Content-Type"]);
        Assert.Equal(TestImage.OciIndex, (await fixture.Client.HeadAnswerAsync("/v2/put/untyped/manifests/index"))["Content-Type"]);
    }

    [Theory]
    [InlineData(TestImage.OciManifest, TestImage.OciIndex)]
    [InlineData(TestImage.OciManifest, TestImage.DockerManifest)]
    [InlineData(TestImage.DockerManifest, TestImage.OciManifest)]
    [InlineData(TestImage.OciManifest, "application/json")]
    [InlineData(TestImage.OciManifest, "application/vnd.docker.distribution.manifest.v1+json")]
    [InlineData(TestImage.OciManifest, "application/vnd.docker.distribution.manifest.v1+prettyjws")]
    [InlineData("application/vnd.example+json", TestImage.OciManifest)]
    [InlineData(TestImage.OciIndex, TestImage.OciManifest)]
    public async Task A_Content_Type_must_agree_with_the_body(string inBody, string contentType)
    {
        var image = TestImage.Create(mediaType: inBody);
        foreach (var blob in image.Blobs)
        {
            await fixture.Client.PushBlobAsync("put/mismatch", blob);
        }

        Check.Error(400, "MANIFEST_INVALID", "manifest invalid", await PutAsync("put/mismatch", "latest", image.Manifest.Bytes, contentType));

        Check.Status(404, await fixture.Client.HeadAnswerAsync("/v2/put/mismatch/manifests/latest"));
    }

    [Theory]
    [InlineData(TestImage.OciManifest, 201)]
    [InlineData(TestImage.DockerManifest, 400)]
    [InlineData(TestImage.OciIndex, 400)]
    public async Task A_body_without_mediaType_is_of_the_OCI_type_that_it_looks_like(string contentType, int status)
    {
        var image = await fixture.Client.PushAsync("put/no-media-type", TestImage.Create(json => json.Remove("mediaType")));

        Check.Status(status, await PutAsync("put/no-media-type", "latest", image.Manifest.Bytes, contentType));
    }

    [Theory]
    [InlineData("application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")]
    [InlineData("application/vnd.cncf.notary.signature", "application/jose+json")]
    [InlineData("application/vnd.dev.cosign.artifact.sig.v1+json", "application/vnd.dev.cosign.simplesigning.v1+json")]
    [InlineData("application/vnd.wasm.config.v0+json", "application/wasm")]
    [InlineData("application/vnd.oci.empty.v1+json", "text/plain")]
    [InlineData("x/y", "*/*")]
    public async Task Artifacts_may_have_any_config_and_layer_type(string configType, string layerType)
    {
        var image = TestImage.Create(json =>
        {
            json["config"]!["mediaType"] = configType;
            json["layers"]![0]!["mediaType"] = layerType;
        });

        await fixture.Client.PushAsync("put/artifacts", image, "latest");

        Assert.Equal(image.Manifest.Bytes, (await fixture.Client.GetAnswerAsync("/v2/put/artifacts/manifests/latest")).Body);
    }

    [Fact]
    public async Task Unknown_keys_and_annotations_of_any_name_are_kept()
    {
        var image = TestImage.Create(json =>
        {
            json["org.example.extra"] = new JsonObject { ["LAYERS"] = 1, ["deep"] = new JsonArray(new JsonArray(1)) };
            json["config"]!["extra"] = true;
            json["annotations"] = new JsonObject { ["layers"] = "x", ["LAYERS"] = "y", ["Config"] = "", ["\u017f"] = "\ud83d\ude00" };
            json["layers"]![0]!["annotations"] = new JsonObject { ["size"] = "1", ["SIZE"] = "2" };
            json["layers"]![0]!["data"] = "aGVsbG8=";
        });

        await fixture.Client.PushAsync("put/extra", image, "latest");

        Assert.Equal(image.Manifest.Bytes, (await fixture.Client.GetAnswerAsync("/v2/put/extra/manifests/latest")).Body);
    }

    [Fact]
    public async Task A_digest_that_the_body_does_not_have_is_refused()
    {
        var image = await fixture.Client.PushAsync("put/digest", TestImage.Create());
        var padded = image.Manifest.Bytes.Concat("  "u8.ToArray()).ToArray();

        foreach (var digest in new[] { image.Digest, image.Manifest.Sha512, TestBlob.Random().Digest })
        {
            Check.Error(
                400, "DIGEST_INVALID", "provided digest did not match uploaded content",
                await PutAsync("put/digest", digest, padded, TestImage.OciManifest));
        }

        Check.Error(400, "DIGEST_INVALID", "invalid digest", await PutAsync("put/digest", "sha256:baddigeststring", padded, TestImage.OciManifest));
        Assert.Equal(image.Manifest.Bytes, (await fixture.Client.GetAnswerAsync($"/v2/put/digest/manifests/{image.Digest}")).Body);
    }

    [Theory]
    [InlineData(".dot")]
    [InlineData("-dash")]
    [InlineData("a~b")]
    [InlineData("%C3%A4")]
    [InlineData("a%20b")]
    [InlineData("a%2Bb")]
    public async Task What_is_no_tag_cannot_be_pushed_or_deleted(string tag)
    {
        var image = await fixture.Client.PushAsync("put/bad-tag", TestImage.Create());

        Check.Error(400, "MANIFEST_INVALID", "invalid tag", await fixture.Client.PutManifestAsync("put/bad-tag", tag, image));
        Check.Error(400, "MANIFEST_INVALID", "invalid tag", await fixture.Client.RequestAsync("DELETE", $"/v2/put/bad-tag/manifests/{tag}"));
    }

    [Fact]
    public async Task A_push_again_changes_nothing_and_a_tag_moves()
    {
        var first = await fixture.Client.PushAsync("put/again", TestImage.Create(), "latest");
        var second = await fixture.Client.PushAsync("put/again", TestImage.Create(), "latest", "latest");

        Assert.Equal(second.Digest, (await fixture.Client.HeadAnswerAsync("/v2/put/again/manifests/latest"))["Docker-Content-Digest"]);
        Assert.Equal(first.Manifest.Bytes, (await fixture.Client.GetAnswerAsync($"/v2/put/again/manifests/{first.Digest}")).Body);
        Assert.Equal(["latest"], (await fixture.Client.GetAnswerAsync("/v2/put/again/tags/list")).Strings("tags"));
    }

    [Fact]
    public async Task A_manifest_is_there_after_a_restart()
    {
        await using var registry = await TestRegistry.StartAsync();
        var image = await registry.Client.PushAsync("put/restart", TestImage.Create(), "a", "b");
        var index = await registry.Client.PushAsync("put/restart", TestImage.Index([image]), "i");

        await registry.RestartAsync();

        Assert.Equal(image.Manifest.Bytes, (await registry.Client.GetAnswerAsync("/v2/put/restart/manifests/b")).Body);
        Assert.Equal(TestImage.OciIndex, (await registry.Client.GetAnswerAsync($"/v2/put/restart/manifests/{index.Digest}"))["Content-Type"]);
        Assert.Equal(["a", "b", "i"], (await registry.Client.GetAnswerAsync("/v2/put/restart/tags/list")).Strings("tags"));
    }

    private Task<Answer> PutAsync(string repository, string reference, byte[] body, string? contentType) => fixture.Client.RequestAsync(
        "PUT", $"/v2/{repository}/manifests/{reference}", body, contentType is null ? [] : [("Content-Type", contentType)]);
}
