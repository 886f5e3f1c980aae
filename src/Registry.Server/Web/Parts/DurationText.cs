namespace Registry.Server.Web.Parts;

/// <summary>Durations for people, in their largest unit of which they have two.</summary>
internal static class DurationText
{
    /// <summary>Describes a duration.</summary>
    public static string Of(TimeSpan left) => left.TotalDays >= 2 ? $"{(int)left.TotalDays} days" : left.TotalHours >= 2 ? $"{(int)left.TotalHours} hours"
        : left.TotalMinutes >= 2 ? $"{(int)left.TotalMinutes} minutes" : "a moment";
}
