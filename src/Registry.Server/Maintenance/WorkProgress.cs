namespace Registry.Server.Maintenance;

/// <summary>Progress of a part of long work, described as progress of the whole.</summary>
internal static class WorkProgress
{
    /// <summary>Creates the receiver for a part; null if no caller shows it.</summary>
    /// <param name="whole">Receiver for the whole; null for none.</param>
    /// <param name="describe">Describes the progress of the part.</param>
    public static IProgress<T>? Part<T>(IProgress<WorkDone>? whole, Func<T, WorkDone> describe) => whole is null ? null : new OfPart<T>(whole, describe);

    private sealed class OfPart<T>(IProgress<WorkDone> whole, Func<T, WorkDone> describe) : IProgress<T>
    {
        public void Report(T value) => whole.Report(describe(value));
    }
}
