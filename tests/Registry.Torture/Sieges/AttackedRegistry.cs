using System.Globalization;
using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Attacks;
using Registry.Torture.Faults;

namespace Registry.Torture.Sieges;

/// <summary>A registry with 256 MiB of memory that the attackers may reach, with users, metrics, and TLS or a port for HTTP/2 in clear text.</summary>
internal sealed class AttackedRegistry : IAsyncDisposable
{
    /// <summary>Memory that the registry may take, in bytes.</summary>
    public const long MaxBytes = 256 * 1024 * 1024;

    /// <summary>Number of honest users who log in.</summary>
    public const int Users = 2000;

    /// <summary>Password of every user.</summary>
    public const string Password = "correct horse";

    private const string Attackers = "mallory";
    private const int BcryptCost = 10;
    private const int KeptLines = 40;

    private readonly TemporaryFolder _folder;

    private AttackedRegistry(TemporaryFolder folder, MemoryGroup? group, RegistryProcess process, ServerMetrics metrics, ServerLog log, Target target)
    {
        _folder = folder;
        Group = group;
        Process = process;
        Metrics = metrics;
        Log = log;
        Target = target;
    }

    /// <summary>Its control group; null if the machine gives none.</summary>
    public MemoryGroup? Group { get; }

    public RegistryProcess Process { get; }

    public ServerMetrics Metrics { get; }

    public ServerLog Log { get; }

    public Target Target { get; }

    /// <summary>Starts it.</summary>
    /// <param name="isTls">True for TLS; otherwise HTTP in clear text.</param>
    /// <param name="scale">Share of the full number of connections that the attackers open.</param>
    /// <param name="findings">Receives what must not be in its log.</param>
    public static async Task<AttackedRegistry> StartAsync(bool isTls, double scale, Findings findings)
    {
        var folder = new TemporaryFolder("hostile");
        var ports = FreePorts.Find(2);
        var settings = Settings(folder, ports);
        if (isTls)
        {
            using var authority = new TestAuthority();
            var (certificate, key) = authority.Issue();
            await File.WriteAllTextAsync(settings["REGISTRY_TLS_CERT"] = folder.File("tls.crt"), certificate);
            await File.WriteAllTextAsync(settings["REGISTRY_TLS_KEY"] = folder.File("tls.key"), key);
        }
        else
        {
            settings["REGISTRY_HTTP2_PORT"] = Number(ports[1]);
        }

        var group = MemoryGroup.TryCreate(MaxBytes);
        if (group is null)
        {
            settings[RegistryProcess.HeapLimitVariable] = RegistryProcess.HeapLimitWithin(MaxBytes);
        }

        var log = new ServerLog(findings);
        var process = await RegistryProcess.StartAsync(folder.Folder("data"), settings, group?.Launch, log.Observe);
        var http2 = isTls ? process.BaseAddress : new Uri($"http://127.0.0.1:{ports[1]}");
        return new AttackedRegistry(folder, group, process, new ServerMetrics(ports[0]), log, new Target(process.BaseAddress, http2, Attackers, Password, scale));
    }

    /// <summary>The end of its log.</summary>
    public string LastLines => string.Join('\n', Process.Output.Split('\n').TakeLast(KeptLines));

    /// <summary>Fails when the registry has ended, or has taken more memory than it may.</summary>
    /// <exception cref="ViolationException">It has.</exception>
    public void Check(string during)
    {
        if (Process.HasExited)
        {
            throw new ViolationException($"during {during}, the server has ended; when the kernel has killed it, it printed nothing:\n{LastLines}");
        }

        // The kernel enforces the limit of a group. There, the resident size may be larger, by program files that are charged elsewhere.
        if (Group is null && Process.PeakResidentBytes is > MaxBytes and var peak)
        {
            throw new ViolationException($"during {during}, the server has taken {peak} bytes of memory; {MaxBytes} are allowed");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        Metrics.Dispose();
        Group?.Dispose();
        _folder.Dispose();
    }

    // All users have one hash, since a hash takes longer than the rest of the start.
    private static Dictionary<string, string?> Settings(TemporaryFolder folder, int[] ports)
    {
        var hash = BCrypt.Net.BCrypt.HashPassword(Password, BcryptCost);
        var users = Enumerable.Range(0, Users).Select(i => $"{Load.HonestLoad.User}{i}").Prepend(Load.HonestLoad.User).Prepend(Attackers);
        File.WriteAllLines(folder.File("htpasswd"), users.Select(user => $"{user}:{hash}"));
        return new Dictionary<string, string?>
        {
            ["REGISTRY_METRICS_PORT"] = Number(ports[0]),
            ["REGISTRY_AUTH_TYPE"] = "token",
            ["REGISTRY_AUTH_TOKEN_BUILTIN"] = "true",
            ["REGISTRY_AUTH_HTPASSWD"] = folder.File("htpasswd"),
            ["REGISTRY_UPLOAD_TIMEOUT"] = "30s",
            ["REGISTRY_UPLOAD_CLEANUP_INTERVAL"] = "2s",
            ["REGISTRY_GC_GRACE"] = "2m",
            ["REGISTRY_TRASH"] = "1m",
        };
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
