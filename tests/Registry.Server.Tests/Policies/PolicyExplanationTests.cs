using System.Text.Json;
using Registry.Core.Access;
using Registry.Core.Access.Rules;
using Registry.Core.Configuration;
using Registry.Core.Oci;
using Registry.Core.Policies.Explanation;
using Registry.Core.Policies.Rules;
using Registry.Server.Api.Policies;
using Registry.Server.Configuration;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Policies;

/// <summary>Why an image can be pulled, moved and pushed, or not: by the route, and by the command on a running registry and without one.</summary>
public sealed class PolicyExplanationTests : IAsyncLifetime
{
    private const string App = "team/app";

    private static readonly (string, string) Admin = AccessFolder.Basic("admin");

    private readonly AccessFolder _access = new();
    private readonly TestSigner _signer = new();
    private readonly PolicyFolder _policy = new("""
        { "rules": [
          { "repository": "team/*", "immutableTags": ["v*"] },
          { "repository": "team/**", "quota": { "bytes": "1MB" } },
          { "repository": "team/app", "requireSignature": { "cosign": ["test.pub"], "except": ["deployer"] } }
        ] }
        """);

    private readonly TestImage _image = TestImage.Create();
    private TestRegistry _registry = null!;

    private Dictionary<string, string> Settings => new() { [PolicyFile.Setting] = _policy.Path, ["REGISTRY_STORAGE_PATH"] = _registry.StoragePath };

    public async ValueTask InitializeAsync()
    {
        _policy.WriteKey("test.pub", _signer);
        _registry = await TestRegistry.StartAsync(options => _policy.Configure(_access.Configure(options, AuthenticationKind.Basic)));
        _registry.Client.DefaultRequestHeaders.Add(Admin.Item1, Admin.Item2);
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _policy.Dispose();
        _access.Dispose();
        _signer.Dispose();
    }

    [Fact]
    public async Task A_tag_is_explained_before_it_is_set_while_it_is_there_and_when_it_is_gone()
    {
        Assert.Equal("the tag is immutable: it is not set yet, and gets no other digest from then on", (await SaysAsync($"{App}:v1"))[0]);
        await _registry.Client.PushAsync(App, _image, "v1");

        var answer = await ExplainAsync($"{App}:v1");
        Assert.Equal((_image.Digest, $"{App}:v1"), (answer.GetProperty("digest").GetString(), answer.GetProperty("image").GetString()));
        Assert.Equal($"the tag is immutable: it is {_image.Digest}, and gets no other digest", (await SaysAsync($"{App}:v1"))[0]);
        Assert.Equal([true, false, false], answer.GetProperty("rules").EnumerateArray().Select(rule => rule.GetProperty("immutable").GetBoolean()));
        Assert.Equal("the tag may move", (await SaysAsync($"{App}:latest"))[0]);

        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/{App}/manifests/v1"));
        Assert.Equal($"the tag is immutable: it was {_image.Digest} when it went, and gets no other digest", (await SaysAsync($"{App}:v1"))[0]);
        Assert.Equal("tags \"v*\" are immutable", (await SaysAsync($"{App}@{_image.Digest}"))[0]);
    }

    [Fact]
    public async Task A_quota_has_what_all_repositories_of_its_rule_use()
    {
        await _registry.Client.PushAsync(App, _image, "v1");
        var other = await _registry.Client.PushAsync("team/deep/er", TestImage.Create());
        await _registry.Client.PushAsync("free/app", TestImage.Create());

        var used = SizeOf(_image) + SizeOf(other);
        var quota = (await ExplainAsync("team/nobody/yet")).GetProperty("rules")[0].GetProperty("quota");
        Assert.Equal((1_000_000, used), (quota.GetProperty("bytes").GetInt64(), quota.GetProperty("used").GetInt64()));
        Assert.Equal([$"its repositories may refer to 1MB together, of which {ByteSize.Describe(used)} are used"], await SaysAsync("team/nobody/yet"));
    }

    [Fact]
    public async Task Each_signature_is_told_with_its_fault()
    {
        const string Needs = "a pull needs a signature by test.pub, except by 1 user: deployer";
        await _registry.Client.PushAsync(App, _image, "v1");
        Assert.Equal(
            [Needs, "the image is not signed, so a user who may only pull does not get it: it has no signatures"], (await SaysAsync($"{App}:v1"))[2..]);

        using var forger = new TestSigner();
        var tag = TestSigner.TagOf(_image.Digest);
        var forged = await _registry.Client.PushAsync(App, forger.Tagged(TestSigner.Payload(_image.Digest).ToJsonString()), tag);
        var fault = $"the signature {forged.Digest} under the tag {tag} does not count: it is by another key than test.pub, or altered";
        Assert.Equal(
            [Needs, "the image is not signed, so a user who may only pull does not get it: none of its signatures counts", fault], (await SaysAsync($"{App}:v1"))[2..]);

        var genuine = await _registry.Client.PushAsync(App, _signer.Bundle(_image));
        Assert.Equal([Needs, "the image is signed by test.pub", fault, $"the signature {genuine.Digest} counts"], (await SaysAsync($"{App}@{_image.Digest}"))[2..]);
        Assert.Equal([Needs, "it is a signature or attestation, and needs none"], (await SaysAsync($"{App}@{genuine.Digest}"))[2..]);

        var verdict = (await ExplainAsync($"{App}:v1")).GetProperty("rules")[2].GetProperty("signature");
        Assert.True(verdict.GetProperty("signed").GetBoolean());
        Assert.Equal((forged.Digest, tag, "test.pub", 0), (
            verdict.GetProperty("signatures")[0].GetProperty("digest").GetString(),
            verdict.GetProperty("signatures")[0].GetProperty("tag").GetString(),
            verdict.GetProperty("signatures")[1].GetProperty("key").GetString(),
            verdict.GetProperty("more").GetInt32()));
    }

