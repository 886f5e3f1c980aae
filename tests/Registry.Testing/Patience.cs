namespace Registry.Testing;

/// <summary>Time that a test waits for an expected event before it fails.</summary>
public static class Patience
{
    /// <summary>Detects hangs and measures nothing, so it is long enough for a busy machine.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
}
