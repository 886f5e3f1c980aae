using System.Diagnostics;
using System.Globalization;
using Registry.Bench.Peers;
using Registry.Bench.Wire;
using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Bench.Storage;

/// <summary>
/// P17: what the change feed costs the metadata of a push: two links, a manifest and a tag. One database is as it is. In the other one, a view has taken the
/// place of the table <c>changes</c>, and drops what is recorded; the statements are the same. Neither writes the repositories tree, which reads the feed. Real disk,
/// real fsync. The processor time is that of this process, and of the server of the database.
/// </summary>
internal static class FeedLoad
{
    private const int Pushes = 2000;
    private const int Images = 500;
    private const int AtOnce = 8;
    private const int Rounds = 6;

    private static readonly RepositoryName Repository = RepositoryName.Parse("bench/feed");
    private static readonly ChangeOrigin Origin = ChangeOrigin.Command("bench", user: "bench");

    /// <summary>Prints the median time and processor time of a push with and without the feed, in microseconds.</summary>
    /// <param name="engine"><c>postgres</c> for a database; null for SQLite.</param>
    /// <exception cref="ArgumentException">There is no such engine, or PostgreSQL is not installed.</exception>
    public static async Task RunAsync(string? engine)
    {
        Func<bool, Task<IFeedStorage>> open = engine switch
        {
            null => FeedInFolder.OpenAsync,
            "postgres" => FeedInPostgres.OpenAsync,
            _ => throw new ArgumentException($"'{engine}' is no engine: the feed is measured in SQLite, or with 'postgres' in PostgreSQL."),
        };
        await using var with = await open(true);
        await using var without = await open(false);
        List<(double Time, double Cpu)> recorded = [], dropped = [];
        for (var round = 0; round <= Rounds; round++)
        {
            // ABBA, after a round that does not count.
            foreach (var storage in round % 2 == 0 ? new[] { with, without } : [without, with])
            {
                var sample = await PushAsync(storage, round * Pushes);
                if (round > 0)
                {
                    (storage == with ? recorded : dropped).Add(sample);
                }
            }
        }

        Console.Out.WriteLine("| Metadata of a push | Time, µs | CPU, µs |\n|---|---:|---:|");
        Console.Out.WriteLine($"| With the feed | {Describe(recorded)} |\n| Without | {Describe(dropped)} |");
        var cost = Median(recorded.Select(sample => sample.Cpu)) - Median(dropped.Select(sample => sample.Cpu));
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nThe feed costs {cost:0} µs of processor time for each push."));
        if (engine is null)
        {
            Console.Out.WriteLine("`small-images` and target P6 have the cost of a whole push.");
        }
        else
        {
            await MeasureWholeAsync(cost);
        }

        static string Describe(IReadOnlyCollection<(double Time, double Cpu)> samples) => string.Create(
            CultureInfo.InvariantCulture, $"{Median(samples.Select(sample => sample.Time)):0} | {Median(samples.Select(sample => sample.Cpu)):0}");
    }

    // The image of small-images: three blobs, a manifest and a tag, over HTTP, to a node. The store of the blobs has no part: what is small stays in the database.
    private static async Task MeasureWholeAsync(double feed)
    {
        if (NodesField.Missing is { } missing)
        {
            Console.Out.WriteLine($"A whole push was not measured: {missing}.");
            return;
        }

        await using var field = await NodesField.StartAsync(RegistryProgram.NamedOrJit, new Dictionary<string, string>(), distribution: null);
        var images = new SmallImages(field.Node.Address);
        var samples = new List<double>();
        for (var round = 0; round <= Rounds; round++)
        {
            var before = field.Node.Meter.CpuSeconds() + field.Database.CpuSeconds();
            images.Push($"bench/feed-{round}", Images, AtOnce);
            samples.Add((field.Node.Meter.CpuSeconds() + field.Database.CpuSeconds() - before) * 1e6 / Images);
        }

        var whole = Median(samples.Skip(1));
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"A whole push of a small image takes {whole:0} µs of the node and the database together: the feed is {feed / whole:0.0 %} of it."));
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);

    private static async Task<(double Time, double Cpu)> PushAsync(IFeedStorage storage, int first)
    {
        var (clock, cpu) = (Stopwatch.StartNew(), CpuSeconds());
        await Parallel.ForEachAsync(
            Enumerable.Range(first, Pushes),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (i, _) => await PushAsync(storage.Metadata, i));
        return (clock.Elapsed.TotalMicroseconds / Pushes, (CpuSeconds() - cpu) * 1e6 / Pushes);

        double CpuSeconds() => Environment.CpuUsage.TotalTime.TotalSeconds + storage.ServerSeconds();
    }

    private static async Task PushAsync(IMetadataStore metadata, int i)
    {
        var (config, layer, bytes) = (DigestOf($"config {i}"), DigestOf($"layer {i}"), DigestOf($"manifest {i}"));
        await metadata.LinkBlobAsync(Repository, config, 100, Origin);
        await metadata.LinkBlobAsync(Repository, layer, 4096, Origin);
        var manifest = new Manifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = new Descriptor(MediaTypes.OctetStream, config, 100),
            Layers = [new Descriptor(MediaTypes.OctetStream, layer, 4096)],
        };
        var tag = Tag.Parse($"build-{i}");
        var put = await metadata.PutManifestAsync(new ManifestPut
        {
            Repository = Repository,
            Digest = bytes,
            Size = 500,
            Place = bytes,
            Manifest = manifest,
            Tags = [tag],
            Reference = tag,
            Origin = Origin,
            Required = RequiredReferences.Of(manifest, ManifestReferences.Strict),
        });
        if (put.Error is { } refused)
        {
            throw new InvalidOperationException($"A push was refused, so the measurement is not valid: {refused}");
        }
    }

    private static Digest DigestOf(string text) => DigestAlgorithm.Sha256.Compute(System.Text.Encoding.UTF8.GetBytes(text));
}
