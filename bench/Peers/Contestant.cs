using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Registry.Bench.Wire;
using Registry.Testing.Processes;

namespace Registry.Bench.Peers;

/// <summary>A server of a run: a separate process with its own folder, on a free port of the loopback interface.</summary>
internal sealed class Contestant : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);

    private readonly BackgroundProcess _process;

    private Contestant(string name, string version, string folder, ServerAddress address, BackgroundProcess process)
    {
        Name = name;
        Version = version;
        Folder = folder;
        Address = address;
        _process = process;
        Meter = new ProcessMeter(process.Id);
    }

    /// <summary>Name in the tables.</summary>
    public string Name { get; }

    /// <summary>Version, as the program prints it.</summary>
    public string Version { get; }

    /// <summary>Data folder.</summary>
    public string Folder { get; }

    /// <summary>Address and port.</summary>
    public ServerAddress Address { get; }

    /// <summary>Process id, which is also that of its session.</summary>
    public int Id => _process.Id;

    /// <summary>Meter of its CPU time and memory.</summary>
    public ProcessMeter Meter { get; }

    /// <summary>Starts a program and waits until it accepts connections.</summary>
    /// <exception cref="InvalidOperationException">The program ended before.</exception>
    /// <exception cref="TimeoutException">The program accepts no connection in time.</exception>
    public static async Task<Contestant> StartAsync(
        string name, string version, string folder, ServerAddress address, string program, IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var contestant = new Contestant(name, version, folder, address, BackgroundProcess.Start(program, arguments, environment));
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

    /// <summary>Finds a free port.</summary>
    /// <param name="certificate">Certificate for TLS; null for clear text.</param>
    public static ServerAddress FreeAddress(ServerCertificate? certificate) =>
        new(new IPEndPoint(IPAddress.Loopback, FreePorts.Find(1)[0]), certificate is not null);

    /// <summary>Changes to the environment that remove the variables of this process by which registries, and clients of AWS in them, are set.</summary>
    public static Dictionary<string, string?> WithoutSettings() => Environment.GetEnvironmentVariables().Keys.Cast<string>()
        .Where(name => name.StartsWith("REGISTRY_", StringComparison.Ordinal) || name.StartsWith("AWS_", StringComparison.Ordinal)).ToDictionary(name => name, _ => (string?)null);

    /// <summary>Removes the bytes of large blobs behind the server's back, so that the disk does not fill. No later request needs them.</summary>
    public void RemoveLargeFiles(long minBytes)
    {
        foreach (var file in new DirectoryInfo(Folder).EnumerateFiles("data", SearchOption.AllDirectories).Where(file => file.Length >= minBytes))
        {
            file.Delete();
        }
    }

    /// <summary>Kills it, so that its connections end.</summary>
    public void Kill() => _process.Kill();

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task WaitUntilListeningAsync()
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(Address.EndPoint);
                return;
            }
            catch (SocketException) when (!_process.HasExited && clock.Elapsed < StartDeadline)
            {
                await Task.Delay(20);
            }
            catch (SocketException)
            {
                throw new InvalidOperationException($"{Name} did not begin to listen. {_process.CommandLine}\n{_process.Output}");
            }
        }
    }
}
