namespace Registry.Server.Api.Repositories;

/// <summary>A repository that was renamed.</summary>
internal sealed record RepositoryRenameAnswer
{
    /// <summary>The new name.</summary>
    public required string Repository { get; init; }

    /// <summary>The name before.</summary>
    public required string Previous { get; init; }
}
