namespace Registry.Server.Commands;

/// <summary>Exit codes of the program.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The command failed, or its answer is negative.</summary>
    public const int Failure = 1;

    /// <summary>An argument or a setting is wrong.</summary>
    public const int Usage = 2;
}
