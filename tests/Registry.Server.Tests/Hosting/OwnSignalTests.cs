using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Commands;
using Registry.Server.Hosting.Lifetime;

namespace Registry.Server.Tests.Hosting;

/// <summary>Signals to the process of the tests, where they would end the commands of others, too.</summary>
[SupportedOSPlatform("linux")]
[Collection(Alone.Name)]
public sealed class OwnSignalTests
{
    // Without a handler, a signal would end the tests: between two commands, or when the runtime gets to it after the test.
    private static readonly PosixSignalRegistration Kept = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);

    [Fact]
    public async Task Signals_that_arrive_while_the_registry_starts_take_effect_when_it_has_started()
    {
        using var signals = new ServerSignals();
        await SendToTestsAsync("HUP");
        await SendToTestsAsync("USR1");
        await using var registry = await TestRegistry.StartAsync();

        signals.Attach(registry.Host, new ServiceNotifier(null, TimeProvider.System, NullLogger<ServiceNotifier>.Instance));

        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Host.ReadOnly.IsOn && registry.Log.Entries.Any(entry => entry.Message.StartsWith("No files to reload", StringComparison.Ordinal))),
            "both have taken effect");
    }

    [Fact]
    public async Task Signals_that_arrive_while_a_command_ends_do_no_harm()
    {
        Assert.NotNull(Kept);
        await using var shell = BackgroundProcess.Start("bash", ["-c", $"while kill -HUP {Environment.ProcessId}; do :; done"]);
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(0, await CommandContext.WithSignalsAsync(async cancelled =>
            {
                await Task.Delay(Timeout.Infinite, cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return 0;
            }));
        }
    }

    private static async Task SendToTestsAsync(string signal)
    {
        await using var kill = BackgroundProcess.Start("bash", ["-c", $"kill -{signal} {Environment.ProcessId}"]);
        Assert.Equal(0, await kill.WaitForExitAsync(TimeSpan.FromSeconds(30)));
    }
}
