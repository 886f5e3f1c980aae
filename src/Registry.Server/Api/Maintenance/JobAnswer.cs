using System.Text.Json.Serialization;

namespace Registry.Server.Api.Maintenance;

/// <summary>A maintenance job.</summary>
internal sealed record JobAnswer
{
    /// <summary>State of a job that runs.</summary>
    public const string Running = "running";

    /// <summary>State of a job that was ended.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>Its number, which no other job has had, not even before a restart.</summary>
    public required long Id { get; init; }

    /// <summary>The work, as its command is called.</summary>
    public required string Kind { get; init; }

    /// <summary>Its particulars, as in the query that has started it.</summary>
    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    /// <summary><c>running</c>, <c>succeeded</c>, <c>failed</c> or <c>cancelled</c>. A verification that finds damage has failed.</summary>
    public required string State { get; init; }

    /// <summary>Who has started it.</summary>
    public required string StartedBy { get; init; }

    /// <summary>Time in UTC (RFC 3339).</summary>
    public required string StartedAt { get; init; }

    /// <summary>Time in UTC (RFC 3339); null while it runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? EndedAt { get; init; }

    /// <summary>How far it is, or was when it ended; null before it has told.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JobProgress? Progress { get; init; }

    /// <summary>Its outcome in a line; null while it runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Outcome { get; init; }

    /// <summary>The counts of its outcome, by their names; null while it runs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, long>? Numbers { get; init; }

    /// <summary>The outcome with its lists; null in the list of jobs, and after a later job has ended.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MaintenanceReport? Report { get; init; }

    /// <summary>How far a job is.</summary>
    /// <param name="Text">What it does at the moment.</param>
    /// <param name="Done">Amount done.</param>
    /// <param name="Total">Amount to do; null when unknown.</param>
    /// <param name="Unit">Unit of the amounts, in the plural; null for bytes.</param>
    /// <param name="Rate">Amount a second, over the last seconds.</param>
    /// <param name="SecondsLeft">Seconds until the rest is done at this rate; null when unknown.</param>
    internal sealed record JobProgress(string Text, long Done, long? Total, string? Unit, double Rate, long? SecondsLeft);
}
