using Registry.Storage;

namespace Registry.Server.Commands;

/// <summary>Content that a closed storage has in the database only, because it could not be written to its files.</summary>
internal static class Leftovers
{
    /// <summary>Describes what the closing of a storage could not write, as a clause after the path of its folder; null if nothing.</summary>
    public static string? Describe(RegistryStorage storage) =>
        DescribeStaged(storage) ?? (storage.TreeFailure is { } reason ? $"has changes that are only in registry.db and could not be written to repositories/: {reason}" : null);

    /// <summary>Describes the small content that the closing of a storage could not write; null if nothing.</summary>
    public static string? DescribeStaged(RegistryStorage storage)
    {
        if (storage.LeftStaged is not > 0)
        {
            return null;
        }

        var content = storage.LeftStaged == 1 ? "1 small blob or manifest that is" : $"{storage.LeftStaged} small blobs and manifests that are";
        return $"has {content} only in registry.db and could not be written to blobs/: {storage.TreeFailure}";
    }
}
