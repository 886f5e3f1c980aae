using Microsoft.Extensions.Logging;

namespace Registry.Server.Pipeline;

/// <summary>
/// Whether requests may change anything. On, pushes and deletes are refused before the storage is asked, and nothing is collected or expires; what
/// began before ends as usual.
/// </summary>
public sealed partial class ReadOnlyMode
{
    private readonly ILogger<ReadOnlyMode> _logger;
    private volatile bool _isOn;

    /// <summary>As the settings say at the start.</summary>
    public ReadOnlyMode(bool isOn, ILogger<ReadOnlyMode> logger)
    {
        _logger = logger;
        if (isOn)
        {
            TurnOn();
        }
    }

    /// <summary>Whether it is on.</summary>
    public bool IsOn => _isOn;

    /// <summary>Refuses changes from now on.</summary>
    public void TurnOn()
    {
        _isOn = true;
        LogOn();
    }

    /// <summary>Takes changes again.</summary>
    public void TurnOff()
    {
        _isOn = false;
        LogOff();
    }

    [LoggerMessage(1, LogLevel.Warning, "Read-only: pulls work, pushes and deletes are refused, nothing is collected. SIGUSR2 ends it")]
    private partial void LogOn();

    [LoggerMessage(2, LogLevel.Warning, "No longer read-only: pushes and deletes work, and garbage is collected")]
    private partial void LogOff();
}
