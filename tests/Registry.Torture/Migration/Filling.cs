using System.Globalization;
using Registry.Testing;
using Registry.Torture.Load;

namespace Registry.Torture.Migration;

/// <summary>
/// Fills a registry: images with and without tags, of which every hundredth has a layer of several parts; indexes, referrers, layers in common and content in rows. A
/// manifest comes with a megabyte, on average.
/// </summary>
internal static class Filling
{
    private const long BytesPerManifest = 1_000_000;
    private const int Clients = 4;
    private const int Kinds = 25;
    private const int LargeOf = 100;
    private const int LargeLayer = 20_000_000;
    private const int MinLayer = 100_000;
    private const int MaxLayer = 1_700_000;
    private const int SharedLayer = 200_000;
    private const int SmallLayer = 3_000;
    private const int MaxInRepository = 100;

    /// <summary>Size of so many manifests with their layers, in bytes.</summary>
    public static long BytesOf(int manifests) => manifests * BytesPerManifest;

    /// <summary>Pushes manifests.</summary>
    /// <param name="address">Address of the registry.</param>
    /// <param name="ledger">Receives the answers.</param>
    /// <param name="manifests">How many.</param>
    /// <param name="run">Source of the choices.</param>
    public static async Task RunAsync(Uri address, Ledger ledger, int manifests, TortureRun run)
    {
        var inRepository = Math.Clamp(manifests / Clients, 1, MaxInRepository);
        var repositories = Enumerable.Range(0, (manifests + inRepository - 1) / inRepository).ToList();
        var done = 0;
        await Parallel.ForEachAsync(repositories, new ParallelOptions { MaxDegreeOfParallelism = Clients }, async (number, _) =>
        {
            using var client = new LedgerClient(address, ledger);
            var random = run.Random(1_000_000 + number);
            var shared = TestBlob.Random(SharedLayer);
            var last = new Queue<TestImage>();
            for (var i = number * inRepository; i < Math.Min(manifests, (number + 1) * inRepository); i++)
            {
                await PushAsync(client, string.Create(CultureInfo.InvariantCulture, $"moved/{number:d4}"), i, shared, last, random);
            }

            if (Interlocked.Increment(ref done) % 10 == 0)
            {
                run.Report($"moves: {done} of {repositories.Count} repositories filled");
            }
        });

        // Manifests need the blobs.
        ledger.ForgetBlobs();
    }

    private static async Task PushAsync(LedgerClient client, string repository, int number, TestBlob shared, Queue<TestImage> last, Random random)
    {
        var image = (number % Kinds) switch
        {
            23 when last.Count > 1 => TestImage.Index(last),
            24 when last.Count > 0 => TestImage.Artifact("application/example", last.Peek()),
            _ => TestImage.Of([shared, TestBlob.Random(number % LargeOf == 1 ? LargeLayer : random.Next(MinLayer, MaxLayer)), TestBlob.Random(SmallLayer)]),
        };
        await client.PushAsync(repository, image, number % Kinds is 22 or 24 ? image.Digest : string.Create(CultureInfo.InvariantCulture, $"v{number}"));
        if (number % Kinds < 23)
        {
            last.Enqueue(image);
            if (last.Count > 2)
            {
                last.Dequeue();
            }
        }
    }
}
