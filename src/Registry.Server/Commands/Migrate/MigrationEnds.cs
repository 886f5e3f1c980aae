using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Migrate;

/// <summary>Settings of both ends of a move, and the rules by which their marks allow it.</summary>
/// <param name="Source">The registry to move.</param>
/// <param name="Target">Its new place.</param>
internal sealed record MigrationEnds(RegistryOptions Source, RegistryOptions Target)
{
    /// <summary>
    /// Settings with which an end is opened: it may have a mark, and the target takes what the source has, also what it would refuse of a client.
    /// </summary>
    public static RegistryOptions Open(RegistryOptions options) =>
        options with { IsMigrating = true, ChangeRules = NoRules.Instance, ManifestReferences = ManifestReferences.Sparse, BlobMaxSize = null };

    /// <summary>Describes what both ends share, so that one would destroy the other; null if nothing.</summary>
    public string? FindShared()
    {
        if (Source.Database is { } database && database.ConnectionString == Target.Database?.ConnectionString)
        {
            return "both ends have the same connection to PostgreSQL; name two registries";
        }

        if (Source.Database is null && Target.Database is null && Source.Storage.Folder == Target.Storage.Folder)
        {
            return $"both ends have the data folder {Source.Storage.Folder}; name two registries";
        }

        return Source.Bucket is { } bucket && Target.Bucket is { } other && (bucket.Endpoint, bucket.Bucket, bucket.Prefix) == (other.Endpoint, other.Bucket, other.Prefix)
            ? $"both ends have the bucket {bucket.Bucket} with the same REGISTRY_S3_PREFIX; each registry needs a prefix of its own"
            : null;
    }

    /// <summary>Decides whether a storage may be the target; null if so, or the reason.</summary>
    /// <param name="name">Name of the target.</param>
    /// <param name="mark">Its mark.</param>
    /// <param name="isEmpty">True if it has no repository.</param>
    /// <param name="source">Name of the source.</param>
    public static string? RefuseTarget(string name, MigrationMark? mark, bool isEmpty, string source) => mark switch
    {
        // Also a registry that was moved from there to the source, and now moves back.
        { Other: var other } when other == source => null,
        { IsMoved: true } => $"the registry in {name} was moved to {mark.Other}, and is no target for {source}; choose an empty one",
        { } => $"{name} is the target of a move from {mark.Other}, not from {source}; choose an empty one",
        null => isEmpty ? null : $"{name} has repositories that no move has brought; a move needs an empty or new target, and would remove them",
    };

    /// <summary>Decides whether a storage may be the source; null if so, or the reason.</summary>
    /// <param name="name">Name of the source.</param>
    /// <param name="mark">Its mark.</param>
    /// <param name="target">Name of the target.</param>
    public static string? RefuseSource(string name, MigrationMark? mark, string target) => mark switch
    {
        // The last pass was interrupted between its two marks.
        null => null,
        { IsMoved: true, Other: var other } when other == target => null,
        { IsMoved: true } => $"the registry in {name} was moved to {mark.Other} already",
        _ => $"the move of a registry from {mark.Other} to {name} is not finished, so {name} cannot be moved",
    };
}
