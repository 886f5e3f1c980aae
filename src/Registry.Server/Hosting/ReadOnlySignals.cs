using System.Runtime.InteropServices;
using Registry.Server.Pipeline;

namespace Registry.Server.Hosting;

/// <summary>SIGUSR1 turns the read-only mode on, SIGUSR2 off. Two signals and no toggle: sending one twice does no harm.</summary>
internal sealed class ReadOnlySignals : IDisposable
{
    // .NET has no names for them, but takes the numbers of the system.
    private static readonly PosixSignal User1 = (PosixSignal)(OperatingSystem.IsLinux() ? 10 : 30);
    private static readonly PosixSignal User2 = (PosixSignal)(OperatingSystem.IsLinux() ? 12 : 31);

    private readonly List<PosixSignalRegistration> _registrations = [];

    public ReadOnlySignals(ReadOnlyMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            Register(User1, mode.TurnOn);
            Register(User2, mode.TurnOff);
        }
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void Register(PosixSignal signal, Action act) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        act();
    }));
}
