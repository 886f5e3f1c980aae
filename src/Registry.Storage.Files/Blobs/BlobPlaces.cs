using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>Places of blobs in a folder, with or without bytes, in the order of their digests.</summary>
public static class BlobPlaces
{
    /// <summary>Lists all places. What is stored or removed meanwhile may be listed or not. Blocks.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static IEnumerable<Digest> Enumerate(DataPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return Shards(paths, after: null).SelectMany(shard => Digests(shard, after: null));
    }

    /// <summary>Lists the shards that have places after a digest. Blocks.</summary>
    internal static IReadOnlyList<Shard> Shards(DataPaths paths, Digest? after)
    {
        var shards = new List<Shard>();
        foreach (var algorithm in DigestAlgorithm.All)
        {
            var folder = paths.BlobAlgorithm(algorithm);
            if (PlainFile.Find(folder, paths.Blobs) == EntryKind.Folder)
            {
                shards.AddRange(PlainFile.Folders(folder).Order(StringComparer.Ordinal).Select(shard => new Shard(algorithm, shard)));
            }
        }

        return after is { } last ? shards.FindAll(shard => string.CompareOrdinal(shard.Last, last.Value) > 0) : shards;
    }

    /// <summary>Lists the places in a shard after a digest. Blocks.</summary>
    internal static IReadOnlyList<Digest> Digests(Shard shard, Digest? after)
    {
        var digests = new List<Digest>();
        foreach (var folder in PlainFile.Folders(shard.Folder))
        {
            // Nothing finds the bytes of a digest in the shard of another one.
            if (Digest.TryParse($"{shard.Algorithm.Name}:{Path.GetFileName(folder)}", out var digest)
                && digest.Value.StartsWith(shard.Prefix, StringComparison.Ordinal)
                && !(digest <= after))
            {
                digests.Add(digest);
            }
        }

        digests.Sort();
        return digests;
    }

    /// <summary>A folder of places whose digests begin in the same way.</summary>
    internal sealed record Shard(DigestAlgorithm Algorithm, string Folder)
    {
        /// <summary>Beginning of the digests.</summary>
        public string Prefix { get; } = $"{Algorithm.Name}:{Path.GetFileName(Folder)}";

        /// <summary>Text that follows all digests of the shard.</summary>
        public string Last => $"{Prefix}~";
    }
}
