using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Server.Configuration;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Policies;

/// <summary>The policy file while the registry runs: an edit is taken, and a broken one is not.</summary>
public sealed class PolicyReloadTests : IDisposable
{
    private const string None = """{ "rules": [] }""";
    private const string Immutable = """{ "rules": [{ "repository": "app", "immutableTags": ["v*"] }] }""";

    private readonly PolicyFolder _folder = new(None);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_edit_is_in_force_by_itself_and_a_broken_file_keeps_the_last_good_version()
    {
        await using var registry = await TestRegistry.StartAsync(_folder.Configure);
        var images = await PushAsync(registry);
        _folder.Write(Immutable);
        await Eventually.HoldsAsync(async () => await MoveAsync(registry, images) == 409, "the edit is in force");

        _folder.Write("{\n\"rule\": []}");
        var kept = $"{_folder.Path} cannot be used, the last good version stays in force: line 2: unknown property \"rule\"; allowed: rules";
        await Eventually.HoldsAsync(() => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message == kept)), "the edit is refused");
        Assert.Equal(409, await MoveAsync(registry, images));
    }

    [Fact]
    public async Task An_edit_of_a_ConfigMap_is_in_force_by_itself()
    {
        using var map = new PolicyConfigMap(None);
        await using var registry = await TestRegistry.StartAsync(map.Configure);
        var images = await PushAsync(registry);
        for (var i = 0; i < 3; i++)
        {
            map.Write(Immutable);
            await Eventually.HoldsAsync(async () => await MoveAsync(registry, images) == 409, "the edit is in force");
            map.Write(None);
            await Eventually.HoldsAsync(async () => await MoveAsync(registry, images) == 201, "the rule is gone");
        }
    }

    [Fact]
    public async Task SIGHUP_takes_an_edit_at_once_and_names_the_line_of_a_fault()
    {
        await using var registry = await TestRegistry.StartAsync(_folder.Configure);
        await registry.Client.PushAsync("app", TestImage.Create(), "v1");
        var other = await registry.Client.PushAsync("app", TestImage.Create(), "other");
        _folder.Write(Immutable);

        registry.Host.Reload();

        Check.Status(409, await registry.Client.PutManifestAsync("app", "v1", other));
        Assert.Contains(registry.Log.Entries, entry => entry.Message.StartsWith("Files reloaded: REGISTRY_POLICY_CONFIG ", StringComparison.Ordinal));
        _folder.Write("[");
        registry.Host.Reload();
        Assert.Contains(
            registry.Log.Entries,
            entry => entry.Level == LogLevel.Error && entry.Message.Contains("REGISTRY_POLICY_CONFIG cannot be used, the last good version stays in force: line 1: ", StringComparison.Ordinal));
        _folder.Write(None);
        registry.Host.Reload();
        Check.Status(201, await registry.Client.PutManifestAsync("app", "v1", other));
    }

    [Theory]
    [InlineData(AuthenticationKind.None, false, true)]
    [InlineData(AuthenticationKind.Basic, false, true)]
    [InlineData(AuthenticationKind.Basic, true, false)]
    [InlineData(AuthenticationKind.Token, false, false)]
    public async Task Required_signatures_without_access_control_warn_at_the_start_and_at_each_edit(AuthenticationKind kind, bool hasAccessControl, bool warns)
    {
        const string Required = """{ "rules": [{ "repository": "app", "requireSignature": { "cosign": ["test.pub"] } }] }""";
        using var signer = new TestSigner();
        using var access = new AccessFolder();
        _folder.WriteKey("test.pub", signer);
        _folder.Write(Required);
        await using var registry = await TestRegistry.StartAsync(
            options => access.Configure(_folder.Configure(options), kind) with { AccessControlPath = hasAccessControl ? access.RulesPath : null });
        AssertWarned(warns ? 1 : 0, 1);

        _folder.Write(None);
        registry.Host.Reload();
        _folder.Write(Required.Replace("{ \"rules\"", "{\n\"rules\"", StringComparison.Ordinal));
        registry.Host.Reload();
        AssertWarned(warns ? 2 : 0, 2);

        void AssertWarned(int count, int line)
        {
            var warnings = registry.Log.Entries.Where(entry => entry.Message.Contains("requires signatures", StringComparison.Ordinal)).ToList();
            Assert.Equal(count, warnings.Count);
            Assert.True(count == 0 || warnings[^1] is { Level: LogLevel.Warning } last && last.Message.StartsWith(
                $"{_folder.Path} line {line} requires signatures, but without access control everybody may push, and users who may push need none.", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_broken_file_ends_the_start_with_its_line()
    {
        _folder.Write("{\n\"rules\": 1}");

        var fault = await Assert.ThrowsAsync<StartupException>(() => TestRegistry.StartAsync(_folder.Configure));

        Assert.Equal($"REGISTRY_POLICY_CONFIG {_folder.Path} cannot be used: line 2: rules must be an array", fault.Message);
    }

    private static async Task<TestImage[]> PushAsync(TestRegistry registry) =>
        [await registry.Client.PushAsync("app", TestImage.Create(), "v1"), await registry.Client.PushAsync("app", TestImage.Create())];

    // To the image that the tag is not.
    private static async Task<int> MoveAsync(TestRegistry registry, TestImage[] images)
    {
        var now = Check.Status(200, await registry.Client.HeadAnswerAsync("/v2/app/manifests/v1"))["Docker-Content-Digest"];
        return (await registry.Client.PutManifestAsync("app", "v1", images.First(image => image.Digest != now))).Status;
    }
}
