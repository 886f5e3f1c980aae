using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Access;
using Registry.Core.Oci;
using Registry.Server.Endpoints;
using Registry.Server.Endpoints.Probes;
using Registry.Server.Requests;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Health;

/// <summary>REGISTRY_READONLY and the two signals: every change is refused and every read served.</summary>
public sealed partial class ReadOnlyTests
{
    private const string Message = "the registry is read-only; pulls work, pushes and deletes do not";
    private const int User1 = 10;
    private const int User2 = 12;

    [Fact]
    public async Task Every_change_is_refused_and_every_read_served()
    {
        await using var registry = await TestRegistry.StartAsync();
        var client = registry.Client;
        var image = await client.PushAsync("team/app", TestImage.Create(), "latest");
        var upload = await client.BeginUploadAsync("team/app");
        var deleted = await client.PushAsync("team/app", TestImage.Create());
        Check.Status(202, await client.RequestAsync("DELETE", $"/v2/team/app/manifests/{deleted.Digest}"));

        // The first question begins a computation, whose figures are in answers that follow.
        await Eventually.HoldsAsync(async () => (await client.GetAnswerAsync("/api/v1/space")).Status == 200, "the space is computed");
        var routes = Routes();
        var answers = new Dictionary<string, Answer>();
        foreach (var route in routes.Where(route => !route.IsChange))
        {
            answers[$"{route.Method} {route.Template}"] = await client.RequestAsync(route.Method, Fill(route, IsOfTrash(route) ? deleted : image, upload));
        }

        registry.Host.ReadOnly.TurnOn();

        foreach (var route in routes.Where(route => route.Template != "/token"))
        {
            var answer = await client.RequestAsync(route.Method, Fill(route, IsOfTrash(route) ? deleted : image, upload), route.IsChange ? image.Manifest.Bytes : null);
            if (route.IsChange)
            {
                _ = route.HasNameInQuery ? Check.Problem(405, "UNSUPPORTED", Message, answer) : Check.Error(405, "UNSUPPORTED", Message, answer);
                var mayBeRead = routes.Any(other => other.Template == route.Template && other.Method == "GET");
                Assert.Equal(mayBeRead ? "GET, HEAD" : string.Empty, answer["Allow"] ?? string.Empty);
            }
            else if (route.Template != "/readyz")
            {
                var before = answers[$"{route.Method} {route.Template}"];
                Assert.InRange(answer.Status, 200, 204);

                // The time that is left in the trash passes. A question during the first computation of space asks for another one.
                Assert.Equal((before.Status, Lasting(route, before)), (answer.Status, Lasting(route, answer)));
            }
        }

        // A mount and a push in one request go the same way as the begin of an upload.
        var mount = $"/v2/other/app/blobs/uploads/?mount={image.Blobs[0].Digest}&from=team/app";
        Check.Error(405, "UNSUPPORTED", Message, await client.RequestAsync("POST", mount));
        Check.Error(405, "UNSUPPORTED", Message, await client.RequestAsync("POST", $"/v2/team/app/blobs/uploads/?digest={image.Digest}", image.Manifest.Bytes));

        registry.Host.ReadOnly.TurnOff();
        Check.Status(201, await client.RequestAsync("POST", mount));
        Check.Status(202, await client.RequestAsync("PATCH", upload, new byte[10]));
    }

    [Fact]
    public void Whatever_needs_push_or_delete_is_a_change_unless_it_reads() => Assert.All(Routes(), route => Assert.Equal(
        (route.Template.StartsWith("/v2/", StringComparison.Ordinal) || route.Template.StartsWith("/api/", StringComparison.Ordinal)) && route.Method is not ("GET" or "HEAD"), route.IsChange));

    [Fact]
    public async Task Who_may_not_change_anything_anyway_is_told_that_first()
    {
        using var access = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => access.Configure(options, AuthenticationKind.Basic) with { Readonly = true });

