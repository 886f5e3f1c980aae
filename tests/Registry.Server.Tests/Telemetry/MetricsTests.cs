using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Access;
using Registry.Core.Storage;
using Registry.Images.Backup;
using Registry.Server.Telemetry.Metrics;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Documentation;

namespace Registry.Server.Tests.Telemetry;

/// <summary>Metrics for Prometheus. Each host counts for itself, so the numbers are exact although other tests of the process count, too.</summary>
public sealed class MetricsTests : IAsyncLifetime
{
    private readonly AccessFolder _folder = new();
    private readonly HttpClient _prometheus = new();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.Basic) with { MetricsPort = 0 });
        _registry.Client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
    }

    public async ValueTask DisposeAsync()
    {
        _prometheus.Dispose();
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Pushes_pulls_and_refusals_are_counted_without_any_name_that_a_client_chose()
    {
        var before = await ScrapeAsync();
        var image = await _registry.Client.PushAsync("team/app-of-nobody-else", TestImage.Create(layerSize: 100_000), "latest");
        Check.Status(200, await _registry.Client.GetAnswerAsync("/v2/team/app-of-nobody-else/manifests/latest"));
        Check.Status(200, await _registry.Client.GetAnswerAsync($"/v2/team/app-of-nobody-else/blobs/{image.Blobs[0].Digest}"));
        Check.Status(403, await _registry.Client.GetAnswerAsync("/v2/other/app/manifests/latest"));
        using var stranger = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        Check.Status(401, await stranger.GetAnswerAsync("/v2/", AccessFolder.Basic("alice", "wrong")));
        Check.Status(401, await stranger.GetAnswerAsync("/v2/"));
        Check.Status(405, await stranger.RequestAsync("BREW", "/v2/"));

        // The manifest is pushed by its digest and by its tag.
        (string Series, double Rise)[] counted =
        [
            ("registry_pushes_total{registry_content=\"blob\"}", image.Blobs.Count),
            ("registry_pushes_total{registry_content=\"manifest\"}", 2),
            ("registry_pulls_total{registry_content=\"manifest\"}", 1),
            ("registry_pulls_total{registry_content=\"blob\"}", 1),
            ("registry_received_bytes_total", (2 * image.Manifest.Bytes.Length) + image.Blobs.Sum(blob => blob.Bytes.Length)),
            ("registry_auth_failures_total{registry_reason=\"denied\"}", 1),
            ("registry_auth_failures_total{registry_reason=\"bad_credentials\"}", 1),
            ("registry_auth_failures_total{registry_reason=\"no_credentials\"}", 1),
            ("http_server_request_duration_seconds_count{http_request_method=\"_OTHER\",http_response_status_code=\"405\",url_scheme=\"http\"}", 1),
        ];

        // A request is counted when it ends, which may be after its client has the answer.
        var after = before;
        await Eventually.HoldsAsync(
            async () =>
            {
                after = await ScrapeAsync();
                return Array.TrueForAll(counted, row => Rise(before, after, row.Series) >= row.Rise);
            },
            "everything is counted");
        Assert.All(counted, row => Assert.Equal(row.Rise, Rise(before, after, row.Series)));

        // Errors have bodies, too, and the number of commits depends on how many changes meet in one.
        (string Series, double Rise)[] everywhere =
        [
            ("registry_sent_bytes_total", image.Manifest.Bytes.Length + image.Blobs[0].Bytes.Length),
            ("registry_metadata_commit_duration_seconds_count", 1),
            ("registry_metadata_mutations_total", 1),
        ];
        (string Series, double Rise)[] ofOneProcess =
        [
            ("registry_storage_sync_duration_seconds_count{registry_sync=\"data\"}", 1),
            ("registry_cache_lookups_total{registry_cache=\"metadata\",registry_result=\"miss\"}", 1),
        ];
        foreach (var (series, rise) in TestRegistry.Stores is null ? [.. everywhere, .. ofOneProcess] : everywhere)
        {
            Assert.True(Rise(before, after, series) >= rise, $"{series} rose by {Rise(before, after, series)} and not by {rise} or more");
        }

        Assert.DoesNotContain(after.Keys, series => series.Contains("app-of-nobody-else", StringComparison.Ordinal) || series.Contains("BREW", StringComparison.Ordinal)
            || series.Contains("alice", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Restores_purges_and_changes_of_whole_repositories_are_counted()
    {
        var before = await ScrapeAsync();
        var image = await _registry.Client.PushAsync("team/app", TestImage.Create(), "latest");
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "other");
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/team/app/manifests/{image.Digest}"));
        foreach (var request in new[]
        {
            $"trash/restore?repository=team/app&digest={image.Digest}", "repositories/rename?repository=team/app&to=team/new", "repositories/delete?repository=team/new",
            "repositories/restore?repository=team/new", "repositories/delete?repository=team/new", $"trash/purge?repository=team/new&digest={image.Digest}",
        })
        {
            Check.Status(200, await _registry.Client.RequestAsync("POST", $"/api/v1/{request}", [], ("Content-Type", "application/json")));
        }

        Check.Status(404, await _registry.Client.RequestAsync("POST", "/api/v1/repositories/delete?repository=team/new", [], ("Content-Type", "application/json")));
        (string Series, double Rise)[] counted =
        [
            ("registry_trash_restores_total", 3), ("registry_trash_purges_total", 1), ("registry_repositories_renamed_total", 1), ("registry_repositories_deleted_total", 2),
        ];
        var after = before;
        await Eventually.HoldsAsync(
            async () =>
            {
                after = await ScrapeAsync();
                return Array.TrueForAll(counted, row => Rise(before, after, row.Series) >= row.Rise);
            },
            "everything is counted");
        Assert.All(counted, row => Assert.Equal(row.Rise, Rise(before, after, row.Series)));
    }

    [Fact]
    public async Task A_host_counts_nothing_of_another_host_in_the_process()
    {
        await using var other = await TestRegistry.StartAsync(options => options with { MetricsPort = 0 });
        await other.Client.PushAsync("team/app", TestImage.Create(), "latest");
        await Eventually.HoldsAsync(
            async () => (await ScrapeAsync(other))["registry_pushes_total{registry_content=\"manifest\"}"] == 2, "the other host counts its push");

        var own = await ScrapeAsync();

        Assert.Equal(0, own["registry_pushes_total{registry_content=\"manifest\"}"]);
        Assert.Equal(0, own["registry_received_bytes_total"]);
        Assert.Equal(0, own["registry_tags"]);
    }

    [Fact]
    public async Task The_numbers_of_what_is_stored_are_right()
    {
        var image = await _registry.Client.PushAsync("team/one", TestImage.Create(), "latest");
        Check.Status(201, await _registry.Client.RequestAsync("POST", $"/v2/team/two/blobs/uploads/?mount={image.Blobs[0].Digest}&from=team/one"));

        var totals = await _registry.Host.Storage.ReadTotalsAsync();

        var stored = image.Manifest.Bytes.Length + image.Blobs.Sum(blob => blob.Bytes.Length);
        Assert.Equal(new StorageTotals(1 + image.Blobs.Count, stored, stored + image.Blobs[0].Bytes.Length, 1, 1, 1, 0, 2), totals);
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/team/two/blobs/{image.Blobs[0].Digest}"));
        Check.Status(202, await _registry.Client.RequestAsync("DELETE", $"/v2/team/one/manifests/{image.Digest}"));
        totals = await _registry.Host.Storage.ReadTotalsAsync();
        Assert.Equal((0, 0, 0), (totals.Manifests, totals.Repositories, totals.Tags));
        Assert.Equal(image.Blobs.Sum(blob => blob.Bytes.Length), totals.LogicalBytes);
        Assert.Contains(await ScrapeAsync(), series => series.Key == "registry_stored_bytes" && series.Value == totals.StoredBytes);
    }

    [Fact]
    public async Task Read_only_mode_and_findings_are_told()
    {
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "latest");
        var before = await ScrapeAsync();
        Assert.Equal((0, 0), (before["registry_read_only"], before["registry_verify_last_success_seconds"]));

        _registry.Host.ReadOnly.TurnOn();
        await _registry.Host.Verifier.VerifyAllAsync(isDryRun: false, CancellationToken.None);

        var after = await ScrapeAsync();
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.Equal(1, after["registry_read_only"]);
        Assert.Equal(1, after["registry_gc_suspended{registry_reason=\"read_only\"}"]);
        Assert.Equal(0, after["registry_verify_findings"]);
        Assert.InRange(after["registry_verify_last_success_seconds"], now - 3600, now);
    }

    [Fact]
    public async Task A_backup_is_told()
    {
        TestRegistry.SkipOnNodes("speaks of the data folder");
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "latest");
        Assert.Equal(0, (await ScrapeAsync())["registry_backup_last_success_seconds"]);
        using var folder = new TemporaryFolder();
        await BackupRun.RunAsync(
            _registry.StoragePath, System.IO.Path.Combine(folder.Path, "backup"), 7, [], TimeProvider.System, NullLoggerFactory.Instance, null, CancellationToken.None);

        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.InRange((await ScrapeAsync())["registry_backup_last_success_seconds"], now - 3600, now);
    }

    [Fact]
    public async Task Metrics_have_an_address_of_their_own()
    {
        var address = new Uri(_registry.Host.MetricsAddress!);

        Check.Status(404, await _registry.Client.GetAnswerAsync("/metrics"));
        Check.Status(404, await _prometheus.GetAnswerAsync(new Uri(address, "/v2/").AbsoluteUri));
        Check.Status(405, await _prometheus.RequestAsync("POST", address.AbsoluteUri));
        var answer = Check.Status(200, await _prometheus.GetAnswerAsync(address.AbsoluteUri));
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer["Content-Type"]);
        Assert.Contains("# TYPE kestrel_active_connections gauge\n", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_document_has_a_row_for_each_metric()
    {
        TestRegistry.SkipOnNodes("counts the metrics of the data folder, too");
        await ScrapeAsync();
        var instruments = new SortedSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == StorageMetrics.Name)
            {
                var isCounter = instrument.GetType().Name.Contains("Counter", StringComparison.Ordinal) && !instrument.GetType().Name.Contains("UpDown", StringComparison.Ordinal);
                instruments.Add($"{instrument.Name} {PrometheusText.NameOf(instrument.Name, instrument.Unit, isCounter)}");
            }
        };

        listener.Start();

        // Hosts of other tests have engines.
        Assert.Equal(
            Rows("Metrics of the registry").Order(StringComparer.Ordinal),
            instruments.Except(Rows("Metrics of S3")).Except(Rows("Metrics of PostgreSQL")).Except(Rows("Metrics of the mirror")).Except(Rows("Metrics of events")));

        static IEnumerable<string> Rows(string heading) => Document.Read("docs/telemetry.md").Rows(heading).Skip(1).Select(row => $"{row[0]} {row[1]}");
    }

    [Theory]
    [InlineData("http.server.request.duration", "s", false, "http_server_request_duration_seconds")]
    [InlineData("registry.received", "By", true, "registry_received_bytes_total")]
    [InlineData("registry.uploads.active", "{upload}", false, "registry_uploads_active")]
    [InlineData("already_seconds", "s", false, "already_seconds")]
    [InlineData("ends_total", null, true, "ends_total")]
    [InlineData("dotnet.timer.count", "{timer}", false, "dotnet_timer")]
    [InlineData("work.item.count", "{item}", true, "work_item_count_total")]
    public void Names_are_those_of_the_specification(string name, string? unit, bool isCounter, string expected) =>
        Assert.Equal(expected, PrometheusText.NameOf(name, unit, isCounter));

    private static double Rise(Dictionary<string, double> before, Dictionary<string, double> after, string series) =>
        after.GetValueOrDefault(series) - before.GetValueOrDefault(series);

    private Task<Dictionary<string, double>> ScrapeAsync() => ScrapeAsync(_registry);

    private Task<Dictionary<string, double>> ScrapeAsync(TestRegistry registry) => MetricsPage.ReadAsync(_prometheus, registry);
}
