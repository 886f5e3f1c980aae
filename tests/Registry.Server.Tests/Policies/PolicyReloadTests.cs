using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;

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
        await registry.Client.PushAsync("app", TestImage.Create(), "v1");
        var other = await registry.Client.PushAsync("app", TestImage.Create(), "other");

        // Both digests are set until the edit is in force, and one of them stays.
        _folder.Write(Immutable);
        var first = await registry.Client.PushAsync("app", TestImage.Create(), "first");
        await Eventually.HoldsAsync(async () => await MoveAsync(first) + await MoveAsync(other) == 201 + 409, "the edit is in force");

        _folder.Write("{\n\"rule\": []}");
        var kept = $"{_folder.Path} cannot be used, the last good version stays in force: line 2: unknown property \"rule\"; allowed: rules";
        await Eventually.HoldsAsync(() => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message == kept)), "the edit is refused");
        Assert.Equal(201 + 409, await MoveAsync(first) + await MoveAsync(other));

        async Task<int> MoveAsync(TestImage image) => (await registry.Client.PutManifestAsync("app", "v1", image)).Status;
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

    [Fact]
    public async Task A_broken_file_ends_the_start_with_its_line()
    {
        _folder.Write("{\n\"rules\": 1}");

        var fault = await Assert.ThrowsAsync<StartupException>(() => TestRegistry.StartAsync(_folder.Configure));

        Assert.Equal($"REGISTRY_POLICY_CONFIG {_folder.Path} cannot be used: line 2: rules must be an array", fault.Message);
    }
}
