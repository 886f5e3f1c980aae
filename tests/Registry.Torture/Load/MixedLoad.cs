using System.Collections.Concurrent;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Torture.Load;

/// <summary>
/// Clients that push, tag, untag, delete, pull, ask for a blob that no manifest needs, and leave uploads unfinished, each in a repository of its own, until
/// the server is gone. They continue in the next round.
/// </summary>
/// <param name="ledger">What they were told.</param>
/// <param name="workers">How many there are.</param>
/// <param name="mayFail">True when the registry may lose its disk: a refused client stops without conclusions, and no client pulls.</param>
/// <param name="pause">Time that a client waits after each step.</param>
internal sealed class MixedLoad(Ledger ledger, int workers, bool mayFail = false, TimeSpan pause = default)
{
    private const int ImagesKept = 8;
    private const int PendingKept = 4;

    /// <summary>Half of the shortest grace period of the scenarios, for which an answer promises a blob.</summary>
    public static readonly TimeSpan Promise = TimeSpan.FromSeconds(5);

    private readonly List<TestImage>[] _images = [.. Enumerable.Range(0, workers).Select(_ => new List<TestImage>())];
    private readonly PromisedBlob[] _promised = [.. Enumerable.Range(0, workers).Select(worker => new PromisedBlob(Repository(worker), Promise))];
    private readonly ConcurrentQueue<PendingUpload> _pending = new();
    private int _acknowledged;

    /// <summary>Number of acknowledged changes, in all rounds.</summary>
    public int Acknowledged => _acknowledged;

    /// <summary>Runs until the server is gone or the token is cancelled.</summary>
    public Task RunAsync(RegistryProcess registry, TortureRun run, int round, CancellationToken stop) =>
        RunAsync(registry.BaseAddress, registry.Explains, run, round, stop);

    /// <summary>Runs until the registry is gone or the token is cancelled.</summary>
    /// <param name="address">Address of the registry.</param>
    /// <param name="explains">True for failures of requests that a fault explains.</param>
    /// <param name="run">Source of the choices.</param>
    /// <param name="round">Number of the round.</param>
    /// <param name="stop">Ends the work.</param>
    public Task RunAsync(Uri address, Func<Exception, bool> explains, TortureRun run, int round, CancellationToken stop) => Task.WhenAll(
        Enumerable.Range(0, workers).Select(worker => Task.Run(
            () => WorkAsync(address, explains, worker, run.Random((round * workers) + worker), stop), CancellationToken.None)));

    /// <summary>Continues the unfinished uploads.</summary>
    /// <returns>Number of continued uploads.</returns>
    public async Task<int> ResumeAsync(LedgerClient client, bool mayBeGone)
    {
        var count = 0;
        for (; _pending.TryDequeue(out var upload); count++)
        {
            await client.ResumeAsync(upload, mayBeGone);
            await client.CheckAsync(LedgerClient.BlobPath(upload.Repository, upload.Blob.Digest));
        }

        return count;
    }

    /// <summary>Checks that the blobs are there which clients were told exist.</summary>
    /// <exception cref="ViolationException">One is gone.</exception>
    public async Task CheckPromisesAsync(LedgerClient client)
    {
        foreach (var blob in _promised)
        {
            await blob.AskAsync(client);
        }
    }

    /// <summary>Asks for these blobs, so that they are promised from now on.</summary>
    public async Task RenewPromisesAsync(LedgerClient client)
    {
        foreach (var blob in _promised)
        {
            await blob.RenewAsync(client);
        }
    }

    /// <summary>Checks that the blobs are there whose promises were renewed, whatever the time that has passed.</summary>
    /// <exception cref="ViolationException">One is gone.</exception>
    public async Task RequirePromisesAsync(LedgerClient client)
    {
        foreach (var blob in _promised)
        {
            await blob.RequireAsync(client);
        }
    }

    private static string Repository(int worker) => $"torture/{worker}";

    private async Task WorkAsync(Uri address, Func<Exception, bool> explains, int worker, Random random, CancellationToken stop)
    {
        using var client = new LedgerClient(address, ledger, mayFail, isRefusalDoubt: mayFail);
        try
        {
            while (!stop.IsCancellationRequested && await StepAsync(client, worker, random))
            {
                await Task.Delay(pause, CancellationToken.None);
            }
        }
        catch (Exception e) when (explains(e))
        {
            // As intended.
        }
        finally
        {
            Interlocked.Add(ref _acknowledged, client.Acknowledged);
        }
    }

    private async Task<bool> StepAsync(LedgerClient client, int worker, Random random)
    {
        var (repository, images) = (Repository(worker), _images[worker]);
        var tag = $"t{random.Next(6)}";
        switch (random.Next(20))
        {
            case < 2 when images.Count > 0:
                return await client.TagAsync(repository, images[random.Next(images.Count)], tag);
            case < 4 when ledger.Find(LedgerClient.ManifestPath(repository, tag)) is not null:
                return await client.UntagAsync(repository, tag);
            case < 6 when _pending.Count < PendingKept:
                return await LeaveAsync(client, repository, TestBlob.Random(random.Next(10, 300_000)));
            case < 9 when images.Count > 0 && !mayFail:
                await client.CheckAsync(LedgerClient.ManifestPath(repository, images[random.Next(images.Count)].Digest));
                return true;
            case 9:
                return await _promised[worker].AskAsync(client);
            default:
                return await PushAsync(client, repository, images, tag, random) && await DeleteOldestAsync(client, repository, images);
        }
    }

    private async Task<bool> LeaveAsync(LedgerClient client, string repository, TestBlob blob)
    {
        var upload = await client.BeginAsync(repository, blob);
        if (upload is not null)
        {
            _pending.Enqueue(upload);
        }

        return upload is not null;
    }

    private static async Task<bool> PushAsync(LedgerClient client, string repository, List<TestImage> images, string tag, Random random)
    {
        var size = random.Next(8) == 0 ? random.Next(1_000_000) : random.Next(60_000);
        var image = images.Count > 0 && random.Next(3) == 0
            ? TestImage.On(images[^1], size)
            : TestImage.Create(layers: 1 + random.Next(3), layerSize: size);
        if (!await client.PushAsync(repository, image, tag, inPieces: random.Next(2) == 0))
        {
            return false;
        }

        images.Add(image);
        return true;
    }

    // It leaves the list first: without a response, it may be gone.
    private static async Task<bool> DeleteOldestAsync(LedgerClient client, string repository, List<TestImage> images)
    {
        if (images.Count <= ImagesKept)
        {
            return true;
        }

        var oldest = images[0];
        images.RemoveAt(0);
        return await client.DeleteAsync(repository, oldest);
    }
}
