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

    private static readonly ChangeOrigin Origin = ChangeOrigin.Command("bench", user: null);

    /// <summary>Measures 1,010 repositories, then 100,002.</summary>
    public static async Task RunAsync()
    {
        var (_, few) = await MeasureAsync(RegistryProgram.Jit, copies: 9, ScaleContent.ManifestsWithTags / 100, isWhole: true);
        var (_, many) = await MeasureAsync(RegistryProgram.Jit, copies: 999, ScaleContent.ManifestsWithTags, isWhole: true);
        Console.Out.WriteLine("| Work | few: p50 ms | p99 ms | CPU ms | many: p50 ms | p99 ms | CPU ms | CPU, many to few |\n|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var ((name, small), (_, large)) in few.Zip(many))
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {Describe(small)} | {Describe(large)} | {large.Cpu / small.Cpu:0.0} |"));
        }

        static string Describe(Timings timings) => string.Create(
            CultureInfo.InvariantCulture, $"{timings.Percentile(50):0.00} | {timings.Percentile(99):0.00} | {timings.Cpu:0.00}");
    }

    /// <summary>Measures the requests of a registry of 100,002 repositories and a million manifests, or of a hundredth, against target P8.</summary>
    public static async Task<ScaleFigures> MeasureFiguresAsync(RegistryProgram program, bool few)
    {
        var (ready, rows) = few
            ? await MeasureAsync(program, copies: 9, ScaleContent.ManifestsWithTags / 100, isWhole: false)
            : await MeasureAsync(program, copies: 999, ScaleContent.ManifestsWithTags, isWhole: false);
        return new ScaleFigures(ready, rows);
    }

    // The whole has a start after a kill, and the metadata alone.
    private static async Task<(double ReadyMilliseconds, List<(string Name, Timings Timings)> Rows)> MeasureAsync(
        RegistryProgram program, int copies, int manifestsWithTags, bool isWhole)
    {
        using var folder = new ScaleFolder();
        var settings = Directory.CreateTempSubdirectory("registry-scale-");
        try
        {
            var clock = Stopwatch.StartNew();
            await folder.FillAsync(copies, manifestsWithTags);
            for (var i = 0; i < ScaleContent.Repositories; i++)
            {
                folder.Store(ScaleContent.Image(ScaleContent.Name(i), 0));
            }

            Print($"{(copies + 1) * ScaleContent.Repositories} repositories: {new FileInfo(folder.Paths.Database).Length >> 20} MiB, filled in {clock.Elapsed.TotalSeconds:0} s");
            var ready = await MeasureStartsAsync(program, folder.Paths.Root, settings.FullName);
            List<(string, Timings)> rows;
            await using (var server = await ScaleServer.StartAsync(program, folder.Paths.Root, settings.FullName))
            {
                rows = await MeasureRequestsAsync(server);
                Print($"memory after {rows.Sum(row => row.Item2.Sorted.Length)} requests: {server.Memory.All:0} MiB, {server.Memory.Anonymous:0} of it not backed by files");
                server.Kill();
            }

            if (!isWhole)
            {
                return (ready, rows);
            }

            var log = new FileInfo($"{folder.Paths.Database}-wal");
            await using (var server = await ScaleServer.StartAsync(program, folder.Paths.Root, settings.FullName))
            {
                Print($"killed with a log of {log.Length / 1048576.0:0.0} MiB; ready again after {server.Ready.Version:0} ms, tags after {server.Ready.Tags:0} ms");
            }

            rows.AddRange(await MeasureMetadataAsync(folder.Paths.Root, copies));
            return (ready, rows);
        }
        finally
        {
            settings.Delete(recursive: true);
        }
    }

    // The median time to the first page of tags.
    private static async Task<double> MeasureStartsAsync(RegistryProgram program, string storage, string settings)
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
