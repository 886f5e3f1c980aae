namespace Registry.Server.Commands.Migrate;

/// <summary>Arguments of <c>registry migrate</c>.</summary>
/// <param name="From">File with the settings of the registry to move; null for those of the command.</param>
/// <param name="To">File with the settings of its new place; null for those of the command.</param>
internal sealed record MigrateRequest(string? From, string? To)
{
    /// <summary>True to count only, and write nothing.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>True for the last pass, with the registry stopped.</summary>
    public bool IsFinal { get; init; }

    /// <summary>True to compare whole bytes in the last pass, not only their sizes.</summary>
    public bool ComparesContent { get; init; }

    /// <summary>True to print the report as JSON.</summary>
    public bool IsJson { get; init; }
}