        Check.Status(401, await registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/"));
        Check.Status(403, await registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, AccessFolder.Basic("bob")));
        Check.Error(405, "UNSUPPORTED", Message, await registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, AccessFolder.Basic("alice")));
    }

    [Fact]
    public async Task Nothing_expires_meanwhile()
    {
        var time = new FakeTimeProvider();
        var interval = TimeSpan.FromMinutes(5);
        await using var registry = await TestRegistry.StartAsync(
            options => options with { UploadTimeout = TimeSpan.FromHours(1), UploadCleanupInterval = interval }, time: time);
        var upload = await registry.Client.BeginUploadAsync("kept");
        registry.Host.ReadOnly.TurnOn();
        for (var i = 0; i < 30; i++)
        {
            time.Advance(interval);
            Check.Status(204, await registry.Client.GetAnswerAsync(upload));
        }

        registry.Host.ReadOnly.TurnOff();

        await Eventually.HoldsAsync(
            async () =>
            {
                time.Advance(interval);
                return (await registry.Client.GetAnswerAsync(upload)).Status == 404;
            },
            "the upload expires after all");
    }

    [Fact]
    public async Task Nothing_is_collected_meanwhile()
    {
        var time = new FakeTimeProvider();
        await using var registry = await TestRegistry.StartAsync(options => options with { GcGrace = TimeSpan.FromSeconds(10) }, time: time);
        var blob = await registry.Client.PushBlobAsync("kept", TestBlob.Random(100_000));
        Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/kept/blobs/{blob.Digest}"));
        var file = Path.Combine(registry.StoragePath, "blobs", "sha256", blob.Digest[7..9], blob.Digest[7..], "data");
        registry.Host.ReadOnly.TurnOn();
        for (var i = 0; i < 100; i++)
        {
            time.Advance(registry.Host.CollectionInterval);
            Check.Status(200, await registry.Client.GetAnswerAsync("/v2/"));
            Assert.True(File.Exists(file), "The bytes have been collected.");
        }

        registry.Host.ReadOnly.TurnOff();

        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(registry.Host.CollectionInterval);
                return Task.FromResult(!File.Exists(file));
            },
            "the bytes are collected after all");
    }

    [Fact]
    public async Task An_answer_meanwhile_records_nothing_and_its_content_stays_for_half_the_grace_period_afterwards()
    {
        var time = new FakeTimeProvider();
        var half = TimeSpan.FromSeconds(30);
        await using var registry = await TestRegistry.StartAsync(options => options with { GcGrace = 2 * half }, time: time);
        var blob = await registry.Client.PushBlobAsync("kept", TestBlob.Random(100));
        var (name, digest) = (RepositoryName.Parse("kept"), Digest.Parse(blob.Digest));
        var metadata = registry.Host.Storage.Metadata;
        registry.Host.ReadOnly.TurnOn();
        time.Advance(TimeSpan.FromHours(1));
        Check.Status(200, await registry.Client.RequestAsync("HEAD", $"/v2/kept/blobs/{blob.Digest}"));
        Assert.Equal(0, (await metadata.FindBlobAsync(name, digest))?.IdleSince);
        registry.Host.ReadOnly.TurnOff();

        await registry.Host.Collector.RunAsync(default);
        Assert.NotNull(await metadata.FindBlobAsync(name, digest));
        time.Advance(half);
        await registry.Host.Collector.RunAsync(default);
        Assert.NotNull(await metadata.FindBlobAsync(name, digest));
        time.Advance(TimeSpan.FromSeconds(1));
        await registry.Host.Collector.RunAsync(default);
        Assert.Null(await metadata.FindBlobAsync(name, digest));
    }

    [Fact]
    public async Task Signals_switch_it_while_the_registry_runs()
    {
        using var folder = new TemporaryFolder();
        await using var registry = await RegistryProcess.StartAsync(folder.Path, new Dictionary<string, string?> { ["REGISTRY_READONLY"] = "true" });
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        Check.Error(405, "UNSUPPORTED", Message, await client.RequestAsync("POST", "/v2/a/blobs/uploads/"));

        registry.Signal(User2);
        await BecomesAsync(202);
        registry.Signal(User1);
        registry.Signal(User1);
        await BecomesAsync(405);
        registry.Signal(User2);
        await BecomesAsync(202);
        Assert.Equal(0, await registry.StopAsync());
        Assert.Contains("Read-only mode is on: pulls work, pushes and deletes are refused", registry.Output, StringComparison.Ordinal);

        Task BecomesAsync(int status) => Eventually.HoldsAsync(
            async () => (await client.RequestAsync("POST", "/v2/a/blobs/uploads/")).Status == status, $"a push is answered with {status}");
    }

    private static string Lasting(Route route, Answer answer) => IsOfTrash(route) ? "" : ComputationTime.Replace(answer.Text, "");

    private static bool IsOfTrash(Route route) => route.Path.StartsWith("/api/v1/trash", StringComparison.Ordinal);

    // Without maintenance, which is for admins, and says by itself what it may do.
    internal static IReadOnlyList<Route> Routes() => [.. RouteTable.Create(
        Never<BlobEndpoints>(), Never<UploadEndpoints>(), Never<ManifestEndpoints>(), Never<ListEndpoints>(), Never<ReferrerEndpoints>(), Never<TagEndpoints>(), Never<TrashEndpoints>(), Never<RepositoryEndpoints>(), Never<SpaceEndpoints>(), Never<InventoryEndpoints>(), Never<ActivityEndpoints>(), Never<ChangeEndpoints>(), Never<MaintenanceEndpoints>(), Never<PolicyEndpoints>(), Never<MirrorEndpoints>(), Never<EventEndpoints>(), Never<HealthEndpoints>()).Where(route => route.Permission != Permission.Maintain)];

    private static T Never<T>() => (T)RuntimeHelpers.GetUninitializedObject(typeof(T));

    private static string Fill(Route route, TestImage image, string upload) => route.Template.Replace("<name>", "team/app", StringComparison.Ordinal)
        .Replace("blobs/<digest>", $"blobs/{image.Blobs[0].Digest}", StringComparison.Ordinal).Replace("<digest>", image.Digest, StringComparison.Ordinal)
        .Replace("<reference>", "latest", StringComparison.Ordinal).Replace("<uuid>", upload.Split('/')[^1], StringComparison.Ordinal);

    [GeneratedRegex("""
        "(computedAt|sizesAt)":"[^"]+"
        """)]
    private static partial Regex ComputationTime { get; }
}
