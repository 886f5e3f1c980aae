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
    [Fact]
    public async Task Signals_that_arrive_while_the_registry_starts_take_effect_when_it_has_started()
    {
        using var signals = new ServerSignals();
        await SendToTestsAsync("kill -HUP");
        await SendToTestsAsync("kill -USR1");
        await using var registry = await TestRegistry.StartAsync();

        signals.Attach(registry.Host, new ServiceNotifier(null, TimeProvider.System, NullLogger<ServiceNotifier>.Instance));

        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Host.ReadOnly.IsOn && registry.Log.Entries.Any(entry => entry.Message.StartsWith("No files to reload", StringComparison.Ordinal))),
            "both have taken effect");
    }

    [Fact]
    public async Task Signals_that_arrive_while_a_command_ends_do_no_harm()
    {
        // Between two commands, a signal would end the tests.
        using var kept = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);
        var sending = SendToTestsAsync("send() { for i in {1..100000}; do kill -HUP $1; done; }; send");
        var commands = 0;
        while (!sending.IsCompleted)
        {
            await CommandContext.WithSignalsAsync(async cancelled =>
            {
                await Task.WhenAny(sending, Task.Delay(Timeout.Infinite, cancelled));
                return 0;
            });
            commands++;
        }

        await sending;
        Assert.InRange(commands, 2, int.MaxValue);
    }

    private static async Task SendToTestsAsync(string kill)
    {
        await using var shell = BackgroundProcess.Start("bash", ["-c", $"{kill} {Environment.ProcessId}"]);
        Assert.Equal(0, await shell.WaitForExitAsync(TimeSpan.FromSeconds(30)));
    }
}
