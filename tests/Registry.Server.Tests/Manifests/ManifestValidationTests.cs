using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Manifests;

/// <summary>Ambiguous and malicious bodies. All are answered with 400, and nothing is stored.</summary>
public sealed class ManifestValidationTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    private const string Sha256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string Config = $$"""{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{Sha256}}","size":0}""";

    public static TheoryData<string> Bodies =>
    [
        .. new[]
        {
            "", " ", "null", "true", "42", "\"text\"", "[]", "[{}]", "{}", "{", "{}}", "{\"schemaVersion\":2", "schemaVersion: 2", "<html/>", "\0",
            "{'schemaVersion':2}", """{"schemaVersion":2,"config":CONFIG,}""", """{"schemaVersion":2,"config":CONFIG} x""",
            """/* c */{"schemaVersion":2,"config":CONFIG}""", """{"schemaVersion":2,"config":CONFIG}{"schemaVersion":2}""",

            // schemaVersion.
            """{"config":CONFIG}""", """{"schemaVersion":1,"config":CONFIG}""", """{"schemaVersion":"2","config":CONFIG}""",
            """{"schemaVersion":null,"config":CONFIG}""", """{"schemaVersion":2.5,"config":CONFIG}""", """{"schemaVersion":99999999999,"config":CONFIG}""",

            // Neither image nor index, or both (CVE-2021-41190).
            """{"schemaVersion":2}""", """{"schemaVersion":2,"layers":[]}""", """{"schemaVersion":2,"config":null,"layers":[]}""",
            """{"schemaVersion":2,"config":CONFIG,"layers":[],"manifests":[]}""", """{"schemaVersion":2,"layers":[],"manifests":[]}""",
            """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":CONFIG,"manifests":[]}""",

            // Duplicate keys, anywhere.
            """{"schemaVersion":2,"schemaVersion":2,"config":CONFIG}""", """{"schemaVersion":2,"config":CONFIG,"config":CONFIG}""",
            """{"schemaVersion":2,"config":CONFIG,"layers":[],"layers":[]}""", """{"schemaVersion":2,"config":CONFIG,"l\u0061yers":[],"layers":[]}""",
            """{"schemaVersion":2,"config":CONFIG,"annotations":{"a":"1","a":"2"}}""", """{"schemaVersion":2,"config":CONFIG,"x":{"a":1,"a":2}}""",
            """{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"DIGEST","digest":"DIGEST","size":0}}""",

            // Keys that a Go program folds into known ones.
            """{"schemaVersion":2,"config":CONFIG,"LAYERS":[]}""", """{"schemaVersion":2,"config":CONFIG,"Layers":[]}""",
            """{"schemaVersion":2,"config":CONFIG,"layerſ":[]}""", """{"schemaVersion":2,"config":CONFIG,"layer\u017f":[]}""",
            """{"schemaVersion":2,"config":CONFIG,"maniFests":[]}""", """{"schemaVersion":2,"config":CONFIG,"ſubject":CONFIG}""",
            """{"ſchemaVerſion":2,"schemaVersion":2,"config":CONFIG}""", """{"schemaVersion":2,"Config":CONFIG}""",
            """{"schemaVersion":2,"config":CONFIG,"mediatype":"x"}""", """{"schemaVersion":2,"config":CONFIG,"artifacttype":"x"}""",
            """{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"DIGEST","size":0,"Digest":"DIGEST"}}""",
            """{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"DIGEST","size":0,"ſize":1}}""",
            """{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"DIGEST","size":0,"platform":{"OS":"linux"}}]}""",
            """{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"DIGEST","size":0,"platform":{"architecture":"a","Architecture":"b"}}]}""",

            // Descriptors.
            Layer("null"), Layer("[]"), Layer("\"x\""), Layer("{}"), Layer("""{"digest":"DIGEST","size":0}"""), Layer("""{"mediaType":"","digest":"DIGEST","size":0}"""),
            Layer("""{"mediaType":1,"digest":"DIGEST","size":0}"""), Layer("""{"mediaType":"a/b","size":0}"""), Layer("""{"mediaType":"a/b","digest":"sha256:abc","size":0}"""),
            Layer("""{"mediaType":"a/b","digest":"md5:d41d8cd98f00b204e9800998ecf8427e","size":0}"""), Layer("""{"mediaType":"a/b","digest":"sha256:../../../etc/passwd","size":0}"""),
            Layer($$"""{"mediaType":"a/b","digest":"{{Sha256.ToUpperInvariant()}}","size":0}"""), Layer("""{"mediaType":"a/b","digest":["DIGEST"],"size":0}"""),
            Layer("""{"mediaType":"a/b","digest":"DIGEST"}"""), Layer(Sized("-1")), Layer(Sized("-9223372036854775808")), Layer(Sized("9223372036854775808")),
            Layer(Sized("1e400")), Layer(Sized("0.5")), Layer(Sized("\"0\"")), Layer(Sized("null")), Layer(Sized("99999999999999999999999999999999")),
            Layer("""{"mediaType":"a/b","digest":"DIGEST","size":0,"annotations":{"a":1}}"""), Layer("""{"mediaType":"a/b","digest":"DIGEST","size":0,"annotations":[]}"""),
            Layer("""{"mediaType":"a/b","digest":"DIGEST","size":0,"platform":"linux"}"""), Layer("""{"mediaType":"a/b","digest":"DIGEST","size":0,"artifactType":5}"""),
            """{"schemaVersion":2,"config":CONFIG,"layers":{}}""", """{"schemaVersion":2,"config":CONFIG,"layers":"x"}""", """{"schemaVersion":2,"config":[]}""",
            """{"schemaVersion":2,"config":CONFIG,"subject":"x"}""", """{"schemaVersion":2,"config":CONFIG,"subject":{}}""",
            """{"schemaVersion":2,"manifests":{}}""", """{"schemaVersion":2,"manifests":[null]}""", """{"schemaVersion":2,"manifests":["DIGEST"]}""",

            // Other values.
            """{"schemaVersion":2,"mediaType":5,"config":CONFIG}""", """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1","config":CONFIG}""",
            """{"schemaVersion":2,"config":CONFIG,"annotations":[]}""", """{"schemaVersion":2,"config":CONFIG,"annotations":{"a":null}}""",
            """{"schemaVersion":2,"config":CONFIG,"annotations":{"a":{}}}""", """{"schemaVersion":2,"config":CONFIG,"artifactType":{}}""",

            // Escapes that are no text.
            """{"schemaVersion":2,"config":CONFIG,"\ud800":1}""", """{"schemaVersion":2,"config":CONFIG,"mediaType":"\ud800"}""",
            """{"schemaVersion":2,"config":CONFIG,"annotations":{"\udc00":"a"}}""", """{"schemaVersion":2,"config":CONFIG,"annotations":{"a":"\ud800x"}}""",
            """{"schemaVersion":2,"config":CONFIG,"artifactType":"\ud800"}""",

            // Bombs.
            new string('[', 100_000), new string('{', 100_000), string.Concat(Enumerable.Repeat("{\"a\":", 50_000)), $$"""{"schemaVersion":2,"config":{{Config}},"x":{{Nested(65)}}}""",
            $$"""{"schemaVersion":{{new string('2', 100_000)}},"config":{{Config}}}""",
        }.Select(Expand),
    ];

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Is_refused(string body) => await AssertRefusedAsync(Encoding.UTF8.GetBytes(body));

    [Fact]
    public async Task A_byte_order_mark_is_refused() =>
        await AssertRefusedAsync([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{{Config}}}""")]);

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xC0, 0xAF })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF5, 0x80, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xE2, 0x82 })]
    public async Task Text_that_is_no_UTF_8_is_refused(byte[] bytes) => await AssertRefusedAsync(
        [.. Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{{Config}},"annotations":{"a":" """), .. bytes, .. Encoding.UTF8.GetBytes("\"}}")]);

    [Fact]
    public async Task UTF_16_is_refused() => await AssertRefusedAsync(Encoding.Unicode.GetBytes($$"""{"schemaVersion":2,"config":{{Config}}}"""));

    [Fact]
    public async Task Nesting_that_no_reader_minds_is_accepted()
    {
        await fixture.Client.PushBlobAsync("validation/depth", TestBlob.OfText(""));
        var body = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{{Config}},"x":{{Nested(60)}}}""");

        Check.Status(201, await fixture.Client.RequestAsync("PUT", "/v2/validation/depth/manifests/deep", body, ("Content-Type", TestImage.OciManifest)));
    }

    [Fact]
    public async Task Ten_thousand_descriptors_are_read_and_every_missing_one_counts()
    {
        var digest = TestBlob.Random().Digest;
        var body = TestImage.Create(json => json["layers"] = new JsonArray([.. Enumerable.Range(0, 10_000).Select(i => (JsonNode)new JsonObject
        {
            ["mediaType"] = "a/b",
            ["digest"] = $"sha256:{i:x64}",
            ["size"] = long.MaxValue,
        })]));

        var answer = await fixture.Client.PutManifestAsync("validation/many", "latest", body);

        // The response lists at most a hundred.
        Assert.Equal(100, Check.Details(Check.Error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown", answer)).Count);
        Check.Status(404, await fixture.Client.HeadAnswerAsync("/v2/validation/many/manifests/latest"));
    }

    [Fact]
    public async Task Ten_thousand_children_are_stored()
    {
        var index = TestImage.Index([], json => json["manifests"] = new JsonArray([.. Enumerable.Range(0, 10_000).Select(i => (JsonNode)new JsonObject
        {
            ["mediaType"] = "a/b",
            ["digest"] = $"sha256:{i:x64}",
            ["size"] = 0,
        })]));

        Check.Status(201, await fixture.Client.PutManifestAsync("validation/children", "latest", index));
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/validation/children/manifests/{index.Digest}"));
    }

    private static string Expand(string body) =>
        body.Replace("CONFIG", Config, StringComparison.Ordinal).Replace("DIGEST", Sha256, StringComparison.Ordinal);

    private static string Layer(string layer) => $$"""{"schemaVersion":2,"config":{{Config}},"layers":[{{layer}}]}""";

    private static string Sized(string size) => $$"""{"mediaType":"a/b","digest":"{{Sha256}}","size":{{size}}}""";

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    private async Task AssertRefusedAsync(byte[] body)
    {
        await fixture.Client.PushBlobAsync("validation/bodies", TestBlob.OfText(""));
        var tag = $"t{Guid.NewGuid():N}";

        foreach (var headers in new (string, string)[][] { [("Content-Type", TestImage.OciManifest)], [] })
        {
            var answer = await fixture.Client.RequestAsync("PUT", $"/v2/validation/bodies/manifests/{tag}", body, headers);
            Check.Error(400, "MANIFEST_INVALID", "manifest invalid", answer);
            Assert.NotEqual("", Assert.Single(Check.Details(answer)));
        }

        Check.Status(400, await fixture.Client.RequestAsync(
            "PUT", $"/v2/validation/bodies/manifests/{new TestBlob(body).Digest}", body, ("Content-Type", TestImage.OciIndex)));
        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/validation/bodies/manifests/{tag}"));
        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/validation/bodies/manifests/{new TestBlob(body).Digest}"));
    }
}
