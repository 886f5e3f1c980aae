using System.Diagnostics;
using Registry.Testing;
using Registry.Torture.Load;

namespace Registry.Torture.Nodes.Clients;

/// <summary>
/// A client of the nodes that keeps the ledger: each of its requests goes to another node, and it repeats what a fault has refused. It gives up only after
/// minutes, so each of its changes is made when it returns.
/// </summary>
internal sealed class NodesClient : IDisposable
{
    private static readonly Uri Address = new("http://registry.invalid");

    private readonly Ledger _ledger;
    private readonly HttpClient _repeating;
    private readonly ChunkedPush _chunks;

    /// <param name="cluster">The nodes.</param>
    /// <param name="ledger">What it was told.</param>
    /// <param name="random">Its choices of nodes.</param>
    /// <param name="counts">Receives what it met.</param>
    public NodesClient(NodeCluster cluster, Ledger ledger, Random random, FaultCounts counts)
    {
        _ledger = ledger;
        _repeating = Create(new RepeatingHandler(new JudgingHandler(cluster, random, counts)));
        Single = Create(new JudgingHandler(cluster, random, counts));
        Basic = new LedgerClient(Address, ledger, through: new RepeatingHandler(new JudgingHandler(cluster, random, counts)));
        _chunks = new ChunkedPush(cluster, _repeating, Single, counts);
    }

    /// <summary>The operations that other scenarios have, too.</summary>
    public LedgerClient Basic { get; }

    /// <summary>Makes each request once.</summary>
    public HttpClient Single { get; }

    /// <summary>Number of acknowledged changes of manifests and chunks.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Pushes a blob in requests of random sizes, each to another node.</summary>
    public async Task PushInChunksAsync(string repository, TestBlob blob, Random random)
    {
        var path = LedgerClient.BlobPath(repository, blob.Digest);
        _ledger.Begin(path, blob.Digest);
        await _chunks.PushAsync(repository, blob, random);
        _ledger.Confirm(path, blob.Digest);
        Acknowledged++;
    }

    /// <summary>Pushes an image.</summary>
    /// <param name="repository">Its repository.</param>
    /// <param name="image">The image, whose children are there.</param>
    /// <param name="tag">Its tag; null to push it by digest.</param>
    /// <param name="push">Pushes a blob.</param>
    /// <param name="promise">Time for which a blob stays that no manifest needs yet.</param>
    /// <returns>False if a blob was collected in the meantime, since the push has taken too long.</returns>
    public async Task<bool> PushAsync(string repository, TestImage image, string? tag, Func<TestBlob, Task> push, TimeSpan promise)
    {
        var start = Stopwatch.GetTimestamp();
        foreach (var blob in image.Blobs)
        {
            await push(blob);
        }

        var paths = Paths(repository, image, tag);
        paths.ForEach(path => _ledger.Begin(path, image.Digest));
        var answer = await _repeating.PutManifestAsync(repository, tag ?? image.Digest, image);
        if (answer.Status == 400 && answer.Text.Contains("MANIFEST_BLOB_UNKNOWN", StringComparison.Ordinal) && Stopwatch.GetElapsedTime(start) > promise)
        {
            paths.ForEach(_ledger.Refuse);
            foreach (var blob in image.Blobs)
            {
                _ledger.Loosen(LedgerClient.BlobPath(repository, blob.Digest), blob.Digest);
            }

            return false;
        }

        Confirm(201, answer, paths, image.Digest);
        return true;
    }

    /// <summary>Moves a tag from one image to another, unless it has moved.</summary>
    public async Task MoveAsync(string repository, TestImage image, string tag, string from)
    {
        var paths = Paths(repository, image, tag);
        paths.ForEach(path => _ledger.Begin(path, image.Digest));
        var answer = await _repeating.PutManifestAsync(repository, tag, image, ("If-Match", $"\"{from}\""));
        if (answer.Status == 412 && answer[RepeatingHandler.AttemptsHeader] != "1")
        {
            // An earlier attempt has moved it.
            await Basic.CheckAsync(paths[0]);
            if (_ledger.Find(paths[0]) == image.Digest)
            {
                paths.ForEach(path => _ledger.Confirm(path, image.Digest));
                return;
            }
        }

        Confirm(201, answer, paths, image.Digest);
    }

    /// <summary>Mounts a blob from another repository.</summary>
    public async Task MountAsync(string from, string to, TestBlob blob)
    {
        var path = LedgerClient.BlobPath(to, blob.Digest);
        _ledger.Begin(path, blob.Digest);
        Confirm(201, await _repeating.RequestAsync("POST", $"/v2/{to}/blobs/uploads/?mount={blob.Digest}&from={from}"), [path], blob.Digest);
    }

    /// <summary>Deletes an image and its children. Without their index, the registry may remove them itself.</summary>
    public async Task DeleteAsync(string repository, TestImage image)
    {
        await Basic.DeleteAsync(repository, image);
        foreach (var child in image.Children)
        {
            var path = LedgerClient.ManifestPath(repository, child.Digest);
            _ledger.Loosen(path, child.Digest);
            foreach (var blob in child.Blobs)
            {
                _ledger.Loosen(LedgerClient.BlobPath(repository, blob.Digest), blob.Digest);
            }

            var answer = await _repeating.RequestAsync("DELETE", path);
            Confirm(answer.Status == 404 ? 404 : 202, answer, [path], Ledger.Absent);
        }
    }

    /// <summary>Checks that an artifact is listed for its subject.</summary>
    public async Task CheckReferrerAsync(string repository, TestImage subject, TestImage artifact)
    {
        var answer = await _repeating.GetAnswerAsync($"/v2/{repository}/referrers/{subject.Digest}");
        if (answer.Status != 200 || !answer.Text.Contains(artifact.Digest, StringComparison.Ordinal))
        {
            throw new ViolationException($"{artifact.Digest} refers to {subject.Digest} of {repository}, and the list is {answer}");
        }
    }

    /// <summary>Checks that a repository is in the catalog.</summary>
    public async Task CheckCatalogAsync(string repository)
    {
        var answer = await _repeating.GetAnswerAsync("/v2/_catalog?n=1000");
        if (answer.Status != 200 || !answer.Strings("repositories").Contains(repository))
        {
            throw new ViolationException($"{repository} has manifests, and the catalog is {answer}");
        }
    }

    public void Dispose()
    {
        _repeating.Dispose();
        Single.Dispose();
        Basic.Dispose();
    }

    private static HttpClient Create(HttpMessageHandler handler) => new(handler) { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan };

    private static List<string> Paths(string repository, TestImage image, string? tag) =>
        [.. new[] { tag, image.Digest }.OfType<string>().Select(reference => LedgerClient.ManifestPath(repository, reference))];

    private void Confirm(int expected, Answer answer, List<string> paths, string value)
    {
        if (answer.Status != expected)
        {
            throw new ViolationException($"{paths[0]}: expected {expected}, was answered {answer}");
        }

        Acknowledged++;
        paths.ForEach(path => _ledger.Confirm(path, value));
    }
}
