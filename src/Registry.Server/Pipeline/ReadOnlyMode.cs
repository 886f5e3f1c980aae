using Microsoft.Extensions.Logging;

namespace Registry.Server.Pipeline;

/// <summary>
/// Read-only mode. While it is on, pushes and deletes are refused before they reach the storage, and nothing is collected or expires.
/// Requests that began earlier end as usual.
/// </summary>
public sealed partial class ReadOnlyMode
{
    private readonly ILogger<ReadOnlyMode> _logger;
    private volatile bool _isOn;

    /// <summary>Sets the mode at the start.</summary>
    public ReadOnlyMode(bool isOn, ILogger<ReadOnlyMode> logger)
    {
        _logger = logger;
        if (isOn)
        {
            TurnOn();
        }
    }

    /// <summary>True while the mode is on.</summary>
    public bool IsOn => _isOn;

    /// <summary>Turns the mode on.</summary>
    public void TurnOn()
    {
        _isOn = true;
        LogOn();
    }

    /// <summary>Turns the mode off.</summary>
    public void TurnOff()
    {
        _isOn = false;
        LogOff();
    }

    /// <summary>Turns the mode on or off for a person who has asked for it.</summary>
    /// <param name="isOn">True to turn it on.</param>
    /// <param name="who">The person, for the log.</param>
    public void Turn(bool isOn, string who)
    {
        LogAsked(who, isOn ? "on" : "off");
        if (isOn)
        {
            TurnOn();
        }
        else
        {
            TurnOff();
        }
    }

    [LoggerMessage(3, LogLevel.Information, "{Who} turns the read-only mode {State}")]
    private partial void LogAsked(string who, string state);

    [LoggerMessage(1, LogLevel.Warning, "Read-only mode is on: pulls work, pushes and deletes are refused, nothing is collected. 'registry read-only off' or SIGUSR2 turns it off")]
    private partial void LogOn();

    [LoggerMessage(2, LogLevel.Warning, "Read-only mode is off: pushes and deletes work, and garbage is collected")]
    private partial void LogOff();
}
