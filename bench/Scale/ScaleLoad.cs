using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Bench.Peers;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Storage;

namespace Registry.Bench.Scale;

/// <summary>
/// Compares the cost of requests to a large registry with that for a hundredth of the content: they must be equal. First through HTTP, then on
/// the metadata alone.
/// </summary>
internal static class ScaleLoad
{
    private const int Repetitions = 500;
    private const int Starts = 5;

    private static readonly ScaleSize Few = new(Copies: 9, ScaleContent.ManifestsWithTags / 100);
    private static readonly ScaleSize Many = new(Copies: 999, ScaleContent.ManifestsWithTags);

    private static readonly ChangeOrigin Origin = ChangeOrigin.Command("bench", user: null);

    /// <summary>Measures 1,010 repositories, then 100,002.</summary>
    public static Task RunAsync() => RunAsync(() => Task.FromResult(new ScaleFolder()), MeasureRestAsync);

    /// <summary>Measures the same of a node on PostgreSQL and S3, through HTTP only.</summary>
    public static Task RunOnNodesAsync() => RunAsync(() => ScaleDatabase.StartAsync(RegistryProgram.Jit), (_, _) => Task.FromResult<List<(string Name, Timings Timings)>>([]));

    /// <summary>Measures the requests of a registry of 100,002 repositories and a million manifests, or of a hundredth, against target P8.</summary>
    public static async Task<ScaleFigures> MeasureFiguresAsync(RegistryProgram program, bool few)
    {
        await using var folder = new ScaleFolder();
        return await MeasureAsync(program, folder, few ? Few : Many);
    }

    private static async Task RunAsync<T>(Func<Task<T>> createAsync, Func<T, ScaleSize, Task<List<(string Name, Timings Timings)>>> measureRestAsync)
        where T : IScaleStore
    {
        var (few, many) = (await RunAsync(Few), await RunAsync(Many));
        Console.Out.WriteLine("| Work | few: p50 ms | p99 ms | CPU ms | many: p50 ms | p99 ms | CPU ms | CPU, many to few |\n|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var ((name, small), (_, large)) in few.Zip(many))
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {Describe(small)} | {Describe(large)} | {large.Cpu / small.Cpu:0.0} |"));
        }

        async Task<List<(string Name, Timings Timings)>> RunAsync(ScaleSize size)
        {
            await using var store = await createAsync();
            var figures = await MeasureAsync(RegistryProgram.Jit, store, size);
            return [.. figures.Rows, .. await measureRestAsync(store, size)];
        }

        static string Describe(Timings timings) => string.Create(
            CultureInfo.InvariantCulture, $"{timings.Percentile(50):0.00} | {timings.Percentile(99):0.00} | {timings.Cpu:0.00}");
    }

    private static async Task<ScaleFigures> MeasureAsync(RegistryProgram program, IScaleStore store, ScaleSize size)
    {
        var settings = Directory.CreateTempSubdirectory("registry-scale-");
        try
        {
            var clock = Stopwatch.StartNew();
            await store.FillAsync(size);
            Print($"{(size.Copies + 1) * ScaleContent.Repositories} repositories: {await store.MeasureSizeAsync() >> 20} MiB, filled in {clock.Elapsed.TotalSeconds:0} s");
            var ready = await MeasureStartsAsync(program, store.Settings, settings.FullName);
            await using var server = await ScaleServer.StartAsync(program, store.Settings, settings.FullName);
            var rows = await MeasureRequestsAsync(server);
            Print($"memory after {rows.Sum(row => row.Item2.Sorted.Length)} requests: {server.Memory.All:0} MiB, {server.Memory.Anonymous:0} of it not backed by files");
            server.Kill();
            return new ScaleFigures(ready, rows);
        }
        finally
        {
            settings.Delete(recursive: true);
        }
    }

    // A start after the kill, and the metadata alone.
    private static async Task<List<(string Name, Timings Timings)>> MeasureRestAsync(ScaleFolder folder, ScaleSize size)
    {
        var settings = Directory.CreateTempSubdirectory("registry-scale-");
        try
        {
            var log = new FileInfo($"{folder.Paths.Database}-wal");
            await using (var server = await ScaleServer.StartAsync(RegistryProgram.Jit, folder.Settings, settings.FullName))
            {
                Print($"killed with a log of {log.Length / 1048576.0:0.0} MiB; ready again after {server.Ready.Version:0} ms, tags after {server.Ready.Tags:0} ms");
            }

            return await MeasureMetadataAsync(folder.Paths.Root, size.Copies);
        }
        finally
        {
            settings.Delete(recursive: true);
        }
    }

