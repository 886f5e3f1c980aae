using System.Text.RegularExpressions;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Containerd;

/// <summary>Separate containerd, beside any other on the machine, with everything under one temporary folder.</summary>
public sealed partial class ContainerdEngine : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new("containerd");
    private BackgroundProcess? _engine;
    private Command? _ctr;

    /// <summary>The ctr command; skips the test when there is no containerd.</summary>
    internal Command Ctr
    {
        get
        {
            Requires.Program("containerd", "containerd");
            Requires.Program("ctr", "containerd");
            Requires.Root("containerd");
            return _ctr!;
        }
    }

    internal TemporaryFolder Folder => _folder;

    public async ValueTask InitializeAsync()
    {
        if (!Requires.IsOnPath("containerd") || !Requires.IsOnPath("ctr") || !Environment.IsPrivilegedProcess)
        {
            return;
        }
        string socket = _folder.File("containerd.sock");
        string configuration = _folder.File("config.toml");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            version = 2
            root = "{_folder.Folder("root")}"
            state = "{_folder.Folder("state")}"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.tracing.processor.v1.otlp"]
            [grpc]
              address = "{socket}"
            [ttrpc]
              address = "{socket}.ttrpc"
            [plugins."io.containerd.internal.v1.opt"]
              path = "{_folder.Folder("opt")}"
            """);
        _engine = new Command("containerd", "containerd").Start("--config", configuration);
        _ = await _engine.WaitForLineAsync(BootedLine, Patience.Limit);
        _ctr = new Command("ctr", "containerd", "--address", socket, "--namespace", "interop");
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
        {
            _ = await _engine.TerminateAsync(Patience.Limit);
            await _engine.DisposeAsync();
        }
        _folder.Dispose();
    }

    [GeneratedRegex("containerd successfully booted")]
    private static partial Regex BootedLine { get; }
}
