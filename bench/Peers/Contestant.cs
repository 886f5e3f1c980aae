using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>A server that takes part: a process of its own, on a free port of the loopback interface, over a folder of its own.</summary>
internal sealed class Contestant : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);

    private readonly BackgroundProcess _process;

    private Contestant(string name, string version, string folder, IPEndPoint endpoint, BackgroundProcess process)
    {
        Name = name;
        Version = version;
        Folder = folder;
        Endpoint = endpoint;
        _process = process;
        Meter = new ProcessMeter(process.Id);
    }

    /// <summary>What the tables call it.</summary>
    public string Name { get; }

    /// <summary>Its version, as it says itself.</summary>
    public string Version { get; }

    /// <summary>Where its data is.</summary>
    public string Folder { get; }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>What it uses.</summary>
    public ProcessMeter Meter { get; }

    /// <summary>Starts a program and waits until it accepts connections.</summary>
    /// <exception cref="InvalidOperationException">It ended before.</exception>
    /// <exception cref="TimeoutException">It accepts none in time.</exception>
    public static async Task<Contestant> StartAsync(
        string name, string version, string folder, IPEndPoint endpoint, string program, IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var contestant = new Contestant(name, version, folder, endpoint, BackgroundProcess.Start(program, arguments, environment));
        try
        {
            await contestant.WaitUntilListeningAsync();
            return contestant;
        }
        catch
        {
            await contestant.DisposeAsync();
            throw;
        }
    }

    /// <summary>A port that nobody listens on.</summary>
    public static IPEndPoint FreeEndpoint()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    /// <summary>Removes the bytes of large blobs behind the server's back, so that the disk does not fill; they are not asked for again.</summary>
    public void RemoveLargeFiles(long minBytes)
    {
        foreach (var file in new DirectoryInfo(Folder).EnumerateFiles("data", SearchOption.AllDirectories).Where(file => file.Length >= minBytes))
        {
            file.Delete();
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task WaitUntilListeningAsync()
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(Endpoint);
                return;
            }
            catch (SocketException) when (!_process.HasExited && clock.Elapsed < StartDeadline)
            {
                await Task.Delay(20);
            }
            catch (SocketException)
            {
                throw new InvalidOperationException($"{Name} does not listen. {_process.CommandLine}\n{_process.Output}");
            }
        }
    }
}