    // The median time to the first page of tags.
    private static async Task<double> MeasureStartsAsync(
        RegistryProgram program, IReadOnlyDictionary<string, string> storage, string settings)
    {
        var ready = new List<(double Version, double Tags)>();
        for (var i = 0; i < Starts; i++)
        {
            await using var server = await ScaleServer.StartAsync(program, storage, settings);
            ready.Add(server.Ready);
            if (i == Starts - 1)
            {
                Print($"memory when ready: {server.Memory.All:0} MiB, {server.Memory.Anonymous:0} of it not backed by files");
            }
        }

        Print($"ready after {Describe(ready.Select(times => times.Version))} ms, tags after {Describe(ready.Select(times => times.Tags))} ms");
        return ready.Select(times => times.Tags).Order().ElementAt(Starts / 2);

        static string Describe(IEnumerable<double> times) => string.Join(", ", times.Order().Select(time => $"{time:0}"));
    }

    private static async Task<List<(string, Timings)>> MeasureRequestsAsync(ScaleServer server)
    {
        var rows = new List<(string, Timings)>();
        using var admin = server.Client("admin");
        await GetAsync("tags, first page", admin, "/v2/platform/nightly/tags/list");
        await GetAsync("tags, a page of the middle", admin, "/v2/platform/nightly/tags/list?last=build-000500");
        await GetAsync("tags, last page", admin, "/v2/platform/nightly/tags/list?last=build-099990");
        await GetAsync("catalog, first page", admin, "/v2/_catalog");
        await GetAsync("catalog, last page", admin, "/v2/_catalog?last=team/app-50");
        foreach (var (user, what) in new[]
        {
            ("three", "who may see three"), ("one-team", "of one team"), ("denied", "who may see all except the teams"), ("suffix", "of a rule **/app-99"),
        })
        {
            using var client = server.Client(user);
            await GetAsync($"catalog of a user {what}", client, "/v2/_catalog");
        }

        await GetAsync("manifest by tag", admin, "/v2/team/app-07/manifests/build-000000");
        await GetAsync(
            "manifest by digest", admin, $"/v2/team/app-07/manifests/{ScaleContent.DigestOf(ScaleContent.Image(ScaleContent.Name(7), 0))}");
        await GetAsync("referrers, 1 of an image", admin, Referrers(ScaleContent.Name(7)));
        await GetAsync("referrers, 1000 of an image", admin, Referrers(ScaleContent.ManyReferrers));
        var history = $"repository={ScaleContent.Moved}&tag={ScaleContent.TagOf(0)}";
        await GetAsync("history of a tag, 1 change", admin, $"/api/v1/tags/history?repository={ScaleContent.Name(8)}&tag={ScaleContent.TagOf(0)}");
        await GetAsync("history of a tag, first page of very many", admin, $"/api/v1/tags/history?{history}");
        await GetAsync("activity of a repository, first page of very many", admin, $"/api/v1/activity?repository={ScaleContent.Moved}");
        await GetAsync("activity of all, first page", admin, "/api/v1/activity/all");
        await GetAsync("tag at a time, after 1,000 changes of very many", admin, $"/api/v1/tags/show?{history}&at={DateTime.UtcNow.AddSeconds(-1000):yyyy-MM-ddTHH:mm:ssZ}");
        await DeleteAsync("delete by digest, 1 tag, 3 layers", i => (ScaleContent.Name(i), ScaleContent.Image(ScaleContent.Name(i), 1), null));
        await DeleteAsync("delete by tag", i => (ScaleContent.Name(i), [], ScaleContent.TagOf(2)));
        var costly = ScaleContent.CostlyToDelete;
        await DeleteAsync("delete by digest, 100 tags", i => (costly, ScaleContent.Image(costly, i), null));
        await DeleteAsync(
            "delete by digest, 20 layers",
            i => (costly, ScaleContent.Image(costly, ScaleContent.Costly + i, ScaleContent.LayersOfCostly), null));
        return rows;

        async Task GetAsync(string name, HttpClient client, string path)
        {
            var uri = new Uri(path, UriKind.Relative);
            rows.Add((name, await Timings.MeasureAsync(server.Id, Repetitions, Repetitions / 10, async _ => await client.GetByteArrayAsync(uri))));
        }

        async Task DeleteAsync(string name, Func<int, (RepositoryName Repository, byte[] Manifest, Tag? Tag)> choose)
        {
            rows.Add((name, await Timings.MeasureAsync(server.Id, 90, 10, async i =>
            {
                var (repository, manifest, tag) = choose(i);
                var reference = tag?.Value ?? ScaleContent.DigestOf(manifest).Value;
                using var answer = await admin.DeleteAsync(new Uri($"/v2/{repository}/manifests/{reference}", UriKind.Relative));
                answer.EnsureSuccessStatusCode();
            })));
        }

        static string Referrers(RepositoryName repository) =>
            $"/v2/{repository}/referrers/{ScaleContent.DigestOf(ScaleContent.Image(repository, 0))}";
    }

