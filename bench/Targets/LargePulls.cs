using System.Security.Cryptography;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;

namespace Registry.Bench.Targets;

/// <summary>P1: repeated GET of a large blob in one stream.</summary>
internal static class LargePulls
{
    private const string Target = "P1";
    private const string Repository = "bench/large";

    public static void Run(TargetRun run, UploadSource source)
    {
        var size = Units.Binary(source.Size);
        var read = $"GET {size}, one stream";
        var unread = $"GET {size}, one stream, a client that does not copy";
        var body = source.Whole(0);
        List<Contestant> contestants = [.. run.Field.Registries];
        foreach (var registry in contestants)
        {
            using var connection = new HttpConnection(registry.Endpoint);
            Uploads.Put(connection, Repository, body);
        }

        if (run.Field.Nginx is { } nginx)
        {
            contestants.Insert(1, nginx);
        }

        string PathAt(Contestant contestant) =>
            contestant.Name == NginxServer.Name ? NginxServer.BlobPath(body.Digest) : $"/v2/{Repository}/blobs/{body.Digest}";
        foreach (var contestant in contestants)
        {
            using var connection = new HttpConnection(contestant.Endpoint);
            WarmUp(connection, PathAt(contestant), body.Digest);
        }

        run.Interleave(contestants, Work(read, unread: false), Work(unread, unread: true));
        run.Board.Compare(Target, read, Metric.Rate, run.Field.Nginx, Bound.AtLeast(1));
        run.Board.Compare(Target, read, Metric.Cost, run.Field.Nginx, Bound.AtMost(1.25));

        Action<Contestant, int> Work(string name, bool unread) => (contestant, round) =>
        {
            using var connection = new HttpConnection(contestant.Endpoint);
            run.Measure(Target, name, contestant, round, Unit.Bytes, () => connection.Discard(PathAt(contestant), unread));
        };
    }

    // Checks every byte once: otherwise a server that sends wrong bytes quickly would win.
    private static void WarmUp(HttpConnection connection, string path, string digest)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        connection.Read(path, hash.AppendData);
        var received = $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
        if (received != digest)
        {
            throw new InvalidOperationException($"{path} is {received}.");
        }
    }
}