    [Fact]
    public async Task Of_very_many_signatures_the_first_and_the_one_that_counts_are_told()
    {
        await _registry.Client.PushAsync(App, _image, "v1");
        for (var i = 0; i < 30; i++)
        {
            await _registry.Client.PushAsync(App, TestSigner.Referrer(_image, $"{{\"x\":{i}}}"));
        }

        var verdict = (await ExplainAsync($"{App}:v1")).GetProperty("rules")[2].GetProperty("signature");
        Assert.Equal((20, 10), (verdict.GetProperty("signatures").GetArrayLength(), verdict.GetProperty("more").GetInt32()));
        Assert.Equal("10 further signatures do not count", (await SaysAsync($"{App}:v1"))[^1]);

        // Under its tag it is the first that is read.
        await _registry.Client.PushAsync(App, _signer.Tagged(TestSigner.Payload(_image.Digest).ToJsonString()), TestSigner.TagOf(_image.Digest));
        Assert.Single((await ExplainAsync($"{App}:v1")).GetProperty("rules")[2].GetProperty("signature").GetProperty("signatures").EnumerateArray());
    }

    [Fact]
    public async Task A_command_tells_what_a_running_registry_has_and_without_one_what_the_file_says()
    {
        await _registry.Client.PushAsync(App, _image, "v1");
        var running = await CommandRun.OfAsync(Settings, "policy", "explain", $"{App}:v1");
        Assert.Equal(
            $"""
            {App}:v1 is {_image.Digest}.
            rule 1 (line 2: "team/*"): the tag is immutable: it is {_image.Digest}, and gets no other digest
            rule 2 (line 3: "team/**"): its repositories may refer to 1MB together, of which {ByteSize.Describe(SizeOf(_image))} are used
            rule 3 (line 4: "team/app"): a pull needs a signature by test.pub, except by 1 user: deployer
            rule 3 (line 4: "team/app"): the image is not signed, so a user who may only pull does not get it: it has no signatures

            """,
            running.Output);
        Assert.StartsWith($"{App}:v2 is not in the registry.\n", (await CommandRun.OfAsync(Settings, "policy", "explain", $"{App}:v2")).Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await CommandRun.OfAsync(Settings, "policy", "explain", $"{App}:v1", "--json")).Output);
        Assert.Equal((await ExplainAsync($"{App}:v1")).ToString(), JsonSerializer.Serialize(json.RootElement));

        await _registry.DisposeAsync();
        Assert.Equal(
            """
            rule 1 (line 2: "team/*"): the tag is immutable
            rule 2 (line 3: "team/**"): its repositories may refer to 1MB together
            rule 3 (line 4: "team/app"): a pull needs a signature by test.pub, except by 1 user: deployer

            """,
            (await CommandRun.OfAsync(Settings, "policy", "explain", $"{App}:v1")).Output);
    }

    [Fact]
    public void A_mirrored_repository_has_the_tags_of_its_upstream_and_needs_signatures()
    {
        var rule = new PolicyRule(RepositoryPattern.TryParse("up/**")!, 1, 1)
        {
            ImmutableTags = new ImmutableTagsRule([TagPattern.TryParse("*")!], []),
            RequireSignature = new SignatureRule([SigningKey.Read("test.pub", System.Text.Encoding.UTF8.GetBytes(_signer.PublicKey))], []),
        };
        var image = new ImageReference(RepositoryName.Parse("up/app"), Tag.Parse("v1"));

        var answer = PolicyAnswer.Of(new PolicyExplanation(image, IsMirrored: true, Digest: null, Kept: null, [new ExplainedRule(rule, null, null), new ExplainedRule(rule with { ImmutableTags = null }, null, null)]));

        const string Needs = "a pull needs a signature by test.pub";
        Assert.Equal(["the repository is mirrored: its tags and images are those of its upstream", Needs], answer.Rules[0].Says);
        Assert.Equal([Needs], answer.Rules[1].Says);
        Assert.False(answer.Rules[0].Immutable);
    }

    [Theory]
    [InlineData("", "query parameter 'image'")]
    [InlineData("?image=A", "image is 'A'; it must be an image such as team/app:1.0")]
    [InlineData("?image=a&image=b", "image")]
    [InlineData("?image=a&tag=b", "there is no query parameter 'tag'; allowed: image")]
    public async Task A_query_that_names_no_image_is_refused(string query, string detail)
    {
        var answer = Check.Status(400, await _registry.Client.GetAnswerAsync($"/api/v1/policies/explain{query}"));
        Assert.Contains(detail, answer.Text, StringComparison.Ordinal);
    }

    private static long SizeOf(TestImage image) => image.Manifest.Bytes.Length + image.Blobs.Sum(blob => blob.Bytes.Length);

    private async Task<JsonElement> ExplainAsync(string image) => Check.Status(200, await _registry.Client.GetAnswerAsync($"/api/v1/policies/explain?image={image}")).Json;

    private async Task<string[]> SaysAsync(string image) =>
        [.. (await ExplainAsync(image)).GetProperty("rules").EnumerateArray().SelectMany(rule => rule.GetProperty("says").EnumerateArray()).Select(clause => clause.GetString()!)];
}
