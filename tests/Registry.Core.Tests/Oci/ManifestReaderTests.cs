using System.Text;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class ManifestReaderTests
{
    private const string D1 = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string D2 = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
    private const string D3 = "sha256:3333333333333333333333333333333333333333333333333333333333333333";
    private const string Config = $$"""{"mediaType":"application/vnd.example.config","digest":"{{D1}}","size":2}""";
    private const string Layer = $$"""{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{D2}}","size":3}""";

    [Fact]
    public void An_image_is_read_with_everything_the_registry_acts_on()
    {
        var manifest = Accepted($$$"""
            {"schemaVersion":2,"mediaType":"{{{MediaTypes.OciManifest}}}","artifactType":"application/vnd.example","config":{{{Config}}},
             "layers":[{{{Layer}}}],"subject":{"mediaType":"{{{MediaTypes.OciManifest}}}","digest":"{{{D3}}}","size":7},
             "annotations":{"b":"2","a":"ä"}}
            """);
        Assert.Equal(MediaTypes.OciManifest, manifest.MediaType);
        Assert.Equal("application/vnd.example", manifest.ArtifactType);
        Assert.Equal(new Descriptor("application/vnd.example.config", Digest.Parse(D1), 2), manifest.Config);
        Assert.Equal([new Descriptor("application/vnd.oci.image.layer.v1.tar", Digest.Parse(D2), 3)], manifest.Layers);
        Assert.Equal(new Descriptor(MediaTypes.OciManifest, Digest.Parse(D3), 7), manifest.Subject);
        Assert.Equal("""{"b":"2","a":"ä"}""", manifest.Annotations);
        Assert.Empty(manifest.Manifests);
        Assert.False(manifest.IsIndex);
    }

    [Fact]
    public void An_index_is_read_with_its_children()
    {
        var manifest = Accepted($$$"""
            {"schemaVersion":2,"manifests":[
              {"mediaType":"{{{MediaTypes.OciManifest}}}","digest":"{{{D1}}}","size":5,"platform":{"architecture":"arm64","os":"linux","os.version":"1"}},
              {"mediaType":"{{{MediaTypes.OciIndex}}}","digest":"{{{D2}}}","size":6}]}
            """);
        Assert.Equal(MediaTypes.OciIndex, manifest.MediaType);
        Assert.True(manifest.IsIndex);
        Assert.Equal([Digest.Parse(D1), Digest.Parse(D2)], manifest.Manifests.Select(child => child.Digest));
        Assert.Null(manifest.Config);
        Assert.Null(manifest.ArtifactType);
        Assert.Empty(manifest.Blobs);
    }

    [Theory]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}}}""", null, MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}}}""", MediaTypes.OciManifest, MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Config}}}""", null, MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":null,"config":{{Config}}}""", MediaTypes.OciManifest, MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.DockerManifest}}","config":{{Config}}}""", MediaTypes.DockerManifest, MediaTypes.DockerManifest)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.DockerManifest}}","config":{{Config}}}""", null, MediaTypes.DockerManifest)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"","config":{{Config}}}""", null, MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"","config":{{Config}}}""", MediaTypes.OciManifest, MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":null,"manifests":null}""", MediaTypes.OciManifest, MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}}}""", "Application/VND.OCI.Image.Manifest.v1+JSON", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"APPLICATION/vnd.oci.image.manifest.v1+json","config":{{Config}}}""", null, MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"application/vnd.docker.Distribution.manifest.v2+json","config":{{Config}}}""",
        "application/vnd.docker.distribution.MANIFEST.v2+json", MediaTypes.DockerManifest)]
    [InlineData("""{"schemaVersion":2,"manifests":null}""", null, MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":null}""", MediaTypes.OciIndex, MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"mediaType":"","manifests":null}""", "application/vnd.oci.image.INDEX.v1+json", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"mediaType":null,"config":null,"layers":null,"manifests":null}""", MediaTypes.OciIndex, MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", null, MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", MediaTypes.OciIndex, MediaTypes.OciIndex)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}"}""", null, MediaTypes.OciIndex)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":null}""", null, MediaTypes.OciIndex)]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.DockerManifestList}}","manifests":[]}""", MediaTypes.DockerManifestList, MediaTypes.DockerManifestList)]
    public void The_type_follows_from_the_bytes(string body, string? contentType, string expected) =>
        Assert.Equal(expected, Accepted(body, contentType).MediaType);

    [Theory]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":null}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[]}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"manifests":null,"subject":null,"annotations":null,"artifactType":null}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"custom":{"LAYERS":[1,{"x":null}]},"$":true}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"annotations":{"LAYERS":"x","layers":"y","":""} }""")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{{Layer}},{{Layer}}]}""")]
    [InlineData($$"""{"layers":[{{Layer}}],"config":{{Config}},"schemaVersion":2}""")]
    [InlineData($$"""{"schemaVersion":2,"config":{"mediaType":"x","digest":"{{D1}}","size":0,"data":"","urls":["https://example.com"],"other":{"SIZE":1} } }""")]
    [InlineData($$"""{"schemaVersion":2,"config":{"mediaType":"x","digest":"{{D1}}","size":9223372036854775807} }""")]
    [InlineData($$"""{"schemaVersion":2,"config":{"mediaType":"x","digest":"{{D1}}","size":1,"annotations":null,"platform":null,"artifactType":null} }""")]
    [InlineData($$"""{"schemaVersion":2,"con\u0066ig":{{Config}}}""")]
    [InlineData("""{"schemaVersion":2,"manifests":[],"layers":null,"config":null}""")]
    public void Oddities_that_clients_write_are_accepted(string body) => Assert.Equal(2, Accepted(body).MediaType.Split("+json").Length);

    [Fact]
    public void A_child_of_an_index_may_be_of_any_type_and_platform()
    {
        var manifest = Accepted($$$"""
            {"schemaVersion":2,"manifests":[{"mediaType":"application/x","digest":"{{{D1}}}","size":1,
             "platform":{"architecture":"","os":"","features":[],"custom":1}}]}
            """);
        Assert.Equal("application/x", manifest.Manifests.Single().MediaType);
    }

    [Fact]
    public void The_blobs_are_config_and_layers_without_those_that_are_fetched_from_elsewhere()
    {
        var manifest = Accepted($$$"""
            {"schemaVersion":2,"config":{{{Config}}},"layers":[{{{Layer}}},
             {"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"{{{D3}}}","size":9}]}
            """);
        Assert.Equal(2, manifest.Layers.Count);
        Assert.Equal([D1, D2], manifest.Blobs.Select(blob => blob.Digest.Value).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("null", "application/vnd.example.config")]
    [InlineData("\"\"", "application/vnd.example.config")]
    [InlineData("\"a/b\"", "a/b")]
    public void The_artifact_type_falls_back_to_the_type_of_the_config(string written, string expected) =>
        Assert.Equal(expected, Accepted($$"""{"schemaVersion":2,"config":{{Config}},"artifactType":{{written}}}""").ArtifactType);

    [Fact]
    public void A_sha512_reference_is_as_good_as_any()
    {
        var digest = DigestAlgorithm.Sha512.Compute("x"u8);
        var manifest = Accepted($$"""{"schemaVersion":2,"config":{"mediaType":"x","digest":"{{digest}}","size":1} }""");
        Assert.Equal(digest, manifest.Config?.Digest);
    }

    private static Manifest Accepted(string body, string? contentType = null)
    {
        var result = ManifestReader.Read(Encoding.UTF8.GetBytes(body), contentType);
        Assert.True(result.TryGet(out var manifest, out var error), error?.ToString());

        // The type follows from the bytes: reindexing must find the same.
        Assert.Equal(manifest!.MediaType, StoredManifestReader.Read(Encoding.UTF8.GetBytes(body))!.MediaType);
        return manifest;
    }
}
