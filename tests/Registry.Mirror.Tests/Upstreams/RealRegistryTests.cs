using System.Net.Http.Headers;
using System.Text.Json;
using Registry.Core.Access;
using Registry.Core.Oci;
using Registry.Mirror.Tests.Upstreams.Fixtures;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Tests.Upstreams;

/// <summary>Another registry of our own as the upstream, with each way of authentication.</summary>
public sealed class RealRegistryTests : IDisposable
{
    private const string Rules = """{ "defaultPolicy": "deny", "rules": [{ "repository": "**", "users": ["alice"], "permissions": ["pull", "push", "delete"] }] }""";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.None, AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task All_that_it_has_is_given(AuthenticationKind kind)
    {
        await using var registry = await StartAsync(kind);
        var image = await PushAsync(registry, TestImage.Create());
        var artifact = await PushAsync(registry, TestImage.Artifact("application/x", image), "signature");
        using var upstream = CreateUpstream(registry, kind);

        Assert.Equal(image.Manifest.Bytes, (await upstream.GetAsync()).Given().Content.ToArray());
        Assert.Equal(image.Digest, (await upstream.FindAsync()).Given().Digest.Value);
        Assert.Equal(image.Manifest.Bytes, (await upstream.GetAsync(Digest.Parse(image.Digest))).Given().Content.ToArray());
        var layer = image.Blobs[1];
        Assert.Equal(layer.Bytes, await (await upstream.OpenAsync(layer.Digest)).Given().ReadAsync());
        var part = (await upstream.OpenAsync(layer.Digest, 100, 50)).Given();
        Assert.Equal((100, layer.Bytes.Length), (part.Offset, part.Length));
        Assert.Equal(layer.Bytes[100..150], await part.ReadAsync());
        Assert.Equal(layer.Bytes.Length, (await upstream.FindBlobAsync(TestUpstream.Repository, Digest.Parse(layer.Digest), TestContext.Current.CancellationToken)).Given());

        var first = (await upstream.ListTagsAsync(TestUpstream.Repository, null, 1, TestContext.Current.CancellationToken)).Given();
        Assert.Equal(["latest"], first.Tags);
        Assert.Equal("latest", first.Last);
        var second = (await upstream.ListTagsAsync(TestUpstream.Repository, first.Last, 1, TestContext.Current.CancellationToken)).Given();
        Assert.Equal(["signature"], second.Tags);
        Assert.Null(second.Last);
        using var referrers = JsonDocument.Parse(
            (await upstream.ListReferrersAsync(TestUpstream.Repository, Digest.Parse(image.Digest), TestContext.Current.CancellationToken)).Given());
        Assert.Equal(artifact.Digest, referrers.RootElement.GetProperty("manifests")[0].GetProperty("digest").GetString());

        (await upstream.GetAsync(Tag.Parse("other"))).Reason(UpstreamFaultKind.Missing);
        (await upstream.FindAsync(Tag.Parse("other"))).Reason(UpstreamFaultKind.Missing);
        (await upstream.OpenAsync(TestBlob.Random().Digest)).Reason(UpstreamFaultKind.Missing);
        Assert.Equal(kind == AuthenticationKind.BuiltInToken ? 1 : 0, upstream.Counters.Tokens);
        Assert.Null(upstream.Away);
    }

    [Theory]
    [InlineData(AuthenticationKind.Basic)]
    [InlineData(AuthenticationKind.BuiltInToken)]
    public async Task What_is_closed_is_away_and_not_missing(AuthenticationKind kind)
    {
        await using var registry = await StartAsync(kind);
        await PushAsync(registry, TestImage.Create());
        using var anonymous = CreateUpstream(registry, AuthenticationKind.None);
        (await anonymous.GetAsync()).Reason(UpstreamFaultKind.Away);
        (await anonymous.GetAsync(Tag.Parse("other"))).Reason(UpstreamFaultKind.Away);

        using var mistaken = CreateUpstream(registry, kind);
        await File.WriteAllTextAsync(_folder.File("password"), "wrong", TestContext.Current.CancellationToken);
        (await mistaken.GetAsync()).Reason(UpstreamFaultKind.Away);
        await File.WriteAllTextAsync(_folder.File("password"), "secret\n", TestContext.Current.CancellationToken);
        (await mistaken.GetAsync()).Given();
    }

    private static (string, string) Alice => ("Authorization", $"Basic {Convert.ToBase64String("alice:secret"u8)}");

    private static async Task<TestImage> PushAsync(TestRegistry registry, TestImage image, string tag = "latest")
    {
        var login = await registry.Client.GetAnswerAsync($"/token?scope=repository:{TestUpstream.Repository}:pull,push", Alice);
        registry.Client.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(login.Status == 200 ? $"Bearer {login.Json.GetProperty("token")}" : Alice.Item2);
        return await registry.Client.PushAsync(TestUpstream.Repository, image, tag);
    }

    private HttpUpstream CreateUpstream(TestRegistry registry, AuthenticationKind kind)
    {
        File.WriteAllText(_folder.File("password"), "secret\n");
        return TestUpstream.Create(
            registry.Host.Addresses[0],
            configure: settings => kind == AuthenticationKind.None ? settings : settings with { UserName = "alice", PasswordFile = _folder.File("password") });
    }

    private Task<TestRegistry> StartAsync(AuthenticationKind kind)
    {
        File.WriteAllText(_folder.File("rules.json"), Rules);
        File.WriteAllText(_folder.File("htpasswd"), $"alice:{BCrypt.Net.BCrypt.HashPassword("secret", 4)}\n");
        return TestRegistry.StartAsync(options => kind == AuthenticationKind.None ? options : options with
        {
            Authentication = kind,
            AccessControlPath = _folder.File("rules.json"),
            HtpasswdPath = _folder.File("htpasswd"),
        });
    }
}
