using System.Diagnostics;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;

namespace Registry.Bench.Targets;

/// <summary>
/// P2, P3 and P11: pushes of a large blob in one stream until the acknowledgement: whole, in chunks as docker sends it, and over TLS.
/// </summary>
internal static class LargePushes
{
    private const string Whole = "P2";
    private const string Chunked = "P3";
    private const string OverTls = "P11";

    // No registry sees a blob twice.
    private const int FirstNumber = 10;
    private const string Repository = "bench/pushes";

    public static void Run(TargetRun run, UploadSource source)
    {
        var size = Units.Binary(source.Size);
        var put = $"PUT {size}, one stream";
        var patch = $"chunked PATCH of {size}, one stream";
        WarmUp(run.Plain, source);
        run.Interleave(
            run.Plain.Registries,
            (registry, round) => Push(run, registry, round, Whole, put, source, source.Whole(FirstNumber + (2 * round)), Uploads.Put),
            (registry, round) => Push(run, registry, round, Chunked, patch, source, source.Chunked(FirstNumber + (2 * round) + 1), Uploads.Patch));
        run.Board.Compare(Whole, put, Metric.Rate, run.Plain.Distribution, Bound.AtLeast(2));
        run.Board.Limit(Whole, put, Metric.Cost, Bound.AtMost(1.5, " CPU-s/GiB"));
        run.Board.CompareWorks(Chunked, patch, Whole, put, Bound.AtLeast(0.9));
    }

    /// <summary>P11: over TLS, with HTTP/1.1 and with HTTP/2, which docker speaks.</summary>
    public static void RunOverTls(TargetRun run, UploadSource source)
    {
        var size = Units.Binary(source.Size);
        var http1 = $"PUT {size} over TLS, HTTP/1.1";
        var http2 = $"PUT {size} over TLS, HTTP/2";
        WarmUp(run.Secure, source);
        run.Interleave(
            run.Secure.Registries,
            (registry, round) => Push(run, registry, round, OverTls, http1, source, source.Whole(FirstNumber + (2 * round)), Uploads.Put),
            (registry, round) => Push(run, registry, round, OverTls, http2, source, source.Whole(FirstNumber + (2 * round) + 1), (first, repository, body) =>
            {
                using var connection = new Http2Connection(registry.Address);
                Uploads.Put(first, connection, repository, body);
            }));
        foreach (var work in new[] { http1, http2 })
        {
            run.Board.Compare(OverTls, work, Metric.Rate, run.Secure.Distribution, Bound.AtLeast(1.5));
            run.Board.Compare(OverTls, work, Metric.Cost, run.Secure.Distribution, Bound.AtMost(1));
        }
    }

    /// <summary>Frees space and syncs the disk, so that no write-back disturbs the next measurement.</summary>
    public static void CleanUp(Contestant registry, UploadSource source)
    {
        registry.RemoveLargeFiles(source.Size);
        using var sync = Process.Start("sync", ["--file-system", registry.Folder]);
        sync.WaitForExit();
    }

    /// <summary>
    /// Touches as much memory as the upload needs for its pages in the page cache. A virtual machine returns free memory to its host; the push
    /// that takes it again would pay for the host's page faults, and the pushes after it would not.
    /// </summary>
    private static void TouchMemory(Contestant registry, long size)
    {
        var piece = new byte[1 << 20];
        var path = Path.Combine(registry.Folder, "memory");
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 0, FileOptions.DeleteOnClose);
        for (long written = 0; written < size; written += piece.Length)
        {
            file.Write(piece);
        }
    }

    private static void WarmUp(Field field, UploadSource source)
    {
        foreach (var registry in field.Registries)
        {
            using var connection = new HttpConnection(registry.Address);
            Uploads.Put(connection, Repository, source.Whole(1));
            Uploads.Patch(connection, Repository, source.Chunked(2));
            CleanUp(registry, source);
        }
    }

    private static void Push(
        TargetRun run, Contestant registry, int round, string target, string work, UploadSource source, UploadBody body,
        Action<HttpConnection, string, UploadBody> push)
    {
        TouchMemory(registry, source.Size);
        using var connection = new HttpConnection(registry.Address);
        run.Measure(target, work, registry, round, Unit.Bytes, () =>
        {
            push(connection, Repository, body);
            return source.Size;
        });
        CleanUp(registry, source);
    }
}
