using System.Runtime.InteropServices;

namespace Registry.Server.Hosting;

/// <summary>
/// The signals of a registry that serves. SIGTERM, SIGINT and SIGQUIT stop it, and a second one cuts off what the first waits for. SIGHUP reads
/// users, keys, rules and certificates again; SIGUSR1 turns the read-only mode on, SIGUSR2 off. None of them ends the process by itself, at any
/// time: one that arrives while the registry starts takes effect when it has started, and one that arrives while it stops changes nothing.
/// </summary>
internal sealed class ServerSignals : IDisposable
{
    // .NET has no names for them, but takes the numbers of the system.
    private static readonly PosixSignal User1 = (PosixSignal)(OperatingSystem.IsLinux() ? 10 : 30);
    private static readonly PosixSignal User2 = (PosixSignal)(OperatingSystem.IsLinux() ? 12 : 31);

    private readonly Lock _turn = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RegistryHost? _host;
    private ServiceNotifier? _manager;
    private List<Action<RegistryHost>>? _early = [];

    /// <summary>Takes the signals from now on.</summary>
    public ServerSignals()
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT })
        {
            Register(signal, Stop);
        }

        Register(PosixSignal.SIGHUP, () => Do(Reload));
        if (!OperatingSystem.IsWindows())
        {
            Register(User1, () => Do(host => host.ReadOnly.TurnOn()));
            Register(User2, () => Do(host => host.ReadOnly.TurnOff()));
        }
    }

    /// <summary>Ends when the registry is to stop.</summary>
    public Task Stopping => _stop.Task;

    /// <summary>Lets the signals act on a registry that has started, those included that came before.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="manager">Is told of a reload.</param>
    public void Attach(RegistryHost host, ServiceNotifier manager)
    {
        lock (_turn)
        {
            _host = host;
            _manager = manager;
            _early!.ForEach(act => act(host));
            _early = null;
        }
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void Register(PosixSignal signal, Action act) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        act();
    }));

    private void Reload(RegistryHost host)
    {
        _manager!.Reloading();
        host.Reload();
        _manager.Ready();
    }

    private void Stop()
    {
        if (!_stop.TrySetResult())
        {
            _host?.CutOff();
        }
    }

    private void Do(Action<RegistryHost> act)
    {
        lock (_turn)
        {
            if (_stop.Task.IsCompleted)
            {
                return;
            }

            if (_host is { } host)
            {
                act(host);
            }
            else
            {
                _early!.Add(act);
            }
        }
    }
}
