using System.Text;
using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class ManifestReaderRefusalTests
{
    private const string D1 = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string Config = $$"""{"mediaType":"a/b","digest":"{{D1}}","size":2}""";

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{} {}", "not valid JSON")]
    [InlineData("{'a':1}", "not valid JSON")]
    [InlineData("""{"schemaVersion":2,}""", "not valid JSON")]
    [InlineData("""{"schemaVersion":2 /* */}""", "not valid JSON")]
    [InlineData("\uFEFF{}", "not valid JSON")]
    [InlineData("[]", "the body must be an object, not an array")]
    [InlineData("null", "the body must be an object, not null")]
    [InlineData("1", "the body must be an object, not a number")]
    [InlineData("true", "the body must be an object, not a boolean")]
    [InlineData("\"x\"", "the body must be an object, not a string")]
    public void A_body_that_is_no_JSON_object(string body, string expected) => Refused(body, expected);

    [Theory]
    [InlineData("""{"schemaVersion":2,"schemaVersion":2}""", "schemaVersion")]
    [InlineData("""{"schemaVersion":2,"schema\u0056ersion":2}""", "schemaVersion")]
    [InlineData("""{"schemaVersion":2,"x":{"a":1,"a":1}}""", "'a'")]
    [InlineData($$"""{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"{{D1}}","size":1,"size":1} }""", "size")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"annotations":{"a":"1","a":"1"} }""", "'a'")]
    public void A_key_that_is_there_twice_anywhere(string body, string expected) => Refused(body, expected);

    [Theory]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"LAYERS":[]}""", "the manifest: the key 'LAYERS' reads as 'layers'")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layer\u017f":[]}""", "the manifest: the key 'layerſ' reads as 'layers'")]
    [InlineData($$"""{"SchemaVersion":2,"config":{{Config}}}""", "the manifest: the key 'SchemaVersion' reads as 'schemaVersion'")]
    [InlineData($$"""{"schemaVersion":2,"config":{"MediaType":"a/b","digest":"{{D1}}","size":1} }""", "config: the key 'MediaType' reads as 'mediaType'")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{{Config}},{"mediaType":"a/b","Digest":"{{D1}}","size":1}]}""", "layers[1]: the key 'Digest' reads as 'digest'")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"subject":{"mediaType":"a/b","digest":"{{D1}}","SIZE":1,"size":1} }""", "subject: the key 'SIZE' reads as 'size'")]
    [InlineData($$$"""{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"{{{D1}}}","size":1,"platform":{"OS":"linux"}}]}""", "manifests[0].platform: the key 'OS' reads as 'os'")]
    public void A_key_that_Go_folds_into_a_known_one(string body, string expected) => Refused(body, expected);

    [Theory]
    [InlineData("{}", "schemaVersion must be 2")]
    [InlineData("""{"schemaVersion":1}""", "schemaVersion must be 2")]
    [InlineData("""{"schemaVersion":3}""", "schemaVersion must be 2")]
    [InlineData("""{"schemaVersion":"2"}""", "schemaVersion must be 2")]
    [InlineData("""{"schemaVersion":2.0}""", "schemaVersion must be 2")]
    [InlineData("""{"schemaVersion":null}""", "schemaVersion must be 2")]
    [InlineData("""{"schemaVersion":99999999999}""", "schemaVersion must be 2")]
    [InlineData("""{"schemaVersion":[]}""", "schemaVersion must be 2")]
    public void A_schema_version_that_is_not_2(string body, string expected) => Refused(body, expected);

    [Theory]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"manifests":[]}""", "both an image (config, layers) and an index (manifests)")]
    [InlineData("""{"schemaVersion":2,"layers":[],"manifests":[]}""", "both an image")]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Config}},"manifests":[]}""", "both an image")]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","config":{{Config}}}""", "both an image")]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.DockerManifestList}}","layers":[],"manifests":[]}""", "both an image")]
    [InlineData("""{"schemaVersion":2}""", "config is missing")]
    [InlineData("""{"schemaVersion":2,"layers":[]}""", "config is missing")]
    [InlineData("""{"schemaVersion":2,"config":null}""", "config is missing")]
    public void A_body_that_is_both_an_image_and_an_index_or_neither(string body, string expected) => Refused(body, expected);

    [Theory]
    [InlineData("\"text\"", "config must be an object, not a string")]
    [InlineData("[]", "config must be an object, not an array")]
    [InlineData($$"""{"digest":"{{D1}}","size":1}""", "config.mediaType is missing")]
    [InlineData($$"""{"mediaType":"","digest":"{{D1}}","size":1}""", "config.mediaType is missing")]
    [InlineData($$"""{"mediaType":null,"digest":"{{D1}}","size":1}""", "config.mediaType is missing")]
    [InlineData($$"""{"mediaType":7,"digest":"{{D1}}","size":1}""", "config.mediaType must be a string, not a number")]
    [InlineData("""{"mediaType":"a/b","size":1}""", "config.digest is not a sha256 or sha512 digest")]
    [InlineData("""{"mediaType":"a/b","digest":"sha256:abc","size":1}""", "config.digest is not")]
    [InlineData("""{"mediaType":"a/b","digest":"sha256:../../../../etc/passwd","size":1}""", "config.digest is not")]
    [InlineData("""{"mediaType":"a/b","digest":{},"size":1}""", "config.digest must be a string, not an object")]
    [InlineData($$"""{"mediaType":"a/b","digest":"{{D1}}"}""", "config.size is not a number of bytes")]
    [InlineData($$"""{"mediaType":"a/b","digest":"{{D1}}","size":-1}""", "config.size is not")]
    [InlineData($$"""{"mediaType":"a/b","digest":"{{D1}}","size":1.5}""", "config.size is not")]
    [InlineData($$"""{"mediaType":"a/b","digest":"{{D1}}","size":"1"}""", "config.size is not")]
    [InlineData($$"""{"mediaType":"a/b","digest":"{{D1}}","size":null}""", "config.size is not")]
    [InlineData($$"""{"mediaType":"a/b","digest":"{{D1}}","size":9223372036854775808}""", "config.size is not")]
    [InlineData($$"""{"mediaType":"a/b","digest":"{{D1}}","size":1,"artifactType":1}""", "config.artifactType must be a string, not a number")]
    [InlineData($$"""{"mediaType":"a/b","digest":"{{D1}}","size":1,"annotations":[]}""", "config.annotations must be an object, not an array")]
    [InlineData($$$"""{"mediaType":"a/b","digest":"{{{D1}}}","size":1,"annotations":{"k":1}}""", "config.annotations: the value of 'k' is not a string")]
    [InlineData($$"""{"mediaType":"a/b","digest":"{{D1}}","size":1,"platform":"linux"}""", "config.platform must be an object, not a string")]
    public void A_descriptor_that_is_none(string config, string expected) =>
        Refused($$"""{"schemaVersion":2,"config":{{config}}}""", expected);

    [Theory]
    [InlineData($$$"""{"schemaVersion":2,"config":{{{Config}}},"layers":{}}""", "layers must be an array, not an object")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{{Config}},null]}""", "layers[1] must be an object, not null")]
    [InlineData($$$"""{"schemaVersion":2,"config":{{{Config}}},"layers":[{{{Config}}},{{{Config}}},{}]}""", "layers[2].mediaType is missing")]
    [InlineData("""{"schemaVersion":2,"manifests":"x"}""", "manifests must be an array, not a string")]
    [InlineData("""{"schemaVersion":2,"manifests":[[]]}""", "manifests[0] must be an object, not an array")]
    [InlineData($$$"""{"schemaVersion":2,"config":{{{Config}}},"subject":{}}""", "subject.mediaType is missing")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"subject":"x"}""", "subject must be an object, not a string")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"annotations":"x"}""", "annotations must be an object, not a string")]
    [InlineData($$$"""{"schemaVersion":2,"config":{{{Config}}},"annotations":{"a":"1","b":null}}""", "annotations: the value of 'b' is not a string")]
    [InlineData($$$"""{"schemaVersion":2,"config":{{{Config}}},"artifactType":{}}""", "artifactType must be a string, not an object")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"mediaType":[]}""", "mediaType must be a string, not an array")]
    public void A_wrong_part_is_named_with_its_place(string body, string expected) => Refused(body, expected);

    [Theory]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}}}""", "application/json", "Content-Type 'application/json' is not a manifest type; use")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}}}""", "", "Content-Type '' is not a manifest type")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}}}""", MediaTypes.DockerSchema1, "is not a manifest type")]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"a/b","config":{{Config}}}""", null, "mediaType 'a/b' is not a manifest type")]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"","config":{{Config}}}""", MediaTypes.DockerManifest,
        $"a manifest of type '{MediaTypes.DockerManifest}' must carry it as mediaType")]
    [InlineData("""{"schemaVersion":2,"manifests":null}""", MediaTypes.DockerManifestList, "must carry it as mediaType")]
    [InlineData("""{"schemaVersion":2,"manifests":null}""", MediaTypes.OciManifest, $"but the body reads as '{MediaTypes.OciIndex}'")]
    [InlineData("""{"schemaVersion":2,"config":null,"layers":null}""", MediaTypes.OciIndex, $"but the body reads as '{MediaTypes.OciManifest}'")]
    [InlineData($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.DockerManifest}}","config":{{Config}}}""", MediaTypes.OciManifest,
        $"mediaType is '{MediaTypes.DockerManifest}' but Content-Type is '{MediaTypes.OciManifest}'")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}}}""", MediaTypes.DockerManifest,
        $"a manifest of type '{MediaTypes.DockerManifest}' must carry it as mediaType")]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", MediaTypes.DockerManifestList, "must carry it as mediaType")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}}}""", MediaTypes.OciIndex,
        $"Content-Type is '{MediaTypes.OciIndex}' but the body reads as '{MediaTypes.OciManifest}'")]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", MediaTypes.OciManifest, $"but the body reads as '{MediaTypes.OciIndex}'")]
    public void A_type_that_does_not_follow_from_the_bytes(string body, string? contentType, string expected) =>
        Refused(body, expected, contentType);

    [Fact]
    public void Bytes_that_are_not_UTF8() => Refused([.. "{\"a\":\""u8, 0xC0, 0x80, .. "\"}"u8], "the body is not valid UTF-8");

    [Theory]
    [InlineData("""{"schemaVersion":2,"mediaType":"\ud800"}""")]
    [InlineData("""{"schemaVersion":2,"\ud800":1}""")]
    [InlineData("""{"schemaVersion":2,"annotations":{"\udfff":1}}""")]
    public void An_escape_that_is_no_Unicode_text(string body) => Refused(body, "not valid");

    [Fact]
    public void A_body_that_is_nested_too_deeply() =>
        Refused($$"""{"schemaVersion":2,"config":{{Config}},"x":{{new string('[', 100)}}{{new string(']', 100)}}}""", "not valid JSON");

    private static void Refused(string body, string expected, string? contentType = null) =>
        Refused(Encoding.UTF8.GetBytes(body), expected, contentType);

    private static void Refused(byte[] body, string expected, string? contentType = null)
    {
        var error = ManifestReader.Read(body, contentType).Error;
        Assert.NotNull(error);
        Assert.Same(RegistryErrorCode.ManifestInvalid, error.Code);
        Assert.Contains(expected, Assert.Single(error.Details), StringComparison.Ordinal);
    }
}
