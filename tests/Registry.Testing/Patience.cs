namespace Registry.Testing;

/// <summary>How long a test waits for what must happen before it takes it for something that never will.</summary>
public static class Patience
{
    /// <summary>Bounds a hang and measures nothing: a machine that is busy with something else takes its time.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
}
