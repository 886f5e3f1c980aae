using System.Text;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class StoredManifestReaderTests
{
    private const string D1 = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string D2 = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
    private const string D3 = "sha256:3333333333333333333333333333333333333333333333333333333333333333";

    [Fact]
    public void A_schema1_manifest_keeps_its_layers()
    {
        var manifest = Read($$$"""{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[{"blobSum":"{{{D1}}}"},{"blobSum":"{{{D2}}}"}],"signatures":[{}]}""");
        Assert.Equal(MediaTypes.DockerSchema1, manifest.MediaType);
        Assert.Equal([D1, D2], manifest.Blobs.Select(blob => blob.Digest.Value));
    }

    [Fact]
    public void An_artifact_manifest_of_OCI_1_1_rc_keeps_its_blobs()
    {
        var manifest = Read($$"""{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"a/b","blobs":[{"mediaType":"x","digest":"{{D1}}","size":1}]}""");
        Assert.Equal("application/vnd.oci.artifact.manifest.v1+json", manifest.MediaType);
        Assert.Equal("a/b", manifest.ArtifactType);
        Assert.Equal([D1], manifest.Blobs.Select(blob => blob.Digest.Value));
    }

    [Theory]
    [InlineData("LAYERS", "DIGEST")]
    [InlineData("Layers", "Digest")]
    [InlineData("layer\u017F", "dige\u017Ft")]
    [InlineData("FSLAYERS", "BLOBSUM")]
    public void Keys_that_Go_would_follow_are_followed(string layers, string digest) =>
        Assert.Equal([D1], Read($$"""{"schemaVersion":2,"{{layers}}":[{"{{digest}}":"{{D1}}"}]}""").Blobs.Select(blob => blob.Digest.Value));

    [Fact]
    public void Duplicates_add_up()
    {
        var manifest = Read($$"""
            {"schemaVersion":2,"config":{"digest":"{{D1}}"},"layers":[{"digest":"{{D2}}"}],"Layers":[{"digest":"{{D3}}"}],
             "layers":[],"config":{"digest":"{{D3}}"} }
            """);
        Assert.Equal([D1, D2, D3], manifest.Blobs.Select(blob => blob.Digest.Value).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData($$"""{"digest":"{{D1}}","digest":"{{D2}}"}""")]
    [InlineData($$"""{"digest":"{{D2}}","DIGEST":"{{D1}}"}""")]
    [InlineData($$"""{"blobSum":"{{D1}}","digest":"{{D2}}"}""")]
    public void Both_digests_of_a_descriptor_that_has_two_are_needed(string layer) =>
        Assert.Equal([D1, D2], Read($$"""{"schemaVersion":2,"layers":[{{layer}}]}""").Blobs.Select(blob => blob.Digest.Value).Order(StringComparer.Ordinal));

    [Fact]
    public void A_body_that_is_both_an_image_and_an_index_keeps_everything()
    {
        var manifest = Read($$"""{"schemaVersion":2,"config":{"digest":"{{D1}}"},"layers":[{"digest":"{{D2}}"}],"manifests":[{"digest":"{{D3}}"}]}""");
        Assert.Equal([D1, D2], manifest.Blobs.Select(blob => blob.Digest.Value).Order(StringComparer.Ordinal));
        Assert.Equal([D3], manifest.Manifests.Select(child => child.Digest.Value));
    }

    [Theory]
    [InlineData("{}", MediaTypes.OciManifest)]
    [InlineData("""{"schemaVersion":2,"mediaType":""}""", MediaTypes.OciManifest)]
    [InlineData("""{"schemaVersion":"x"}""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"manifests":[{"digest":"{{D1}}"}]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":null}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"config":null,"MANIFESTS":null}""", MediaTypes.OciIndex)]
    [InlineData($$$"""{"schemaVersion":2,"config":{"digest":"{{{D1}}}"},"manifests":null}""", MediaTypes.OciManifest)]
    [InlineData("""{"mediaType":"Application/VND.oci.image.index.v1+json"}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":1}""", MediaTypes.DockerSchema1)]
    [InlineData("""{"mediaType":"x/y"}""", "x/y")]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.DockerManifestList}}"}""", MediaTypes.DockerManifestList)]
    public void The_type_is_what_the_bytes_say_or_the_likeliest(string body, string expected) => Assert.Equal(expected, Read(body).MediaType);

    [Fact]
    public void An_index_without_children_and_without_a_type_is_an_index_as_it_was_when_it_was_pushed() =>
        Assert.Equal(MediaTypes.OciIndex, Read("""{"schemaVersion":2,"manifests":[]}""").MediaType);

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"schemaVersion\":2")]
    [InlineData("\0\0\0\0")]
    [InlineData("""{"layers":[{"digest":"sha256:short"}]}""")]
    [InlineData("""{"layers":[{"size":1}]}""")]
    [InlineData("""{"layers":["x"]}""")]
    [InlineData("""{"layers":[null]}""")]
    [InlineData("""{"config":{"digest":"md5:00"}}""")]
    [InlineData("""{"manifests":[{"digest":""}]}""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"mediaType":"\ud800"}""")]
    public void What_cannot_be_parsed_is_null_so_that_its_references_are_not_guessed(string body) =>
        Assert.Null(StoredManifestReader.Read(Encoding.UTF8.GetBytes(body)));

    private static Manifest Read(string body)
    {
        var manifest = StoredManifestReader.Read(Encoding.UTF8.GetBytes(body));
        Assert.NotNull(manifest);
        return manifest;
    }
}
