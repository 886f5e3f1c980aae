using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Access;
using Registry.Core.Changes;
using Registry.Core.Policies;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Commands;
using Registry.Storage;

namespace Registry.Server.Tests.Telemetry;

/// <summary>Each change is recorded with the user, the request and the program that it comes from.</summary>
public sealed class ChangeOriginTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);
    private readonly TestImage _image = TestImage.Create();

    private string Data => Path.Combine(_folder.Path, "data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_request_is_recorded_with_its_user_its_id_its_address_and_its_client()
    {
        using var access = new AccessFolder();
        await using (var registry = await TestRegistry.StartAsync(options => access.Configure(options, AuthenticationKind.Basic), Data))
        {
            registry.Client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
            await registry.Client.PushAsync("team/app", _image, "latest");
            Check.Status(202, await registry.Client.RequestAsync(
                "DELETE", "/v2/team/app/manifests/latest", null, ("X-Request-Id", "delete-1"), ("User-Agent", $"tester/1 {new string('x', 500)}")));
        }

        var changes = await ReadAsync();
        Assert.Equal([ChangeKind.ManifestAdded, ChangeKind.TagSet, ChangeKind.TagRemoved], changes.Select(change => change.Kind));
        Assert.All(changes, change => Assert.Equal(
            (ChangeSource.Request, "alice", "127.0.0.1"), (change.Origin.Source, change.Origin.Actor, change.Origin.Address)));
        Assert.Matches("^[0-9a-f]{16}$", changes[0].Origin.Request);
        Assert.Equal("delete-1", changes[2].Origin.Request);
        Assert.Equal($"tester/1 {new string('x', ChangeOrigin.MaxLength)}"[..ChangeOrigin.MaxLength], changes[2].Origin.Client);
    }

    [Fact]
    public async Task A_request_without_a_user_has_no_actor()
    {
        await using (var registry = await TestRegistry.StartAsync(storagePath: Data))
        {
            await registry.Client.PushAsync("team/app", _image, "latest");
        }

        Assert.All(await ReadAsync(), change => Assert.Null(change.Origin.Actor));
    }

    [Fact]
    public async Task A_copy_and_an_import_are_recorded_with_their_command()
    {
        await using (var registry = await TestRegistry.StartAsync(storagePath: Data))
        {
            await registry.Client.PushAsync("team/app", _image, "latest");
        }

        var layout = Path.Combine(_folder.Path, "layout");
        await RunAsync("export", "team/app:latest", layout);
        await RunAsync("copy", "team/app:latest", "copied/app");
        await RunAsync("import", layout, "imported/app");

        var changes = await ReadAsync();
        Assert.All(
            changes.Where(change => change.Repository.Value == "copied/app"),
            change => Assert.Equal(ChangeOrigin.Command("copy", Environment.UserName), change.Origin));
        Assert.All(
            changes.Where(change => change.Repository.Value == "imported/app"),
            change => Assert.Equal(ChangeOrigin.Command("import", Environment.UserName), change.Origin));
        Assert.Equal(6, changes.Count);
    }

    [Fact]
    public async Task A_collection_by_hand_is_recorded_with_its_command()
    {
        var time = new FakeTimeProvider();
        await using (var registry = await TestRegistry.StartAsync(storagePath: Data, time: time))
        {
            await registry.Client.PushAsync("team/app", _image);
            time.Advance(TimeSpan.FromHours(2));
        }

        await RunAsync("gc", "--untagged", "--delete");

        var removed = (await ReadAsync())[^1];
        Assert.Equal((ChangeKind.ManifestRemoved, "untagged"), (removed.Kind, removed.Reason));
        Assert.Equal(ChangeOrigin.Command("gc", Environment.UserName), removed.Origin);
    }

    private async Task RunAsync(params string[] arguments)
    {
        var environment = new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = Data, ["REGISTRY_GC_GRACE"] = "1h" };
        var run = await CommandRun.OfAsync(environment, arguments);
        Assert.True(run.ExitCode == 0, run.Error);
    }

    // Those of blobs are gone: the tree has passed them.
    private async Task<IReadOnlyList<RegistryChange>> ReadAsync()
    {
        await using var storage = await RegistryStorage.OpenExistingAsync(new StorageChoice(Data), NoRules.Instance, TimeProvider.System, NullLoggerFactory.Instance);
        return await storage.Changes.ReadAsync(0, 1000);
    }
}
