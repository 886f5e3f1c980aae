namespace Registry.Torture.Faults;

/// <summary>A system call of a running server, by the threads that make it and how many of that kind came before on the same thread.</summary>
/// <param name="Role">The name of the threads, without a number.</param>
/// <param name="Call">The system call.</param>
/// <param name="Number">From 1.</param>
internal sealed record FaultPoint(string Role, string Call, int Number)
{
    /// <summary>The role of the thread that the process begins with; what it does is the start.</summary>
    public const string Start = "start";

    public bool IsSync => Call is "fsync" or "fdatasync" or "syncfs";

    public override string ToString() => $"{Role.Replace(' ', '-')}:{Call}:{Number}";
}
