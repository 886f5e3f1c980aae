using System.Text.RegularExpressions;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Peers;

/// <summary>Debian's build of distribution, the registry whose folders this one shares, over a root of the caller's choice.</summary>
internal sealed partial class DistributionRegistry : IAsyncDisposable
{
    private readonly BackgroundProcess _process;

    private DistributionRegistry(BackgroundProcess process, string hostPort)
    {
        _process = process;
        HostPort = hostPort;
        Http = new RegistryHttp(new Uri($"http://{hostPort}"));
    }

    public string HostPort { get; }

    public RegistryHttp Http { get; }

    private static Command Command => new("docker-registry", "docker-registry");

    /// <summary>Starts it on a free port.</summary>
    /// <param name="root">Its folder.</param>
    /// <param name="auth">Its setting <c>auth</c>, in YAML on one line; null for a registry without users.</param>
    public static async Task<DistributionRegistry> StartAsync(string root, string? auth = null)
    {
        BackgroundProcess process = Command.Start("serve", WriteConfiguration(root, auth));
        try
        {
            Match line = await process.WaitForLineAsync(ListeningLine, Patience.Limit, TestContext.Current.CancellationToken);
            return new DistributionRegistry(process, line.Groups[1].Value);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs its garbage collection; no registry may run over the root.</summary>
    public static async Task CollectGarbageAsync(string root) =>
        _ = await Command.RunAsync("garbage-collect", "--delete-untagged=false", WriteConfiguration(root));

    public async Task StopAsync()
    {
        Http.Dispose();
        _ = await _process.TerminateAsync(Patience.Limit, TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        Http.Dispose();
        return _process.DisposeAsync();
    }

    private static string WriteConfiguration(string root, string? auth = null)
    {
        string configuration = Path.Combine(root, "config.yml");
        File.WriteAllText(
            configuration,
            $$"""
            version: 0.1
            storage:
              filesystem:
                rootdirectory: {{root}}
              delete:
                enabled: true
            http:
              addr: 127.0.0.1:0
            {{(auth is null ? "" : $"auth: {auth}")}}
            """);
        return configuration;
    }

    [GeneratedRegex(@"listening on (127\.0\.0\.1:\d+)")]
    private static partial Regex ListeningLine { get; }
}
