using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Mirroring;

/// <summary>A rule that requires signatures in a mirrored repository. What its upstream has of them comes with the image.</summary>
public sealed class MirroredSignatureTests : IAsyncLifetime
{
    private const string Path = "/v2/up/team/app/manifests/v1";

    private static readonly (string, string) User = AccessFolder.Basic("alice");

    private readonly AccessFolder _access = new("""{ "defaultPolicy": "allow" }""");
    private readonly TemporaryFolder _policy = new(isInMemory: true);
    private MirroredUpstream _upstream = null!;
    private TestRegistry _mirror = null!;

    public static TheoryData<string> Formats => [.. Recordings.Formats];

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_policy.File("key.pub"), Recordings.Key("p256"));
        await File.WriteAllTextAsync(
            _policy.File("policy.json"), """{ "rules": [ { "repository": "up/**", "requireSignature": { "cosign": ["key.pub"], "except": ["bob"] } } ] }""");
        _upstream = await MirroredUpstream.StartAsync("\"check\": \"0s\"");
        _mirror = await TestRegistry.StartAsync(
            options => _upstream.Configure(_access.Configure(options, AuthenticationKind.Basic)) with { PolicyConfig = _policy.File("policy.json") });
    }

    public async ValueTask DisposeAsync()
    {
        await _mirror.DisposeAsync();
        await _upstream.DisposeAsync();
        _policy.Dispose();
        _access.Dispose();
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Images_of_an_index_that_is_signed_upstream_are_served(string format)
    {
        await _upstream.Client.PushAsync("team/app", Recordings.Index, "v1");
        await Recordings.Of(format, Recordings.Index).PushAsync(_upstream.Client, "team/app");
        Assert.Equal(Recordings.Index.Manifest.Bytes, Check.Status(200, await _mirror.Client.GetAnswerAsync(Path, User)).Body);
        foreach (var child in Recordings.Index.Children)
        {
            Check.Status(200, await _mirror.Client.GetAnswerAsync($"/v2/up/team/app/manifests/{child.Digest}", User));
        }

        // What is here is enough.
        await _upstream.Registry.StopAsync();
        Check.Status(200, await _mirror.Client.GetAnswerAsync(Path, User));
    }

    [Fact]
    public async Task An_image_without_a_signature_is_refused_until_the_upstream_has_one_also_to_those_who_may_push_elsewhere()
    {
        await _upstream.Client.PushAsync("team/app", Recordings.Image, "v1");
        Check.Status(403, await _mirror.Client.GetAnswerAsync(Path, User));
        Check.Status(403, await _mirror.Client.HeadAnswerAsync(Path, User));
        Check.Status(200, await _mirror.Client.GetAnswerAsync(Path, AccessFolder.Basic("bob")));
        await Recordings.Of("bundle-3", Recordings.Image).PushAsync(_upstream.Client, "team/app");
        Check.Status(200, await _mirror.Client.GetAnswerAsync(Path, User));
    }
}
