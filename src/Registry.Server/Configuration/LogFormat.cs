namespace Registry.Server.Configuration;

/// <summary>How log lines look.</summary>
public enum LogFormat
{
    /// <summary>For people: time, level, sentence.</summary>
    Text,

    /// <summary>For programs: one JSON object a line.</summary>
    Json,
}
