using Registry.Core.Changes;
using Registry.Core.Policies;
using Registry.Core.Repositories;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Circumstances of a change, for the rows that it writes.</summary>
internal sealed record ChangeContext
{
    /// <summary>Origin of the change.</summary>
    public required ChangeOrigin Origin { get; init; }

    /// <summary>See <see cref="RegistryChange.Reason"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>The wall clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Rules that may refuse the change.</summary>
    public IChangeRules Rules { get; init; } = NoRules.Instance;

    /// <summary>True for the deletion of all manifests of a repository: what the same request has moved into the trash before was there.</summary>
    public bool IsOfWholeRepository => Reason == RepositoryDeletion.Reason;

    /// <summary>The wall clock, as Unix time in seconds.</summary>
    public long UnixTime => Time.ToUnixTimeSeconds();
}
