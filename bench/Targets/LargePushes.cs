using System.Diagnostics;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;

namespace Registry.Bench.Targets;

/// <summary>P2 and P3: pushes of a large blob in one stream until the acknowledgement, whole and in chunks as docker sends it.</summary>
internal static class LargePushes
{
    private const string Whole = "P2";
    private const string Chunked = "P3";

    // No registry sees a blob twice.
    private const int FirstNumber = 10;
    private const string Repository = "bench/pushes";

    public static void Run(TargetRun run, UploadSource source)
    {
        var size = Units.Binary(source.Size);
        var put = $"PUT {size}, one stream";
        var patch = $"chunked PATCH of {size}, one stream";
        var registries = run.Field.Registries;
        foreach (var registry in registries)
        {
            using var connection = new HttpConnection(registry.Endpoint);
            Uploads.Put(connection, Repository, source.Whole(1));
            Uploads.Patch(connection, Repository, source.Chunked(2));
            CleanUp(registry, source);
        }

        run.Interleave(
            registries,
            (registry, round) => Push(registry, round, Whole, put, source.Whole(FirstNumber + (2 * round)), Uploads.Put),
            (registry, round) => Push(registry, round, Chunked, patch, source.Chunked(FirstNumber + (2 * round) + 1), Uploads.Patch));
        run.Board.Compare(Whole, put, Metric.Rate, run.Field.Distribution, Bound.AtLeast(2));
        run.Board.Compare(Whole, put, Metric.Cost, run.Field.Distribution, Bound.AtMost(0.55));
        run.Board.CompareWorks(Chunked, patch, Whole, put, Bound.AtLeast(0.9));

        void Push(Contestant registry, int round, string target, string work, UploadBody body, Action<HttpConnection, string, UploadBody> push)
        {
            using var connection = new HttpConnection(registry.Endpoint);
            run.Measure(target, work, registry, round, Unit.Bytes, () =>
            {
                push(connection, Repository, body);
                return source.Size;
            });
            CleanUp(registry, source);
        }
    }

    /// <summary>Frees space and syncs the disk, so that no write-back disturbs the next measurement.</summary>
    public static void CleanUp(Contestant registry, UploadSource source)
    {
        registry.RemoveLargeFiles(source.Size);
        using var sync = Process.Start("sync", ["--file-system", registry.Folder]);
        sync.WaitForExit();
    }
}
