using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Hosting;
using Registry.Server.Tests.Tls;
using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Transport.Soak;

/// <summary>
/// Many connections with random behaviour leave nothing behind: no descriptor, no buffer, no task. TRANSPORT_SOAK_CONNECTIONS makes it
/// longer, TRANSPORT_SOAK_SEED repeats a run.
/// </summary>
[Collection(Alone.Name)]
[SupportedOSPlatform("linux")]
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int AtOnce = 48;
    private const int WarmUp = 1000;

    // A leaked connection holds some KiB; the rest is what caches and pools grow by.
    private const long HeapPerConnection = 300;
    private const long HeapOfCaches = 16 * 1024 * 1024;

    private static readonly TestBlob[] Blobs =
        [Samples.Make("soaked", 700), Samples.Make("soaked more", 60_000), Samples.Make("soaked through", 400_000)];

    private static int Connections => Read("TRANSPORT_SOAK_CONNECTIONS", 2000);

    [Theory]
    [InlineData(TransportKind.Kestrel, false)]
    [InlineData(TransportKind.Kestrel, true)]
    [InlineData(TransportKind.Direct, false)]
    [InlineData(TransportKind.Direct, true)]
    public async Task Connections_with_random_aborts_leave_nothing_behind(TransportKind transport, bool isTls)
    {
        var seed = Seed.Choose("TRANSPORT_SOAK_SEED");
        output.WriteLine($"TRANSPORT_SOAK_SEED={seed}");
        using var folder = new TemporaryFolder();
        using var log = new RecordedLog();
        using var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Error).AddProvider(log));
        using var gauge = new ConnectionGauge();
        var unobserved = new ConcurrentQueue<Exception>();
        void Record(object? sender, UnobservedTaskExceptionEventArgs e) => unobserved.Enqueue(e.Exception);

        // What the tests before have left is not this one's.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        TaskScheduler.UnobservedTaskException += Record;
        try
        {
            using var tls = new TlsFolder();

            // On a machine that is busy with other work, a handshake of a well-behaved client may take longer than the usual limit.
            var limits = new ConnectionTimes { Headers = Patience.Limit };
            var options = new RegistryOptions { Host = "127.0.0.1", Port = 0, StoragePath = folder.Path, Transport = transport, Limits = limits };
            await using var host = await RegistryHost.StartAsync(isTls ? tls.Configure(options) : options, TimeProvider.System, loggers);
            var address = new Uri(host.Addresses[0]);
            Census Count() => Census.Take(gauge, host);
            var before = Count();
            using (var client = tls.Authority.CreateClient(address))
            {
                await PushAsync(client);
            }

            await ConnectAsync(address, seed, WarmUp);
            var heap = await RestAsync(Count, before);
            before = Count();

            var started = Stopwatch.GetTimestamp();
            await ConnectAsync(address, seed + WarmUp, Connections);
            output.WriteLine($"{Connections / Stopwatch.GetElapsedTime(started).TotalSeconds:0} connections/s");

            var growth = await RestAsync(Count, before) - heap;
            output.WriteLine($"{growth} bytes more on the heap");
            Assert.InRange(growth, long.MinValue, HeapOfCaches + (HeapPerConnection * Connections));
            Assert.InRange(gauge.Opened, Connections, long.MaxValue);
            Assert.Empty(log.Entries);
            Assert.Empty(unobserved);
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Record;
        }
    }

    private static int Read(string variable, int byDefault) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : byDefault;

    private static async Task PushAsync(HttpClient client)
    {
        foreach (var blob in Blobs)
        {
            await client.PushBlobAsync("t", blob);
        }
    }

    private static async Task ConnectAsync(Uri address, int seed, int count)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            var buffer = new byte[64 * 1024];
            using var deadline = new CancellationTokenSource(TimeSpan.FromHours(1));
            for (int i; (i = Interlocked.Increment(ref next)) < count;)
            {
                using var client = new RandomClient(seed + i, address, Blobs, buffer);
                await client.RunAsync(deadline.Token);
            }
        })));
    }

    // Waits until there is no more than before, and says how much is on the heap then. Less is fine: sockets of the tests that came before
    // are in this process, too, and may take their time to close.
    private static async Task<long> RestAsync(Func<Census> count, Census before)
    {
        var census = count();
        try
        {
            await Eventually.HoldsAsync(() => Task.FromResult((census = count()).IsWithin(before)), "the server has let go of everything");
        }
        catch (TimeoutException)
        {
            Assert.Equal(before, census);
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
