using Registry.Testing;
using Registry.Torture.Load;

namespace Registry.Torture.Nodes.Clients;

/// <summary>
/// A client with two repositories of its own: it pushes images, indexes and artifacts, small and large, with layers that all workers share, in one request, in chunks and
/// by mounts; it moves, removes and lists tags, deletes, and pulls.
/// </summary>
/// <param name="number">Its number.</param>
/// <param name="shared">Layers that all workers have, so that they push and delete the same digests.</param>
/// <param name="large">Limits the large layers that are pushed at the same time.</param>
/// <param name="grace">Grace period of the registry.</param>
internal sealed class NodesWorker(int number, IReadOnlyList<TestBlob> shared, SemaphoreSlim large, TimeSpan grace)
{
    private const int Kept = 5;
    private const int MaxSmall = 120_000;
    private const int MinLarge = 17 * 1024 * 1024;
    private const int MaxLarge = 40 * 1024 * 1024;

    private readonly string _repository = $"torture/{number}";
    private readonly string _copies = $"torture/{number}/copies";
    private readonly List<TestImage> _images = [];
    private readonly Queue<TestImage> _copied = [];
    private readonly Dictionary<string, TestImage> _artifacts = [];
    private readonly PromisedBlob _promised = new($"torture/{number}/promised", grace / 2);
    private int _acknowledged;
    private int _large;
    private int _pulls;

    /// <summary>Number of acknowledged changes.</summary>
    public int Acknowledged => _acknowledged;

    /// <summary>Number of layers of several parts that were pushed.</summary>
    public int Large => _large;

    /// <summary>Number of images that were pulled.</summary>
    public int Pulls => _pulls;

    /// <summary>Works until the token is cancelled; what has begun is finished.</summary>
    public async Task RunAsync(NodeCluster cluster, Ledger ledger, Random random, FaultCounts counts, CancellationToken stop)
    {
        using var client = new NodesClient(cluster, ledger, random, counts);
        while (!stop.IsCancellationRequested)
        {
            await StepAsync(client, ledger, random);
        }

        _acknowledged += client.Acknowledged + client.Basic.Acknowledged;
    }

    /// <summary>Checks the blob that a client was told exists.</summary>
    public Task CheckPromiseAsync(NodesClient client) => _promised.AskAsync(client.Basic);

    private async Task StepAsync(NodesClient client, Ledger ledger, Random random)
    {
        var tag = $"t{random.Next(6)}";
        var image = _images.Count > 0 ? _images[random.Next(_images.Count)] : null;
        switch (random.Next(26))
        {
            case < 3 when image is not null && ledger.Find(LedgerClient.ManifestPath(_repository, tag)) is { } from:
                await client.MoveAsync(_repository, image, tag, from);
                break;
            case 3 when image is not null:
                await client.Basic.TagAsync(_repository, image, tag);
                break;
            case < 6 when ledger.Find(LedgerClient.ManifestPath(_repository, tag)) is not null:
                await client.Basic.UntagAsync(_repository, tag);
                break;
            case < 10 when image is not null:
                await client.Basic.CheckAsync(LedgerClient.ManifestPath(_repository, image.Digest));
                _pulls++;
                break;
            case 10:
                await client.Basic.CheckTagsAsync(_repository);
                break;
            case 11 when image is not null:
                await client.CheckCatalogAsync(_repository);
                break;
            case < 14:
                await _promised.AskAsync(client.Basic);
                break;
            case 14 when image is { Children.Count: 0 }:
                await CopyAsync(client, image);
                break;
            case 15:
                await PushIndexAsync(client, tag, random);
                break;
            case 16 when image is not null:
                await PushArtifactAsync(client, image, random);
                break;
            case 17 when large.Wait(0):
                await PushLargeAsync(client, tag, random);
                break;
            default:
                await PushAsync(client, Create(random), tag, random);
                break;
        }

        await DeleteOldestAsync(client);
    }

    private TestImage Create(Random random)
    {
        var layers = Enumerable.Range(0, random.Next(1, 3)).Select(_ => TestBlob.Random(random.Next(100, MaxSmall)));
        return TestImage.Of([shared[random.Next(shared.Count)], .. layers]);
    }

    private async Task<bool> PushAsync(NodesClient client, TestImage image, string? tag, Random random)
    {
        var inChunks = random.Next(2) == 0;
        var isPushed = await client.PushAsync(
            _repository,
            image,
            tag,
            blob => inChunks ? client.PushInChunksAsync(_repository, blob, random) : client.Basic.PushAsync(_repository, blob),
            grace / 2);
        if (isPushed && tag is not null)
        {
            _images.Add(image);
        }

        return isPushed;
    }

    private async Task PushLargeAsync(NodesClient client, string tag, Random random)
    {
        try
        {
            var isPushed = await PushAsync(client, TestImage.Of([TestBlob.Random(random.Next(MinLarge, MaxLarge))]), tag, random);
            _large += isPushed ? 1 : 0;
        }
        finally
        {
            large.Release();
        }
    }

    private async Task PushIndexAsync(NodesClient client, string tag, Random random)
    {
        var children = new[] { Create(random), Create(random) };
        foreach (var child in children)
        {
            if (!await PushAsync(client, child, null, random))
            {
                return;
            }
        }

        await PushAsync(client, TestImage.Index(children), tag, random);
    }

    private async Task PushArtifactAsync(NodesClient client, TestImage subject, Random random)
    {
        if (_artifacts.TryGetValue(subject.Digest, out var known))
        {
            await client.CheckReferrerAsync(_repository, subject, known);
            return;
        }

        var artifact = TestImage.Artifact("application/example", subject);
        if (await PushAsync(client, artifact, null, random))
        {
            _artifacts[subject.Digest] = artifact;
            await client.CheckReferrerAsync(_repository, subject, artifact);
        }
    }

    // The image may be deleted here while its copy stays.
    private async Task CopyAsync(NodesClient client, TestImage image)
    {
        if (_copied.Contains(image) || !await client.PushAsync(_copies, image, "copy", blob => client.MountAsync(_repository, _copies, blob), grace / 2))
        {
            return;
        }

        await client.Basic.CheckAsync(LedgerClient.ManifestPath(_copies, "copy"));
        _copied.Enqueue(image);
        if (_copied.Count > 2)
        {
            await client.DeleteAsync(_copies, _copied.Dequeue());
        }
    }

    private async Task DeleteOldestAsync(NodesClient client)
    {
        if (_images.Count <= Kept)
        {
            return;
        }

        var oldest = _images[0];
        _images.RemoveAt(0);
        if (_artifacts.Remove(oldest.Digest, out var artifact))
        {
            await client.DeleteAsync(_repository, artifact);
        }

        await client.DeleteAsync(_repository, oldest);
    }
}
