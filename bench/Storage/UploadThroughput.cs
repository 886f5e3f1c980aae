using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Files;
using Registry.Storage;

namespace Registry.Bench.Storage;

/// <summary>
/// Compares hashing alone, writing a durable file alone, and the store, which must do both. The store may take as long as the two in turn
/// (<c>store ≤ disk + hash</c>) and, on idle cores, as long as the slower one. A server is never faster than the store
/// (<c>server ≤ store</c>).
/// </summary>
internal static class UploadThroughput
{
    private const int WindowSize = 1024 * 1024;
    private const int PieceSize = 256 * 1024;
    private const int ManyAtOnce = 8;
    private const int Rounds = 5;
    private const int MebibytesByDefault = 1024;
    private static readonly RepositoryName Repository = RepositoryName.Parse("bench/uploads");

    /// <summary>Measures bodies of the given size in MiB. Each figure is the median of several rounds, which measure all in turn.</summary>
    public static async Task RunAsync(string? mebibytes)
    {
        var length = (mebibytes is null ? MebibytesByDefault : long.Parse(mebibytes, CultureInfo.InvariantCulture)) * 1024 * 1024;
        var folder = Directory.CreateTempSubdirectory("registry-bench-");
        try
        {
            await using var storage = RegistryStorage.Open(folder.FullName, NoRules.Instance, TimeProvider.System, NullLoggerFactory.Instance);
            var window = RandomNumberGenerator.GetBytes(WindowSize);
            // Uploads of the same content would wait for each other at the end, as in the server. Each therefore has different content.
            var uploads = Enumerable.Range(0, ManyAtOnce).Select(i => length + (i * (long)PieceSize))
                .Select(own => (Length: own, Digest: Hash(window, own))).ToArray();
            (string Name, int Streams, Func<Task> Work)[] rows =
            [
                ("hash", 1, () => Task.FromResult(Hash(window, length))),
                ("disk", 1, () => WriteAsync(Path.Combine(folder.FullName, "file"), window, length)),
                ("store", 1, () => StoreAsync(storage, window, uploads[0].Length, uploads[0].Digest)),
                ($"store, {ManyAtOnce} at once", ManyAtOnce, () => Task.WhenAll(
                    uploads.Select(upload => Task.Run(() => StoreAsync(storage, window, upload.Length, upload.Digest))))),
            ];
            var samples = rows.Select(_ => new List<(double Seconds, double Cpu)>()).ToArray();
            for (var round = 0; round < Rounds; round++)
            {
                for (var i = 0; i < rows.Length; i++)
                {
                    samples[i].Add(await TimeAsync(rows[i].Work));
                }
            }

            Print([.. rows.Select(row => (row.Name, row.Streams))], samples, length);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Print((string Name, int Streams)[] rows, List<(double Seconds, double Cpu)>[] samples, long length)
    {
        var seconds = samples.Select((sample, i) => Median(sample.Select(s => s.Seconds)) / rows[i].Streams).ToArray();
        var sum = seconds[0] + seconds[1];
        Console.Out.WriteLine("| What | MB/s | CPU-s/GiB | Least CPU-s/GiB | Time / (disk + hash) |\n|---|---:|---:|---:|---:|");
        for (var i = 0; i < rows.Length; i++)
        {
            var gibibytes = length * rows[i].Streams / (double)(1L << 30);
            var cpu = samples[i].Select(s => s.Cpu / gibibytes).ToArray();
            Console.Out.WriteLine(
                $"| {rows[i].Name} | {length / seconds[i] / 1e6:0} | {Median(cpu):0.00} | {cpu.Min():0.00} | {seconds[i] / sum:0.00} |");
        }
    }

    private static async Task<(double Seconds, double Cpu)> TimeAsync(Func<Task> work)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        await work();
        return (clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    private static Digest Hash(byte[] window, long length)
    {
        using var hash = DigestAlgorithm.Sha256.CreateHash();
        for (long done = 0; done < length; done += PieceSize)
        {
            hash.AppendData(window, (int)(done % WindowSize), PieceSize);
        }

        return Digest.FromHash(DigestAlgorithm.Sha256, hash.GetHashAndReset());
    }

    private static Task WriteAsync(string path, byte[] window, long length) => Task.Factory.StartNew(
        () =>
        {
            using (var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
            {
                for (long done = 0; done < length; done += PieceSize)
                {
                    RandomAccess.Write(handle, window.AsSpan((int)(done % WindowSize), PieceSize), done);
                }

                DurableFile.SyncData(handle, path);
            }

            File.Delete(path);
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static async Task StoreAsync(RegistryStorage storage, byte[] window, long length, Digest digest)
    {
        await using var upload = await storage.Uploads.CreateUnnamedAsync(Repository, digest.Algorithm);
        await upload.AppendAsync(new MemoryBody(window, length), digest.Algorithm, default);
        if (!await upload.MatchesAsync(digest))
        {
            throw new InvalidDataException("The store computed another digest than that of the upload.");
        }

        await upload.CommitAsync(digest);
        await storage.Blobs.DeleteAsync([digest]);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
