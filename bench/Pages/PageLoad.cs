using System.Diagnostics;
using System.Globalization;
using Registry.Bench.Peers;
using Registry.Bench.Scale;
using Registry.Core.Oci;

namespace Registry.Bench.Pages;

/// <summary>
/// Measures target P16: every page, and the lists of the API that have the same, at a million manifests in 100,002 repositories, one of which has 100,000 tags; for an admin, and for a user who may see
/// three repositories. Then pulls beside a page that shows live activity.
/// </summary>
internal static class PageLoad
{
    private const int ByDefault = 999;
    private const int FewestCopies = 10;
    private const int Repetitions = 200;
    private const int FewRepetitions = 30;
    private const int Deletions = 100;

    // A page that takes longer is repeated fewer times.
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(200);

    private static readonly RepositoryName OfThree = ScaleContent.Name(1);

    /// <summary>Runs the measurement, of the published program if REGISTRY_PROGRAM names one.</summary>
    /// <param name="count">Number of copies of a team of a thousand manifests, 10 or more.</param>
    public static async Task RunAsync(string? count)
    {
        var copies = Math.Max(FewestCopies, count is null ? ByDefault : int.Parse(count, CultureInfo.InvariantCulture));
        var manifestsWithTags = Math.Clamp(ScaleContent.ManifestsWithTags * copies / ByDefault, 2 * FewestCopies * FewestCopies, ScaleContent.ManifestsWithTags);
        await using var folder = new ScaleFolder();
        var settings = Directory.CreateTempSubdirectory("registry-pages-");
        try
        {
            await folder.FillAsync(new ScaleSize(copies, manifestsWithTags));
            folder.Store(ShownManifests(manifestsWithTags));
            await using var server = await ScaleServer.StartAsync(RegistryProgram.NamedOrJit, folder.Settings, settings.FullName);
            var deleted = await DeleteAsync(server);
            await MeasurePagesAsync(server, deleted);
            await StreamLoad.RunAsync(server);
        }
        finally
        {
            settings.Delete(recursive: true);
        }
    }

    // Manifests whose bytes and configs the measured pages read: of the first and last tags, and of the first page of manifests.
    private static IEnumerable<ScaleManifest> ShownManifests(int manifestsWithTags)
    {
        var many = ScaleContent.BesideTeam(manifestsWithTags).Single(repository => repository.Name == ScaleContent.ManyTags).Manifests;
        return many.Take(Repetitions).Concat(many.TakeLast(Repetitions))
            .Concat(ScaleContent.OfTeam().Where(repository => repository.Name == OfThree || repository.Name == ScaleContent.Moved).SelectMany(repository => repository.Manifests));
    }

    // Deletes what the pages of the trash then show: one manifest that the user with three repositories sees, and many others.
    private static async Task<(RepositoryName Repository, Digest Digest)> DeleteAsync(ScaleServer server)
    {
        using var client = server.Client("admin");
        var costly = ScaleContent.CostlyToDelete;
        (RepositoryName Repository, Digest Digest)[] deleted =
        [
            (OfThree, ScaleContent.DigestOf(ScaleContent.Image(OfThree, ScaleContent.ImagesPerRepository - 1))),
            .. Enumerable.Range(ScaleContent.Costly, Deletions).Select(i => (costly, ScaleContent.DigestOf(ScaleContent.Image(costly, i, ScaleContent.LayersOfCostly)))),
        ];
        foreach (var (repository, digest) in deleted)
        {
            using var answer = await client.DeleteAsync(new Uri($"/v2/{repository}/manifests/{digest}", UriKind.Relative));
            answer.EnsureSuccessStatusCode();
        }

        var clock = Stopwatch.StartNew();
        await ScaleServer.WaitForSpaceAsync(client);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"space computed in {clock.Elapsed.TotalSeconds:0.0} s\n"));
        return deleted[0];
    }

    private static async Task MeasurePagesAsync(ScaleServer server, (RepositoryName Repository, Digest Digest) deleted)
    {
        var (many, moved) = (ScaleContent.ManyTags, ScaleContent.Moved);
        var (ofMany, ofThree) = (ScaleContent.DigestOf(ScaleContent.Image(many, 0)), ScaleContent.DigestOf(ScaleContent.Image(OfThree, 0)));
        var rows = new List<PageFigures>();
        Console.Out.WriteLine(PageFigures.Head);
        using var admin = await server.LogInAsync("admin");
        await MeasureAsync("admin", admin, PageAddresses.OfAll(many, ofMany));
        await MeasureAsync("admin", admin, PageAddresses.Of(many, ofMany));
        await MeasureAsync("admin", admin, PageAddresses.OfChanges(many, moved, ScaleContent.DigestOf(ScaleContent.Image(moved, 1)), deleted));
        using var three = await server.LogInAsync("three");
        await MeasureAsync("three", three, PageAddresses.OfAll(OfThree, ofThree));
        await MeasureAsync("three", three, PageAddresses.Of(OfThree, ofThree));
        using var anonymous = server.Visit();
        await MeasureAsync(string.Empty, anonymous, [new PageAddress("log-in", "/login")]);
        var missed = rows.Where(row => row.Miss.Length > 0).ToList();
        Console.Out.WriteLine($"\nP16: {rows.Count} rows, {missed.Count} miss the target{string.Concat(missed.Select(row => $"\n- {row.User}: {row.Name}: {row.Miss}"))}\n");

        async Task MeasureAsync(string user, PageVisitor visitor, IEnumerable<PageAddress> addresses)
        {
            foreach (var address in addresses)
            {
                if (await PageLoad.MeasureAsync(server, user, visitor, address) is { } row)
                {
                    rows.Add(row);
                    Console.Out.WriteLine(row);
                }
            }
        }
    }

    // Null for the next page of a list that has one page.
    private static async Task<PageFigures?> MeasureAsync(ScaleServer server, string user, PageVisitor visitor, PageAddress address)
    {
        var path = address.IsNext ? PageVisitor.NextOf(await visitor.ReadAsync(address.Path)) : address.Path;
        if (path is null)
        {
            return null;
        }

        var first = Stopwatch.StartNew();
        var text = await visitor.ReadAsync(path);
        var repetitions = first.Elapsed > Slow ? FewRepetitions : Repetitions;
        var page = await visitor.GetAsync(path);
        var assets = PageVisitor.AssetsOf(text);
        var view = page;
        foreach (var asset in assets)
        {
            view += await visitor.GetAsync(asset);
        }

        var timings = await Timings.MeasureAsync(server.Id, repetitions, repetitions / 10, _ => visitor.GetAsync(path));
        return new PageFigures(user, address.Name, timings, page, view, 1 + assets.Count + (text.Contains(" data-live", StringComparison.Ordinal) ? 1 : 0));
    }
}
