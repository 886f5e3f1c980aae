using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Hosting.Lifetime;

namespace Registry.Server.Tests.Hosting;

/// <summary>Signals to the process of the tests, where they would end the commands of others, too.</summary>
[SupportedOSPlatform("linux")]
[Collection(Alone.Name)]
public sealed class EarlySignalTests
{
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

    private static async Task SendToTestsAsync(string signal)
    {
        await using var kill = BackgroundProcess.Start("bash", ["-c", $"kill -{signal} {Environment.ProcessId}"]);
        Assert.Equal(0, await kill.WaitForExitAsync(TimeSpan.FromSeconds(30)));
    }
}
