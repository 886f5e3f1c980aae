using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Access;
using Registry.Core.Policies;
using Registry.Server.Health;
using Registry.Server.Pipeline;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Tls;
using Registry.Storage;

namespace Registry.Server.Tests.Health;

/// <summary><c>/livez</c>, <c>/readyz</c> and <c>/startupz</c>: responses for orchestrators, with public reasons.</summary>
public sealed class HealthTests
{
    private static string[] Checks => TestRegistry.Stores is null
        ? ["metadata", "storage", "space", "indexing", "read-only", "tree"]
        : ["metadata", "storage", "read-only", "bucket"];

    [Theory]
    [InlineData("/livez", "alive")]
    [InlineData("/startupz", "started")]
    [InlineData("/readyz", "ready")]
    public async Task Anybody_may_ask(string path, string status)
    {
        using var access = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => access.Configure(options, AuthenticationKind.Basic));

        var answer = Check.Status(200, await registry.Client.GetAnswerAsync(path));
        var head = Check.Status(200, await registry.Client.HeadAnswerAsync(path));

        Assert.Equal(status, answer.Json.GetProperty("status").GetString());
        Assert.Equal(("application/json", "no-store"), (answer["Content-Type"], answer["Cache-Control"]));
        Assert.Equal(answer.Length, head.Length);
        Check.Status(405, await registry.Client.RequestAsync("POST", path));
    }

    [Fact]
    public async Task Every_check_has_its_entry_and_no_reason_while_all_is_well()
    {
        await using var registry = await TestRegistry.StartAsync();

        var checks = (await registry.Client.GetAnswerAsync("/readyz")).Json.GetProperty("checks");

        Assert.Equal(Checks, checks.EnumerateObject().Select(check => check.Name));
        Assert.All(checks.EnumerateObject(), check => Assert.Equal("""{"status":"ok"}""", check.Value.GetRawText()));
    }

    [Fact]
    public async Task Stopped_writes_are_not_ready_and_pulls_go_on()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", TestImage.Create(), "latest");
        registry.Host.Storage.Health.Fail("fsync /srv/secret/team/app: Input/output error");

        AssertState(503, "storage", "failed", "writes have stopped after a failure of the disk", await registry.Client.GetAnswerAsync("/readyz"));
        Check.Status(200, await registry.Client.GetAnswerAsync("/livez"));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/team/app/manifests/latest"));

        // Who has asked for no changes does not miss them.
        registry.Host.ReadOnly.TurnOn();
        AssertState(200, "storage", "warning", "writes have stopped after a failure of the disk", await registry.Client.GetAnswerAsync("/readyz"));
    }

    [Fact]
    public async Task Stopped_writes_refuse_to_promise_a_blob_that_nothing_needs()
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(options => options with { GcGrace = TimeSpan.FromHours(1) }, time: time);
        var blob = await registry.Client.PushBlobAsync("team/app", TestBlob.Random(100));
        var target = $"/v2/team/app/blobs/{blob.Digest}";
        registry.Host.Storage.Health.Fail("fsync /srv/secret/team/app: Input/output error");
        Check.Status(200, await registry.Client.HeadAnswerAsync(target));

        time.Advance(TimeSpan.FromMinutes(31));

        Check.Status(503, await registry.Client.HeadAnswerAsync(target));
        Check.Status(200, await registry.Client.GetAnswerAsync(target));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_not_ready_until_it_can()
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(time: time);
        var uploads = Path.Combine(registry.StoragePath, "uploads");
        AssertReady(await registry.Client.GetAnswerAsync("/readyz"));

        Directory.Delete(uploads);
        AssertReady(await registry.Client.GetAnswerAsync("/readyz"));
        time.Advance(Readiness.Freshness);
        AssertState(503, "storage", "failed", "the data folder cannot be written", await registry.Client.GetAnswerAsync("/readyz"));

        Directory.CreateDirectory(uploads);
        time.Advance(Readiness.Freshness);
        AssertReady(await registry.Client.GetAnswerAsync("/readyz"));
        Assert.Contains(registry.Log.Entries, entry => entry.Message.StartsWith(
            $"The registry is not ready, because its storage cannot be used: {registry.StoragePath} cannot be written: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_full_disk_is_ready_and_said()
    {
        TestRegistry.SkipOnNodes("speaks of the data folder");
        await using var registry = await TestRegistry.StartAsync(options => options with { StorageReserve = long.MaxValue });

        AssertState(200, "space", "warning", "the disk is full up to its reserve", await registry.Client.GetAnswerAsync("/readyz"));
    }

    [Fact]
    public async Task A_read_only_registry_and_an_old_certificate_are_ready_and_said()
    {
        using var tls = new TlsFolder();
        tls.Write(tls.Authority.Issue(notAfter: DateTimeOffset.UtcNow.AddDays(3)));
        await using var registry = await TestRegistry.StartAsync(options => tls.Configure(options) with { Readonly = true });

        var answer = await registry.Client.GetAnswerAsync("/readyz");

        AssertState(200, "read-only", "warning", "read-only: pulls work", answer);
        AssertState(200, "certificate", "warning", "it expires on ", answer);
    }

    [Fact]
    public async Task A_storage_that_is_being_indexed_is_ready_and_said()
    {
        using var folder = new TemporaryFolder();
        await using (var registry = await TestRegistry.StartAsync(storagePath: folder.Path))
        {
            await registry.Client.PushAsync("team/app", TestImage.Create(), "latest");
        }

        File.Delete(Path.Combine(folder.Path, "registry.db"));
        await using var storage = RegistryStorage.Open(folder.Path, NoRules.Instance, TimeProvider.System, NullLoggerFactory.Instance);
        var readiness = new Readiness(
            storage, new ReadOnlyMode(false, NullLogger<ReadOnlyMode>.Instance), null, TimeProvider.System, NullLogger<Readiness>.Instance);

        var during = Assert.Single(await readiness.CheckAsync(), finding => finding.State != HealthState.Ok);
        await storage.Files!.Indexer.RunAsync(CancellationToken.None);

        Assert.Equal(("indexing", HealthState.Warning), (during.Name, during.State));
        Assert.All(await readiness.CheckAsync(), finding => Assert.Equal(HealthState.Ok, finding.State));
    }

    private static void AssertReady(Answer answer) => Assert.Equal((200, "ready"), (answer.Status, answer.Json.GetProperty("status").GetString()));

    private static void AssertState(int status, string check, string state, string reason, Answer answer)
    {
        var found = answer.Json.GetProperty("checks").GetProperty(check);
        Assert.Equal((status, status == 200 ? "ready" : "not ready"), (answer.Status, answer.Json.GetProperty("status").GetString()));
        Assert.Equal(state, found.GetProperty("status").GetString());
        Assert.StartsWith(reason, found.GetProperty("reason").GetString(), StringComparison.Ordinal);

        // The response is public: no path, no repository.
        Assert.DoesNotContain("/srv", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("/tmp", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("team/app", answer.Text, StringComparison.Ordinal);
    }
}
