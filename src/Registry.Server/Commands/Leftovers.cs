using Registry.Storage;
using Registry.Storage.Bytes;

namespace Registry.Server.Commands;

/// <summary>Content that a closed storage has in the database only, because it could not be written to its files.</summary>
internal static class Leftovers
{
    /// <summary>Describes what the closing of a storage could not write, as a clause after the path of its folder; null if nothing.</summary>
    public static string? Describe(RegistryStorage storage)
    {
        if (storage.Files is not { } files)
        {
            return null;
        }

        string?[] left =
        [
            DescribeStaged(files) ?? (files is { LeftStaged: null, StagedFailure: { } unread } ? Describe("small blobs and manifests, whose number cannot be read, that are", unread) : null),
            files.TreeFailure is { } reason ? $"has changes that are only in registry.db and could not be written to repositories/: {reason}" : null,
        ];
        return left.Any(clause => clause is not null) ? string.Join("; it ", left.OfType<string>()) : null;
    }

    /// <summary>Describes the small content that is known to be left; null if none is.</summary>
    public static string? DescribeStaged(BytesInFiles files)
    {
        if (files.LeftStaged is not > 0)
        {
            return null;
        }

        var content = files.LeftStaged == 1 ? "1 small blob or manifest that is" : $"{files.LeftStaged} small blobs and manifests that are";
        return Describe(content, files.StagedFailure ?? "see the log");
    }

    private static string Describe(string content, string reason) => $"has {content} only in registry.db and could not be written to blobs/: {reason}";
}
