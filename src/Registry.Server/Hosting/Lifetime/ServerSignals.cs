using System.Runtime.InteropServices;

namespace Registry.Server.Hosting.Lifetime;

/// <summary>
/// Signals of a serving registry. SIGTERM, SIGINT and SIGQUIT stop it; a further one cuts off what the stop waits for. SIGHUP reloads users,
/// keys, rules and certificates. SIGUSR1 turns read-only mode on, SIGUSR2 turns it off. No signal kills the process at any time: a signal
/// that arrives during the start takes effect after it, and another one that arrives during the stop has no effect.
/// </summary>
internal sealed class ServerSignals : IDisposable
{
    // .NET has no names for these signals, but accepts the system's numbers.
    private static readonly PosixSignal User1 = (PosixSignal)(OperatingSystem.IsLinux() ? 10 : 30);
    private static readonly PosixSignal User2 = (PosixSignal)(OperatingSystem.IsLinux() ? 12 : 31);

    private readonly Lock _turn = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RegistryHost? _host;
    private ServiceNotifier? _manager;
    private List<Action<RegistryHost>>? _early = [];

    /// <summary>Registers the handlers of the signals.</summary>
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

    /// <summary>Completes when a signal requests the stop.</summary>
    public Task Stopping => _stop.Task;

    /// <summary>Applies signals to a started registry, including those that arrived before.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="manager">The service manager, which is notified of reloads.</param>
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
