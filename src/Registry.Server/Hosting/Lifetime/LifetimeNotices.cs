using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Hosting.Lifetime;

/// <summary>
/// Reports the start, the beginning of the stop, and the end of the registry, at any log level: as text on standard output, or as events
/// of a JSON log.
/// </summary>
internal sealed class LifetimeNotices(TextWriter output, RegistryOptions options, ILogger<LifetimeNotices> logger)
{
    public void Started(RegistryHost host)
    {
        if (options.LogFormat == LogFormat.Text)
        {
            Print(() => Banner.Write(output, host, options));
            return;
        }

        var addresses = string.Join(" and ", host.Addresses);
        Log("started", new LogRecord { Text = $"Registry {ProductVersion.Text} listening on {addresses}" }
            .Add("version", ProductVersion.Text)
            .Add("addresses", string.Join(',', host.Addresses))
            .Add("metricsAddress", host.MetricsAddress)
            .Add("storage", host.Storage.Name)
            .Add("authentication", Banner.Authentication(options))
            .Add("readOnly", host.ReadOnly.IsOn)
            .Add("processId", Environment.ProcessId));
    }

    public void Stopping() => Write(
        "stopping",
        $"Stopping: finishing the requests in flight, for at most {Count.Of((long)options.Limits.Drain.TotalSeconds, "second")}; a second signal cuts them off.");

    public void Stopped() => Write("stopped", "Stopped.");

    private void Write(string name, string sentence)
    {
        if (options.LogFormat == LogFormat.Text)
        {
            Print(() => output.WriteLine(sentence));
        }
        else
        {
            Log(name, new LogRecord { Text = sentence });
        }
    }

    // The terminal was closed. The registry keeps running.
    private static void Print(Action print)
    {
        try
        {
            print();
        }
        catch (IOException)
        {
        }
    }

    private void Log(string name, LogRecord record)
    {
        record.Add("event", name);
        logger.Log(LogLevel.Information, new EventId(0, name), record, null, static (line, _) => line.Text);
    }
}
