namespace Registry.Torture.Faults;

/// <summary>A system call of a running server, identified by the role of its threads and its number on a thread.</summary>
/// <param name="Role">Name of the threads, without a number.</param>
/// <param name="Call">The system call.</param>
/// <param name="Number">From 1.</param>
internal sealed record FaultPoint(string Role, string Call, int Number)
{
    /// <summary>Role of the first thread of the process, which does the start.</summary>
    public const string Start = "start";

    public bool IsSync => Call is "fsync" or "fdatasync" or "syncfs";

    public override string ToString() => $"{Role.Replace(' ', '-')}:{Call}:{Number}";
}
