using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Registry.Bench.Peers;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;

namespace Registry.Bench.Mirror;

/// <summary>
/// Measures clients that pull one layer at once. One of them compares the digest; the kernel drops the bytes of the others, so that the clients take little processor time from the server.
/// </summary>
/// <param name="name">Name of the row.</param>
/// <param name="address">Server of the clients.</param>
/// <param name="target">Request target of the layer there.</param>
/// <param name="layer">The layer.</param>
/// <param name="link">Link behind which the layer is.</param>
/// <param name="server">The server, whose processor time and memory are measured; it is stopped when it takes too long. Null for the upstream.</param>
internal sealed class PullTimes(string name, ServerAddress address, string target, UploadBody layer, SlowLink link, Contestant? server = null)
{
    /// <summary>Head of the table.</summary>
    public const string Head = """
        | Server | From upstream / size | Slowest / link | First byte after its arrival, first and last client, ms | CPU, s | CPU of clients and link, s | Machine busy | Peak, MiB |
        | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        """;

    /// <summary>The layer.</summary>
    public UploadBody Layer => layer;

    /// <summary>Runs the clients.</summary>
    /// <param name="clients">Number of clients.</param>
    /// <param name="linkSeconds">Time in which the link alone passes the layer, in seconds.</param>
    /// <param name="patience">Longest time; the row then tells how far they came.</param>
    /// <returns>The row.</returns>
    public async Task<string> RunAsync(int clients, double linkSeconds, TimeSpan patience)
    {
        link.Watch(layer.Digest);
        server?.Meter.ResetPeakBytes();
        var before = Read();
        var firsts = new long[clients];
        var begun = Stopwatch.GetTimestamp();
        var pulls = Task.Run(() => AtOnce.Run(clients, i => Pull(isChecked: i == 0, () => firsts[i] = Stopwatch.GetTimestamp())));
        var isFinished = await Task.WhenAny(pulls, Task.Delay(patience)) == pulls;
        var took = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var after = Read();
        var peak = server?.Meter.PeakBytes() / 1024.0 / 1024;
        if (isFinished)
        {
            await pulls;
        }
        else
        {
            server?.Kill();
            await pulls.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var slowest = isFinished ? Figure(took / linkSeconds, 2) : $"not finished after {Figure(took, 0)} s";
        var busy = 1 - ((after.Idle - before.Idle) / took / Environment.ProcessorCount);
        return $"| {name} | {Figure((after.FromUpstream - before.FromUpstream) / (double)layer.Length, 3)} | {slowest} | {FirstBytes(firsts)} | {Figure(after.Server - before.Server, 1)} "
            + $"| {Figure(after.Clients - before.Clients, 1)} | {Figure(100 * busy, 0)} % | {Figure(peak, 0)} |";
    }

    private static string Figure(double? value, int decimals) => value?.ToString($"F{decimals}", CultureInfo.InvariantCulture) ?? string.Empty;

    private string FirstBytes(long[] firsts)
    {
        if (link.AnsweredAt == 0)
        {
            return string.Empty;
        }

        string Since(long at) => Figure((at - link.AnsweredAt) * 1000.0 / Stopwatch.Frequency, 1);
        var begun = firsts.Where(first => first > 0).DefaultIfEmpty(link.AnsweredAt).ToList();
        return $"{Since(begun.Min())}, {(begun.Count == firsts.Length ? Since(begun.Max()) : "not all")}";
    }

    private void Pull(bool isChecked, Action begins)
    {
        using var connection = new HttpConnection(address);
        if (!isChecked)
        {
            connection.DropRest(target, begins);
            return;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var hasBegun = false;
        connection.Read(target, piece =>
        {
            if (!hasBegun)
            {
                hasBegun = true;
                begins();
            }

            hash.AppendData(piece);
        });
        if ($"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}" != layer.Digest)
        {
            throw new InvalidOperationException($"{name} sent other bytes than {layer.Digest}.");
        }
    }

    private (long FromUpstream, double? Server, double Clients, double Idle) Read() =>
        (link.Received, server?.Meter.CpuSeconds(), Environment.CpuUsage.TotalTime.TotalSeconds, IdleSeconds());

    // proc_stat(5), first line: of all cores, in hundredths of a second; idle and waiting for disks are the fourth and fifth.
    private static double IdleSeconds() =>
        File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[4..6].Sum(value => long.Parse(value, CultureInfo.InvariantCulture)) / 100.0;
}
