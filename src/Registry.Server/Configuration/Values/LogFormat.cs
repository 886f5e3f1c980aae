namespace Registry.Server.Configuration.Values;

/// <summary>Format of log lines.</summary>
public enum LogFormat
{
    /// <summary>Text for people: time, level, message.</summary>
    Text,

    /// <summary>JSON for programs: one object per line.</summary>
    Json,
}
