namespace Registry.Server.Commands;

/// <summary>What the program ends with.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>It could not do what it was asked to.</summary>
    public const int Failure = 1;

    /// <summary>It was asked for something that does not exist: a wrong argument or setting.</summary>
    public const int Usage = 2;
}
