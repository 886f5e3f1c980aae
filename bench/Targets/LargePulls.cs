using System.Security.Cryptography;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;

namespace Registry.Bench.Targets;

/// <summary>P1 and P10: GET of a large blob, in clear text and over TLS.</summary>
internal static class LargePulls
{
    private const string InClearText = "P1";
    private const string OverTls = "P10";
    private const string Repository = "bench/large";
    private const int AtOnceOverTls = 4;

    /// <summary>P1: one stream, and once more with a client that does not copy.</summary>
    public static void Run(TargetRun run, UploadSource source)
    {
        var work = $"GET {Units.Binary(source.Size)}, one stream";
        var blob = Prepare(Contestants(run.Plain), source);
        run.Interleave(
            Contestants(run.Plain),
            Pull(run, InClearText, work, blob, server => new HttpConnection(server), (connection, path) => connection.Discard(path)),
            Pull(run, InClearText, $"{work}, a client that does not copy", blob, server => new HttpConnection(server), Drop));
        run.Board.Compare(InClearText, work, Metric.Rate, run.Plain.Nginx, Bound.AtLeast(1));
        run.Board.Compare(InClearText, work, Metric.Cost, run.Plain.Nginx, Bound.AtMost(1.15));

        double Drop(HttpConnection connection, string path)
        {
            connection.Drop(path, source.Size);
            return source.Size;
        }
    }

    /// <summary>
    /// P10: one stream of each protocol, once more with clients that do not decrypt, and four at once: HTTP/1.1 on four connections, and HTTP/2 on
    /// four streams of one connection, as clients do.
    /// </summary>
    public static void RunOverTls(TargetRun run, UploadSource source)
    {
        var size = Units.Binary(source.Size);
        var http1 = $"GET {size} over TLS, HTTP/1.1";
        var http2 = $"GET {size} over TLS, HTTP/2";
        var quarter = Units.Binary(source.Size / AtOnceOverTls);
        var quarters1 = $"{AtOnceOverTls} GETs of {quarter} at once over TLS, HTTP/1.1";
        var quarters2 = $"{AtOnceOverTls} GETs of {quarter} at once over TLS, HTTP/2";
        var range = $"bytes=0-{(source.Size / AtOnceOverTls) - 1}";
        var blob = Prepare(Contestants(run.Secure), source);
        run.Interleave(
            Contestants(run.Secure),
            Pull(run, OverTls, http1, blob, server => new HttpConnection(server), (connection, path) => connection.Discard(path)),
            Pull(run, OverTls, http2, blob, server => new Http2Connection(server), (connection, path) => connection.Discard(string.Empty, path)),
            Pull(run, OverTls, $"{http1}, a client that does not decrypt", blob, server => new HttpConnection(server), (connection, path) =>
            {
                connection.Drop(path, source.Size);
                return source.Size;
            }),
            Pull(run, OverTls, $"{http2}, a client that does not decrypt", blob, server => new Http2Connection(server, Http2Connection.WidestWindow), (connection, path) =>
            {
                connection.Drop(path, source.Size);
                return source.Size;
            }),
            Pull(run, OverTls, quarters1, blob, server => new ConnectionGroup(server, AtOnceOverTls), (group, path) => group.Discard(path, range)),
            Pull(run, OverTls, quarters2, blob, server => new Http2Connection(server), (connection, path) => connection.Discard(range, path, path, path, path)));
        run.Board.Compare(OverTls, http1, Metric.Rate, run.Secure.Nginx, Bound.AtLeast(1));
        run.Board.Compare(OverTls, http1, Metric.Cost, run.Secure.Nginx, Bound.AtMost(1.15));
        run.Board.Compare(OverTls, http2, Metric.Rate, run.Secure.Nginx, Bound.AtLeast(1));
        run.Board.Compare(OverTls, quarters1, Metric.Rate, run.Secure.Nginx, Bound.AtLeast(1));
        run.Board.Compare(OverTls, quarters2, Metric.Rate, run.Secure.Nginx, Bound.AtLeast(1));
    }

    /// <summary>Pushes the blob to the registries, and reads it once from each server, so that it is cached.</summary>
    /// <returns>The digest of the blob.</returns>
    public static string Prepare(IReadOnlyList<Contestant> contestants, UploadSource source)
    {
        var body = source.Whole(0);
        foreach (var registry in contestants.Where(contestant => contestant.Name != NginxServer.Name))
        {
            using var connection = new HttpConnection(registry.Address);
            Uploads.Put(connection, Repository, body);
        }

        foreach (var contestant in contestants)
        {
            using var connection = new HttpConnection(contestant.Address);
            Check(connection, PathAt(contestant, body.Digest), body.Digest);
        }

        return body.Digest;
    }

    /// <summary>Path of the blob at a server.</summary>
    public static string PathAt(Contestant contestant, string digest) =>
        contestant.Name == NginxServer.Name ? NginxServer.BlobPath(digest) : $"/v2/{Repository}/blobs/{digest}";

    private static List<Contestant> Contestants(Field field) => field.Nginx is { } nginx ? [.. field.Registries, nginx] : [.. field.Registries];

    private static Action<Contestant, int> Pull<T>(
        TargetRun run, string target, string work, string digest, Func<ServerAddress, T> connect, Func<T, string, double> pull)
        where T : IDisposable => (contestant, round) =>
        {
            using var connection = connect(contestant.Address);
            run.Measure(target, work, contestant, round, Unit.Bytes, () => pull(connection, PathAt(contestant, digest)));
        };

    // Checks every byte once: otherwise a server that sends wrong bytes quickly would win.
    private static void Check(HttpConnection connection, string path, string digest)
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