    private static async Task<List<(string, Timings)>> MeasureMetadataAsync(string path, int copies)
    {
        var rows = new List<(string, Timings)>();
        await using var storage = RegistryStorage.Open(path, NoRules.Instance, TimeProvider.System, NullLoggerFactory.Instance);
        var popular = ScaleContent.BaseDigest;
        var mine = RepositoryName.Parse("bench/mine");
        var images = Enumerable.Range(0, ScaleContent.Repositories)
            .Select(i => ScaleContent.DigestOf(ScaleContent.Image(ScaleContent.Name(i), 0))).ToList();
        var random = new Random(1);
        await AnywhereAsync("manifest by tag", (name, _) => storage.Metadata.FindManifestAsync(name, ScaleContent.TagOf(0)));
        await AnywhereAsync("manifest by digest", (name, digest) => storage.Metadata.FindManifestAsync(name, digest));
        await AnywhereAsync("tags", (name, _) => storage.Metadata.ListTagsAsync(name, null, 100));
        await AddAsync("metadata: repositories with the base layer", _ => storage.Metadata.FindRepositoriesWithBlobAsync(popular, 10));
        await AddAsync("metadata: link of a new blob", i => storage.Metadata.LinkBlobAsync(mine, New(i), 1, Origin));
        await AddAsync("metadata: first blob of a new repository", i => storage.Metadata.LinkBlobAsync(RepositoryName.Parse($"bench/{i}"), New(0), 1, Origin));
        await AddAsync("metadata: mount of the base layer", i =>
            storage.Metadata.MountBlobAsync(ScaleContent.Name(i % 10), RepositoryName.Parse($"bench/{i}"), popular, Origin));
        await AddAsync("metadata: renewal of the promise of a blob", _ => storage.Metadata.RenewBlobAsync(mine, New(0)));
        await AddAsync("collector: search for idle links, none found", _ => storage.CollectorMetadata.ExpireLinksAsync(TimeSpan.FromDays(1), 500, ChangeOrigin.Collector));
        await AddAsync("collector: search for orphans", _ => storage.CollectorMetadata.ListOrphansAsync(500));
        rows.Add(("collector: removal of 100 idle links", await Timings.MeasureAsync(Environment.ProcessId, 4, 1, _ =>
            storage.CollectorMetadata.ExpireLinksAsync(TimeSpan.FromSeconds(-1), 100, ChangeOrigin.Collector))));
        return rows;

        async Task AddAsync(string name, Func<int, Task> work) =>
            rows.Add((name, await Timings.MeasureAsync(Environment.ProcessId, Repetitions, Repetitions / 10, work)));

        Task AnywhereAsync<T>(string name, Func<RepositoryName, Digest, Task<T?>> find) => AddAsync($"metadata: {name}, of any repository", async _ =>
        {
            var copy = random.Next(copies + 1);
            var i = random.Next(ScaleContent.Repositories);
            if (await find(ScaleContent.CopyOf(ScaleContent.Name(i), copy), ScaleContent.CopyOf(images[i], copy)) is null)
            {
                throw new InvalidOperationException("A row was not found, so the measurement is not valid.");
            }
        });

        static Digest New(int i) => DigestAlgorithm.Sha256.Compute(BitConverter.GetBytes(i));
    }

    private static void Print(FormattableString text) => Console.Out.WriteLine($"{text.ToString(CultureInfo.InvariantCulture)}\n");
}
