namespace Registry.Server.Telemetry.Logs;

/// <summary>Names the cause of an internal error, the same for all errors with this cause.</summary>
internal static class InternalErrorCause
{
    /// <summary>
    /// The type of the exception, and the innermost line of its stack trace that is the registry's own. Many different mistakes are thrown by the same
    /// method of the framework.
    /// </summary>
    public static string Of(Exception exception)
    {
        var frames = exception.StackTrace?.Split('\n', StringSplitOptions.TrimEntries) ?? [];
        return $"{exception.GetType().Name} {Array.Find(frames, frame => frame.StartsWith("at Registry.", StringComparison.Ordinal)) ?? frames.FirstOrDefault()}".TrimEnd();
    }
}
